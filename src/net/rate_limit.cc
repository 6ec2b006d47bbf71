#include "net/rate_limit.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "core/text.h"
#include "net/ascii.h"
#include "net/field_scanner.h"

namespace purser::net {
namespace {

// No such field is longer, and what is counted in one fits in that many digits.
constexpr std::size_t kMaxFieldBytes = 1024;
constexpr std::size_t kMaxDigits = 15;

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

void keep_first(std::optional<std::int64_t>& place, std::string_view text) {
  if (!place) place = number(text);
}

void keep_first(std::optional<std::chrono::seconds>& place, std::string_view text) {
  if (place) return;
  if (const auto seconds = number(text)) place = std::chrono::seconds(*seconds);
}

// `limit=100`, `q=100`, `w=60`: the same names in all the drafts that have them.
void take_parameter(RateLimit& found, std::string_view name, std::string_view value) {
  if (equals_ignoring_case(name, "limit") || equals_ignoring_case(name, "q")) {
    keep_first(found.limit, value);
  } else if (equals_ignoring_case(name, "remaining") || equals_ignoring_case(name, "r")) {
    keep_first(found.remaining, value);
  } else if (equals_ignoring_case(name, "reset") || equals_ignoring_case(name, "t")) {
    keep_first(found.reset, value);
  } else if (equals_ignoring_case(name, "w")) {
    keep_first(found.window, value);
  }
}

// The first member of a list is the limit that is nearest; the others are longer ones. In
// `limit=100, remaining=50` the members are the parameters.
void take_field(RateLimit& found, std::string_view field, std::string* bare) {
  FieldScanner scanner(field.substr(0, kMaxFieldBytes));
  bool first = true;
  while (!scanner.at_end()) {
    scanner.skip_ows();
    const bool quoted = scanner.peek() == '"';
    const std::string name = scanner.value("=;,");
    scanner.skip_ows();
    if (!quoted && scanner.accept('=')) {
      take_parameter(found, name, scanner.value(";,"));
    } else if (first && bare != nullptr) {
      *bare = name;
    }
    scanner.skip_ows();
    const bool next_member = scanner.accept(',');
    // A list of members in which each has its parameters: only the first counts.
    if (next_member && bare != nullptr) return;
    if (!next_member && !scanner.accept(';') && !scanner.at_end()) scanner.skip(1);
    first = false;
  }
}

void take_named(RateLimit& found, const http::Headers& headers, std::string_view name,
                std::string_view parameter) {
  const auto field = headers.get(name);
  if (!field) return;
  std::string bare;
  take_field(found, *field, &bare);
  take_parameter(found, parameter, bare);
}

}  // namespace

std::optional<RateLimit> rate_limit_of(const http::Headers& headers) {
  RateLimit found;
  take_named(found, headers, "RateLimit-Limit", "limit");
  take_named(found, headers, "RateLimit-Remaining", "remaining");
  take_named(found, headers, "RateLimit-Reset", "reset");
  for (const char* name : {"RateLimit", "RateLimit-Policy"}) {
    if (const auto field = headers.get(name)) take_field(found, *field, nullptr);
  }
  return found == RateLimit() ? std::nullopt : std::optional(found);
}

}  // namespace purser::net

namespace purser {
namespace {

std::string span(std::chrono::seconds time) {
  const auto seconds = time.count();
  if (seconds != 0 && seconds % 3600 == 0) return fmt::format("{} h", seconds / 3600);
  if (seconds != 0 && seconds % 60 == 0) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} s", seconds);
}

}  // namespace

std::string to_string(const RateLimit& rate_limit) {
  if (!rate_limit.limit && !rate_limit.remaining) return {};
  std::string text;
  if (rate_limit.remaining) text = fmt::format("{}", *rate_limit.remaining);
  if (rate_limit.limit) {
    text += fmt::format("{}{} requests", rate_limit.remaining ? " of " : "", *rate_limit.limit);
  } else {
    text += " requests";
  }
  if (rate_limit.window) text += " in " + span(*rate_limit.window);
  if (rate_limit.remaining) text += " left";
  if (rate_limit.reset) text += ", new ones in " + span(*rate_limit.reset);
  return text;
}

}  // namespace purser
