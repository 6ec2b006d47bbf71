// When to try again, and how long to wait first: plain data and pure arithmetic.
#pragma once

#include <chrono>

namespace purser {

struct RetryPolicy {
  int max_attempts = 6;                        // in all, the first one included
  std::chrono::milliseconds first_delay{500};  // doubles with each attempt
  std::chrono::milliseconds max_delay{30'000};
  std::chrono::milliseconds max_retry_after{
      300'000};  // a longer Retry-After fails at once, with its time
  // Attempts against a host that has not answered once in this run: a mistyped name must not hang.
  int attempts_at_silent_host = 2;

  // Full jitter: `random01` in [0, 1) of min(max_delay, first_delay * 2^(attempt-1)). attempt
  // counts from 1.
  std::chrono::milliseconds backoff(int attempt, double random01) const;
};

// Is the answer worth another attempt by its status alone: 408, 425, 429, 499, 500, 502, 503, 504,
// 522?
bool is_retryable_status(int status);

}  // namespace purser
