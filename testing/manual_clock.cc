#include "testing/manual_clock.h"

namespace purser::testing {
namespace {

// Not zero: what subtracts from it must not get below the beginning of time.
constexpr ManualClock::TimePoint kStart{std::chrono::hours(1000)};
constexpr std::time_t kWallStart = 1'000'000'000;

}  // namespace

ManualClock::TimePoint ManualClock::now() const {
  const std::lock_guard lock(mutex_);
  return kStart + passed_;
}

std::chrono::system_clock::time_point ManualClock::wall_now() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::system_clock::from_time_t(kWallStart) +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(passed_);
}

void ManualClock::wait(http::CompletionQueue& queue, TimePoint until) {
  if (until == TimePoint::max()) return queue.wait_until(until);
  if (!queue.empty()) return;
  const std::lock_guard lock(mutex_);
  if (until <= kStart + passed_) return;
  const auto jump = until - (kStart + passed_);
  waits_.push_back(std::chrono::ceil<std::chrono::milliseconds>(jump));
  passed_ += jump;
}

void ManualClock::advance(std::chrono::milliseconds by) {
  const std::lock_guard lock(mutex_);
  passed_ += by;
}

std::vector<std::chrono::milliseconds> ManualClock::waits() const {
  const std::lock_guard lock(mutex_);
  return waits_;
}

}  // namespace purser::testing
