#include "system/patience.h"

#include <algorithm>

namespace purser {

using Clock = std::chrono::steady_clock;

Clock::time_point deadline_of(const CallOptions& options, Clock::time_point now) {
  const bool ends = options.deadline && *options.deadline < std::chrono::hours(24 * 365 * 100);
  return ends ? now + *options.deadline : Clock::time_point::max();
}

Patience::Patience(const CallOptions& options)
    : stop_(options.stop), until_(deadline_of(options, Clock::now())) {}

std::chrono::milliseconds Patience::within(std::chrono::milliseconds most) const {
  if (until_ == Clock::time_point::max()) return most;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - Clock::now());
  return std::clamp(left, std::chrono::milliseconds(0), most);
}

std::optional<Error> Patience::over() const {
  if (stop_.stop_requested()) {
    return Error{.code = ErrorCode::cancelled, .message = "cancelled"};
  }
  if (until_ != Clock::time_point::max() && Clock::now() >= until_) {
    return Error{.code = ErrorCode::cancelled, .message = "the deadline has passed"};
  }
  return std::nullopt;
}

}  // namespace purser
