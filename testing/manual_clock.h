// A clock that moves only when somebody waits for it, so that no test sleeps.
#pragma once

#include <chrono>
#include <mutex>
#include <vector>

#include "purser/transport.h"

namespace purser::testing {

// Thread rule: all members may be called at once.
class ManualClock : public http::Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  TimePoint now() const override;
  // Starts at 2001-09-09T01:46:40Z and moves along with now().
  std::chrono::system_clock::time_point wall_now() const override;
  // Jumps to `until`, unless the queue has something; a wait without end is a real one, for what
  // other threads push.
  void wait(http::CompletionQueue& queue, TimePoint until) override;

  void advance(std::chrono::milliseconds by);
  // How far each wait jumped.
  std::vector<std::chrono::milliseconds> waits() const;

 private:
  mutable std::mutex mutex_;
  std::chrono::steady_clock::duration passed_{0};
  std::vector<std::chrono::milliseconds> waits_;
};

}  // namespace purser::testing
