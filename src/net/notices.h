// What a registry tells its users beside its answers: warnings and its rate limit.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "purser/client.h"
#include "purser/transport.h"

namespace purser::net {

// The texts of `Warning: 299 - "text"` (OCI distribution-spec, "Warnings"), each at most 4096
// bytes, as they came. Other codes are those of caches.
std::vector<std::string> warnings_of(const http::Headers& headers);

// Thread rule: all members may be called at once.
class Notices {
 public:
  // What is new in these headers, for people: each warning once, and the rate limit at first and
  // whenever half of what was left is used up. Not sanitised.
  std::vector<LogEvent> take(const http::Headers& headers);

  std::optional<RateLimit> rate_limit() const;  // the last that was told

 private:
  mutable std::mutex mutex_;
  std::set<std::string> told_;
  std::optional<RateLimit> rate_limit_ = {};
  std::optional<RateLimit> told_rate_limit_ = {};
};

}  // namespace purser::net
