// How long a caller still waits.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

#include "purser/call_options.h"
#include "purser/error.h"

namespace purser {

// When a call that begins now is to end. One beyond the clock's own end is none.
std::chrono::steady_clock::time_point deadline_of(const CallOptions& options,
                                                  std::chrono::steady_clock::time_point now);

// The stop token of a call, and its deadline counted from here on. Thread rule: immutable.
class Patience {
 public:
  Patience() = default;  // without end
  explicit Patience(const CallOptions& options);

  const std::stop_token& stop() const noexcept { return stop_; }
  std::chrono::steady_clock::time_point until() const noexcept { return until_; }
  // What is left of `most`.
  std::chrono::milliseconds within(std::chrono::milliseconds most) const;
  // Once it is over: `cancelled`, and why.
  std::optional<Error> over() const;

 private:
  std::stop_token stop_ = {};
  std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace purser
