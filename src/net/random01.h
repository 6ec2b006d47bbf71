// Chance for the jitter of waits.
#pragma once

#include <random>

namespace purser::net {

// In [0, 1). Not for secrets.
inline double random01() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

}  // namespace purser::net
