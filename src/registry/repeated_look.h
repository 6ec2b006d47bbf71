// Waiting for what a server has taken on and has not done yet: a 202 is a word, and Docker
// Hub answers 500 to deletes that it finishes in the background.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include "purser/client.h"

namespace purser {

// How long a server may take for a delete that it took, and still be believed.
inline constexpr std::chrono::seconds kLongestWait{10};

// Thread rule: one thread at a time. Must not outlive the reader.
//
//   RepeatedLook again(reader, stop);
//   do {
//     look
//   } while (it is still there && again.wait());
class RepeatedLook {
 public:
  RepeatedLook(const Reader& reader, std::stop_token stop);

  // Waits until the next look, longer each time. False, at once or early: it was waited for long
  // enough, or the stop came.
  bool wait();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  bool sleep_until(TimePoint until);

  const std::shared_ptr<http::Clock> clock_;
  const std::stop_token stop_;
  const TimePoint end_;
  std::chrono::milliseconds delay_;
};

}  // namespace purser
