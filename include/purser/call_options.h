// How long a caller is willing to wait: what every call that may take its time is given.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

namespace purser {

struct CallOptions {
  std::stop_token stop = {};
  std::optional<std::chrono::milliseconds> deadline = {};  // of the whole call, retries included
  // Sent at once and once, or not at all: no waiting for a pause of the host, no second try; the
  // token that it needs is fetched the same way. For a change that rests on a look just taken
  // what the server certainly did not act on comes back as rate_limited or unreachable with
  // Error::not_done, and the caller looks again before the next try.
  bool once = false;
  // For the rest of what must not be left half done: once the stop has come, the call goes
  // on for so long before it is given up, not counting a pause that the server asks for.
  std::chrono::milliseconds grace{0};
};

}  // namespace purser
