// Which requests of a run fail, and how: drawn at random, the same for the same seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace purser::testing {

enum class RandomFault {
  none,
  error_before,    // 500, and the server did nothing
  error_after,     // 500, and the server did it
  busy,            // 503
  busy_for,        // 503 with a Retry-After
  limited,         // 429
  limited_for,     // 429 with a Retry-After, in seconds or as a date
  reset_before,    // the connection ends, and the server did nothing
  reset_after,     // the connection ends, and the server did it
  headers_cut,     // the answer ends inside its headers
  body_cut,        // the answer ends before its Content-Length does
  body_shortened,  // half of the body is gone, and no length tells
};

struct RandomFaultOptions {
  int one_in = 5;  // so many requests fail: one in five; 0: none
  // Of a Retry-After, at most. Over ten seconds a look is old by the time that the wait is over.
  std::chrono::seconds longest_wait{15};
};

// What happens to a request hangs on the seed, on the request and on how often it was made, and not
// on what others are under way: so a run of several threads meets the same faults again. Thread
// rule: all members may be called at once.
class RandomFaults {
 public:
  explicit RandomFaults(std::uint64_t seed, RandomFaultOptions options = {})
      : seed_(seed), options_(options) {}

  struct Fault {
    RandomFault kind = RandomFault::none;
    std::chrono::seconds wait{0};  // of busy_for and limited_for
    bool as_date = false;          // the wait is told as a date
  };
  // `target` as in "/v2/app/tags/list".
  Fault next(std::string_view method, std::string_view target);
  // How many requests have failed.
  std::size_t count() const;

 private:
  const std::uint64_t seed_;
  const RandomFaultOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> made_;  // by request: how often
  std::size_t count_ = 0;
};

}  // namespace purser::testing
