#include "net/retry_after.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "net/ascii.h"

namespace purser::net {
namespace {

// A number of more digits is as good as this, and this does not overflow a clock.
constexpr std::chrono::seconds kForever = std::chrono::hours(24 * 365 * 10);

std::optional<std::chrono::seconds> positive(std::chrono::seconds delay) {
  if (delay <= std::chrono::seconds(0)) return std::nullopt;
  return std::min(delay, kForever);
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                      std::chrono::system_clock::time_point now) {
  text = trim_ows(text);
  if (text.empty() || text.size() > 64) return std::nullopt;
  if (std::all_of(text.begin(), text.end(), is_digit)) {
    long long seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc()) return kForever;
    return positive(std::min(std::chrono::seconds(seconds), kForever));
  }
  // Not everything that curl_getdate takes is a date of HTTP: "-1" and "1.5" are none.
  if (!is_letter(text.front())) return std::nullopt;
  const time_t date = curl_getdate(std::string(text).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  // In seconds: the clock's own nanoseconds end in the year 2262.
  const auto since_epoch = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  return positive(std::chrono::seconds(date) - since_epoch);
}

}  // namespace purser::net
