#include "purser/retry.h"

#include <algorithm>
#include <cmath>

namespace purser {

std::chrono::milliseconds RetryPolicy::backoff(int attempt, double random01) const {
  const double doubled =
      static_cast<double>(first_delay.count()) * std::pow(2.0, std::clamp(attempt - 1, 0, 60));
  const double ceiling = std::min(doubled, static_cast<double>(max_delay.count()));
  return std::chrono::milliseconds(static_cast<std::int64_t>(ceiling * random01));
}

bool is_retryable_status(int status) {
  switch (status) {
    case 408:
    case 425:
    case 429:
    case 499:
    case 500:
    case 502:
    case 503:
    case 504:
    case 522:
      return true;
    default:
      return false;
  }
}

}  // namespace purser
