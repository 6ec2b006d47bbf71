#include "cli/status_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <utility>

#include "core/text.h"

namespace purser::cli {
namespace {

using std::chrono::seconds;

// Shorter ones come and go without a word.
constexpr seconds kWorthTelling{2};

seconds left(const Waiting& waiting, StatusLine::TimePoint now) {
  return std::chrono::ceil<seconds>(waiting.until - now);
}

}  // namespace

void StatusLine::set_step(std::string text, TimePoint now) {
  if (text == step_) return;
  step_ = std::move(text);
  step_began_ = now;
}

void StatusLine::set_wait(Waiting waiting, TimePoint now) {
  const bool over = !wait_ || wait_->until <= now;
  const bool matters_more =
      over || (waiting.whole_host && !wait_->whole_host) ||
      (waiting.whole_host == wait_->whole_host && waiting.until > wait_->until);
  if (matters_more) wait_ = std::move(waiting);
}

std::string StatusLine::text(TimePoint now, std::size_t width) const {
  std::string line;
  if (wait_ && wait_->until > now) {
    line = fmt::format("waits {} s: {}: {}", left(*wait_, now).count(), wait_->what, wait_->why);
    if (!step_.empty()) line += " | ";
    return shorten(line + step_, width);
  }
  if (step_.empty()) return {};
  const auto since = std::chrono::floor<seconds>(now - step_began_);
  const std::string time = since < kWorthTelling ? "" : fmt::format("  {} s", since.count());
  return shorten(step_, width > time.size() ? width - time.size() : width) + time;
}

std::string pause_sentence(const Waiting& waiting, StatusLine::TimePoint now,
                           std::chrono::system_clock::time_point wall) {
  const auto time = std::chrono::system_clock::to_time_t(
      wall + std::chrono::duration_cast<std::chrono::system_clock::duration>(waiting.until - now));
  std::tm local = {};
  localtime_r(&time, &local);
  return fmt::format("{}; nothing more is sent to {} for {} s, until {:%H:%M:%S}", waiting.why,
                     waiting.what, left(waiting, now).count(), local);
}

}  // namespace purser::cli
