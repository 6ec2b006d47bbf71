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

RepeatedLook::RepeatedLook(const Reader& reader, const CallOptions& options)
    : clock_(clock_of(reader)),
      stop_(options.stop),
      grace_(options.grace),
      end_(clock_->now() + kLongestWait),
      delay_(kFirstDelay) {
  if (!options.deadline || *options.deadline >= kLongestWait) return;
  end_ = clock_->now() + *options.deadline;
  ends_early_ = true;
}

bool RepeatedLook::wait() {
  const TimePoint now = clock_->now();
  if (now >= end_) {
    cut_short_ = ends_early_;
    return false;
  }
  const TimePoint next =
      std::min(now + std::exchange(delay_, std::min(delay_ * 2, kLongestDelay)), end_);
  return sleep_until(next);
}

bool RepeatedLook::stopped() {
  if (!stop_.stop_requested()) return false;
  if (!give_up_) give_up_ = clock_->now() + grace_;
  return clock_->now() >= *give_up_;
}

bool RepeatedLook::sleep_until(TimePoint until) {
  http::CompletionQueue nothing_comes;
  const std::stop_callback on_stop(stop_, [&] { nothing_comes.wake(); });
  while (clock_->now() < until) {
    if (stopped()) {
      cut_short_ = true;
      return false;
    }
    clock_->wait(nothing_comes, std::min(until, give_up_.value_or(until)));
  }
  return true;
}

}  // namespace purser
