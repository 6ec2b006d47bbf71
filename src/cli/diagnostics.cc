#include "cli/diagnostics.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <chrono>

#include "cli/output.h"
#include "core/text.h"

namespace purser::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// Often enough for a countdown in seconds.
constexpr milliseconds kBetweenDrawings{250};
// What is worth a line in a log.
constexpr seconds kLongPause{5};

}  // namespace

Diagnostics::~Diagnostics() {
  drawing_.request_stop();
  clear_progress();
}

// A stderr that is closed or full must not end a run between a change and its verification.
void Diagnostics::write(const std::string& text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), file_));
  static_cast<void>(std::fflush(file_));
}

void Diagnostics::print(std::string_view label, std::string_view label_style,
                        std::string_view text) {
  const std::lock_guard lock(mutex_);
  erase_locked();
  write(colour_ ? fmt::format("{}{}\x1b[0m{}\n", label_style, label, text)
                : fmt::format("{}{}\n", label, text));
}

void Diagnostics::error(const Error& error) { this->error(to_string(error)); }

void Diagnostics::error(std::string_view sentence) {
  print("purser: ", code_of(Style::red), safe(sentence));
}

void Diagnostics::warning(std::string_view sentence) {
  if (!quiet_) print("purser: warning: ", code_of(Style::yellow), safe(sentence));
}

void Diagnostics::note(std::string_view sentence, int from_verbosity) {
  if (!quiet_ && verbosity_ >= from_verbosity) {
    print("purser: ", code_of(Style::faint), safe(sentence));
  }
}

void Diagnostics::progress(std::string_view text) {
  if (quiet_ || !terminal_) return;
  const std::lock_guard lock(mutex_);
  const bool first = drawn_.empty();
  line_.set_step(safe(text), Clock::now());
  start_drawing_locked();
  // What follows within a blink is left to the next drawing.
  if (first) draw_locked();
}

void Diagnostics::waiting(const Waiting& waiting) {
  if (quiet_) return;
  const auto now = Clock::now();
  if (!terminal_) {
    {
      const std::lock_guard lock(mutex_);
      // Others that wait for the same pause tell of it as well, a blink later.
      const bool told = waiting.until < told_pause_ + seconds(1);
      if (!waiting.whole_host || waiting.until - now < kLongPause || told) return;
      told_pause_ = waiting.until;
    }
    return note(pause_sentence(waiting, now, std::chrono::system_clock::now()), 0);
  }
  const std::lock_guard lock(mutex_);
  line_.set_wait({.what = safe(waiting.what),
                  .why = safe(waiting.why),
                  .until = waiting.until,
                  .whole_host = waiting.whole_host},
                 now);
  start_drawing_locked();
}

void Diagnostics::clear_progress() {
  const std::lock_guard lock(mutex_);
  erase_locked();
  line_.clear();
}

void Diagnostics::erase_locked() {
  if (drawn_.empty()) return;
  write("\r\x1b[K");
  drawn_.clear();
}

void Diagnostics::draw_locked() {
  std::string text = line_.text(Clock::now(), width());
  if (text == drawn_) return;
  write("\r\x1b[K" + text);
  drawn_ = std::move(text);
}

void Diagnostics::start_drawing_locked() {
  if (drawing_.joinable()) return;
  drawing_ = std::jthread([this](const std::stop_token& stop) { draw_as_time_goes_on(stop); });
}

void Diagnostics::draw_as_time_goes_on(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, kBetweenDrawings, [] { return false; });
    if (!stop.stop_requested()) draw_locked();
  }
}

// One short of the terminal's: some begin a new line with the last column.
std::size_t Diagnostics::width() const {
  constexpr std::size_t kUsual = 80;
  winsize size = {};
  const bool known = ::ioctl(::fileno(file_), TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
  return (known ? size.ws_col : kUsual) - 1;
}

}  // namespace purser::cli
