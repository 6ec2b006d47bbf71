// Waiting for what a server has taken on and has not done yet: a 202 is a word, and Docker
// Hub answers 500 to deletes that it finishes in the background.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>

#include "purser/client.h"

namespace purser {

// How long a server may take for a delete that it took, and still be believed.
inline constexpr std::chrono::seconds kLongestWait{10};

// Thread rule: one thread at a time. Must not outlive the reader.
//
//   RepeatedLook again(reader, options);
//   do {
//     look
//   } while (it is still there && again.wait());
class RepeatedLook {
 public:
  // The stop (after its grace) and the deadline of `options` cut the waiting short; the deadline
  // counts from here.
  RepeatedLook(const Reader& reader, const CallOptions& options);

  // Waits until the next look, longer each time. False, at once or early: it was waited for long
  // enough, or that was cut short.
  bool wait();

  // The stop or the deadline came before it was waited for long enough: what was seen last says
  // nothing of what the server does.
  bool was_cut_short() const noexcept { return cut_short_; }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  bool sleep_until(TimePoint until);
  bool stopped();

  const std::shared_ptr<http::Clock> clock_;
  const std::stop_token stop_;
  const std::chrono::milliseconds grace_;
  std::optional<TimePoint> give_up_ = {};  // the end of the grace, once the stop has come
  TimePoint end_;
  bool ends_early_ = false;  // by the deadline
  bool cut_short_ = false;
  std::chrono::milliseconds delay_;
};

}  // namespace purser
