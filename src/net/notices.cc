#include "net/notices.h"

#include <utility>

#include "core/text.h"
#include "net/field_scanner.h"
#include "net/rate_limit.h"

namespace purser::net {
namespace {

constexpr std::size_t kMaxWarningBytes = 4096;
// A server could make up a new one for each answer.
constexpr std::size_t kMaxWarnings = 20;

bool is_worth_telling(const RateLimit& now, const std::optional<RateLimit>& told) {
  if (!told || told->limit != now.limit) return true;
  if (!now.remaining || !told->remaining) return false;
  return *now.remaining <= *told->remaining / 2 && *now.remaining < *told->remaining;
}

}  // namespace

std::vector<std::string> warnings_of(const http::Headers& headers) {
  std::vector<std::string> texts;
  for (const std::string_view field : headers.all("Warning")) {
    FieldScanner scanner(field);
    while (!scanner.at_end()) {
      scanner.skip_separators();
      const std::string_view code = scanner.token();
      scanner.skip_ows();
      const std::string agent = scanner.value(",");
      scanner.skip_ows();
      if (code.empty() || scanner.peek() != '"') break;  // not understood
      std::string text = scanner.value("");
      if (code == "299" && agent == "-" && !text.empty()) {
        texts.push_back(shorten(text, kMaxWarningBytes));
      }
      scanner.until(',');  // an old date may follow
    }
  }
  return texts;
}

std::vector<LogEvent> Notices::take(const http::Headers& headers) {
  std::vector<LogEvent> news;
  auto warnings = warnings_of(headers);
  const auto limit = rate_limit_of(headers);
  if (warnings.empty() && !limit) return news;
  const std::lock_guard lock(mutex_);
  for (std::string& warning : warnings) {
    if (told_.size() >= kMaxWarnings || !told_.insert(warning).second) continue;
    news.push_back({LogEvent::Level::warning, "the registry says: " + std::move(warning)});
  }
  if (!limit) return news;
  rate_limit_ = limit;
  const std::string words = to_string(*limit);
  if (!words.empty() && is_worth_telling(*limit, told_rate_limit_)) {
    told_rate_limit_ = limit;
    news.push_back({LogEvent::Level::info, "rate limit: " + words});
  }
  return news;
}

std::optional<RateLimit> Notices::rate_limit() const {
  const std::lock_guard lock(mutex_);
  return rate_limit_;
}

}  // namespace purser::net
