// How many requests are under way at once to each host: found while they are answered.
//
// It begins with a few and doubles for as long as that makes it faster, by the answers that come
// in a time. Then it keeps to what was fastest and now and then tries a little more. After a 429
// or a 503 it is half; while requests fail it does not grow.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/transport.h"

namespace purser::net {

// The window of one host: pure arithmetic. Thread rule: one thread at a time.
class AdaptiveWindow {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kFirst = 8;
  static constexpr std::size_t kMost = 256;

  // What an answer, or its absence, says about the host.
  enum class Verdict {
    answered,
    overloaded,  // 429, 503
    failed,      // another 5xx, or no answer
    none,        // it was cancelled
  };

  std::size_t size() const noexcept { return size_; }
  // A request had to wait for room: more of them might be faster.
  void note_full() noexcept { was_full_ = true; }
  void note(Verdict verdict, TimePoint sent, TimePoint now);

 private:
  enum class Mode { doubling, steady, trying };

  void begin_round(TimePoint now, std::size_t skip);
  void end_round(TimePoint now);
  void grow_to(std::size_t size, Mode mode, TimePoint now);
  void settle_at(std::size_t size, double speed, TimePoint now);
  void halve(TimePoint now);

  std::size_t size_ = kFirst;
  Mode mode_ = Mode::doubling;
  // The size and the answers a second to compare with.
  std::size_t former_size_ = kFirst;
  double former_speed_ = 0.0;
  int quiet_rounds_ = 0;  // since something was tried

  TimePoint last_halved_ = TimePoint::min();
  TimePoint round_began_ = {};
  bool in_round_ = false;
  std::size_t skip_ = 0;  // answers to requests of before the round
  std::size_t answers_ = 0;
  bool was_full_ = false;
  bool failed_ = false;
};

// Thread rule: all members may be called at once.
class Limiter {
 public:
  using TimePoint = AdaptiveWindow::TimePoint;
  using Verdict = AdaptiveWindow::Verdict;

  // `fixed`: this many, whatever happens.
  explicit Limiter(std::optional<std::size_t> fixed) : fixed_(fixed) {}

  // May a request go to that host now? Then it counts, until `release`. If not, `waiting` is woken
  // when there is room, and asks again. `beyond`: it goes in any case.
  bool acquire(std::string_view origin, const std::shared_ptr<http::CompletionQueue>& waiting,
               bool beyond);
  void release(std::string_view origin, Verdict verdict, TimePoint sent, TimePoint now);

  std::size_t window(std::string_view origin) const;

 private:
  struct Host {
    AdaptiveWindow window = {};
    std::size_t under_way = 0;
    std::vector<std::weak_ptr<http::CompletionQueue>> waiting = {};
  };
  Host& entry(std::string_view origin);

  const std::optional<std::size_t> fixed_;
  mutable std::mutex mutex_;
  std::map<std::string, Host, std::less<>> hosts_;
};

// What an outcome says about the host that it came from.
Limiter::Verdict verdict_on(const http::Outcome& outcome);

}  // namespace purser::net
