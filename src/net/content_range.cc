#include "net/content_range.h"

#include <charconv>
#include <limits>

#include "core/text.h"
#include "net/ascii.h"

namespace purser::net {
namespace {

// No file is larger, and sums of two such numbers do not overflow.
constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

// Takes the digits off the front. Nothing where there is none, or where they are too many.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  if (text.empty() || !is_digit(text.front())) return std::nullopt;  // no sign, no blank
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > kLargest) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  text = trim_ows(text);
  if (!equals_ignoring_case(text.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const auto first = take_number(text);
  if (!first || !take(text, '-')) return std::nullopt;
  const auto last = take_number(text);
  if (!last || !take(text, '/')) return std::nullopt;
  ContentRange range{.first = *first, .last = *last};
  if (!take(text, '*')) {
    range.total = take_number(text);
    if (!range.total) return std::nullopt;
  }
  const bool fits = range.first <= range.last && range.last < range.total.value_or(kLargest);
  if (!text.empty() || !fits) return std::nullopt;
  return range;
}

}  // namespace purser::net
