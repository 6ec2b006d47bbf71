// How long a server asks to wait: a time that a clock can count, or nothing. The first line
// of the input is the clock, in seconds since 1970; the rest is the header's value.
#include "net/retry_after.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <string>

#include "fuzz/fuzz.h"

using purser::net::parse_retry_after;
using std::chrono::seconds;
using Wall = std::chrono::system_clock::time_point;

namespace {

constexpr seconds kTenYears = std::chrono::hours(24 * 365 * 10);

// A clock that says anything between the years 1700 and 2250: that of the machine may be wrong.
std::int64_t clock_of(std::string_view line) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), value);
  if (parsed.ec != std::errc()) return 0;
  return std::clamp<std::int64_t>(value, -8'500'000'000, 8'800'000'000);
}

std::string date_text(const char* form, std::int64_t when) {
  const std::time_t time = when;
  std::tm parts = {};
  FUZZ_CHECK(gmtime_r(&time, &parts) != nullptr);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, form, &parts);
  FUZZ_CHECK(size != 0);
  return {text, size};
}

// The three forms of a date (RFC 9110, 5.6.7), written apart from what reads them.
void check_dates(std::int64_t when) {
  const Wall minute_before{seconds(when - 60)};
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    FUZZ_CHECK(parse_retry_after(date_text(form, when), minute_before) == seconds(60));
    FUZZ_CHECK(!parse_retry_after(date_text(form, when), Wall{seconds(when)}));
  }
  // Two digits name a year of this century up to 2069.
  if (when < 946'684'800 || when >= 3'124'224'000) return;
  const std::string old_form = date_text("%A, %d-%b-%y %H:%M:%S GMT", when);
  FUZZ_CHECK(parse_retry_after(old_form, minute_before) == seconds(60));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view value = purser::fuzz::text_of(data, size);
  const std::int64_t now = clock_of(purser::fuzz::take_line(value));
  const auto wait = parse_retry_after(value, Wall{seconds(now)});
  const auto later = parse_retry_after(value, Wall{seconds(now + 1)});

  // Spaces and tabs around a value are none of it (RFC 9110, 5.5).
  const std::size_t first = std::min(value.find_first_not_of(" \t"), value.size());
  const std::string_view bare = value.substr(first, value.find_last_not_of(" \t") + 1 - first);
  const bool number = !bare.empty() && bare.size() <= 64 &&
                      bare.find_first_not_of("0123456789") == std::string_view::npos;
  if (number) {
    // The clock has no part in a number.
    FUZZ_CHECK(wait == later);
    FUZZ_CHECK(wait.has_value() == (bare.find_first_not_of('0') != std::string_view::npos));
  }
  if (wait) {
    FUZZ_CHECK(*wait > seconds(0) && *wait <= kTenYears);
    // A date comes nearer by a second each second; one that is far is as far as it gets.
    const seconds left = later.value_or(seconds(0));
    FUZZ_CHECK(number || *wait == kTenYears || left == *wait - seconds(1));
  } else {
    FUZZ_CHECK(!later);
  }
  if (value.size() <= 32) {
    const std::string padded = " \t" + std::string(value) + "\t ";
    FUZZ_CHECK(parse_retry_after(padded, Wall{seconds(now)}) == wait);
  }
  if (now > 0) check_dates(now);
  return 0;
}
