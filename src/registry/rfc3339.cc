// Times as configs and annotations carry them (RFC 3339).
#include <fmt/format.h>

#include <charconv>

#include "purser/image_summary.h"

namespace purser {
namespace {

using namespace std::chrono;

// Reads fixed fields from the left.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool number(std::size_t digits, int& value) {
    if (rest_.size() < digits) return false;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
    }
    std::from_chars(rest_.data(), rest_.data() + digits, value);
    rest_.remove_prefix(digits);
    return true;
  }
  bool one_of(std::string_view letters, char& found) {
    if (rest_.empty() || letters.find(rest_.front()) == std::string_view::npos) return false;
    found = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  bool one_of(std::string_view letters) {
    char ignored = 0;
    return one_of(letters, ignored);
  }
  bool fraction() {
    if (!one_of(".")) return true;
    int digit = 0;
    if (!number(1, digit)) return false;
    while (number(1, digit)) {
    }
    return true;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<minutes> offset(Scanner& scanner) {
  if (scanner.one_of("Zz")) return minutes(0);
  char sign = 0;
  int hour = 0;
  int minute = 0;
  if (!scanner.one_of("+-", sign) || !scanner.number(2, hour) || !scanner.one_of(":") ||
      !scanner.number(2, minute) || hour > 23 || minute > 59) {
    return std::nullopt;
  }
  const minutes total = hours(hour) + minutes(minute);
  return sign == '-' ? -total : total;
}

}  // namespace

std::optional<sys_seconds> parse_rfc3339(std::string_view text) {
  Scanner scanner(text);
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!(scanner.number(4, y) && scanner.one_of("-") && scanner.number(2, mo) &&
        scanner.one_of("-") && scanner.number(2, d) && scanner.one_of("Tt ") &&
        scanner.number(2, h) && scanner.one_of(":") && scanner.number(2, mi) &&
        scanner.one_of(":") && scanner.number(2, s) && scanner.fraction())) {
    return std::nullopt;
  }
  const std::optional<minutes> zone = offset(scanner);
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)),
                            day(static_cast<unsigned>(d))};
  // Second 60 is a leap second.
  if (!zone || !scanner.done() || !date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return sys_days(date) + hours(h) + minutes(mi) + seconds(s) - *zone;
}

std::string to_rfc3339(sys_seconds time) {
  const sys_days date = floor<days>(time);
  const year_month_day ymd(date);
  const hh_mm_ss clock(time - date);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace purser
