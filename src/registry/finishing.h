// What a stop must not cut in two.
#pragma once

#include <algorithm>
#include <chrono>

#include "purser/call_options.h"

namespace purser {

// A registry that answers at all answers within it, or names the time at which it will; for one
// that does not, nobody who has pressed Ctrl-C is to wait longer. What is then left half done
// stands in the journal.
inline constexpr std::chrono::seconds kGrace{3};

// For a request of a change that has begun: a stop waits for its end, but not for ever
// . Cut off at once it would be a change of which nobody knows whether it was made.
// `once` as in CallOptions.
inline CallOptions finishing(const CallOptions& caller, bool once = false) {
  CallOptions options{.stop = caller.stop, .once = once, .grace = kGrace};
  if (caller.deadline)
    options.deadline = std::max<std::chrono::milliseconds>(*caller.deadline, kGrace);
  return options;
}

}  // namespace purser
