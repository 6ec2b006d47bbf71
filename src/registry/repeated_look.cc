#include "registry/repeated_look.h"

#include <algorithm>
#include <utility>

#include "purser/transport.h"
#include "registry/tries.h"

namespace purser {
namespace {

constexpr std::chrono::milliseconds kFirstDelay{100};
constexpr std::chrono::milliseconds kLongestDelay{2'000};

}  // namespace

RepeatedLook::RepeatedLook(const Reader& reader, std::stop_token stop)
    : clock_(clock_of(reader)),
      stop_(std::move(stop)),
      end_(clock_->now() + kLongestWait),
      delay_(kFirstDelay) {}

bool RepeatedLook::wait() {
  const TimePoint now = clock_->now();
  if (now >= end_) return false;
  const TimePoint next =
      std::min(now + std::exchange(delay_, std::min(delay_ * 2, kLongestDelay)), end_);
  return sleep_until(next);
}

bool RepeatedLook::sleep_until(TimePoint until) {
  http::CompletionQueue nothing_comes;
  const std::stop_callback on_stop(stop_, [&] { nothing_comes.wake(); });
  while (clock_->now() < until) {
    if (stop_.stop_requested()) return false;
    clock_->wait(nothing_comes, until);
  }
  return true;
}

}  // namespace purser
