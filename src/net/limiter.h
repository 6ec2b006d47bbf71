// How many requests are under way at once to each host: found while they are answered.
//
// It begins with a few and doubles for as long as that makes it faster, by the answers that come
// in a time. Then it keeps to what was fastest, and now and then tries a few more, or fewer. When
// the host limits the rate (429) or is overloaded (503, more than here and there) it is halved, and
// finds its way back from there; while requests fail it does not grow.
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
  // By HTTP/1.1 each request under way takes a connection; more is no way to treat a registry.
  static constexpr std::size_t kMostConnections = 64;

  // What an answer, or its absence, says about the host.
  enum class Verdict {
    answered,
    limited,     // 429
    overloaded,  // 503
    failed,      // another 5xx, or no answer
    none,        // it was cancelled
  };
  struct Sample {
    Verdict verdict = Verdict::none;
    TimePoint sent = {};
    TimePoint now = {};
    bool multiplexed = false;  // it shared its connection
  };

  std::size_t size() const noexcept { return size_; }
  // A request is to be sent, while so many are under way. False: it has to wait, and more might be
  // faster.
  bool note_request(std::size_t under_way, std::size_t room) noexcept {
    // Nobody was waiting: the time that passed until now says nothing.
    if (under_way == 0 && !is_full_) in_round_ = false;
    is_full_ = under_way >= room;
    return !is_full_;
  }
  void note(const Sample& sample);

 private:
  enum class Mode {
    doubling,
    recovering,  // after an overload, to most of what it was before
    steady,
    trying_more,
    trying_fewer,
  };

  bool is_overload(const Sample& sample);
  void halve(TimePoint now);
  std::size_t round_length() const;
  void begin_round(TimePoint now, std::size_t skip);
  void end_round(TimePoint now);
  void judge(double speed, TimePoint now);
  void resize(std::size_t size, Mode mode, TimePoint now);

  std::size_t size_ = kFirst;
  std::size_t most_ = kMostConnections;
  Mode mode_ = Mode::doubling;
  // The size and the answers a second to compare with.
  std::size_t former_size_ = kFirst;
  double former_speed_ = 0.0;
  bool doubted_ = false;  // the last doubling was not worth it, and is measured once more
  bool fewer_next_ = false;
  int quiet_rounds_ = 0;  // since something was tried

  TimePoint last_halved_ = TimePoint::min();
  TimePoint round_began_ = {};
  bool in_round_ = false;
  std::size_t skip_ = 0;  // answers to requests of before the round
  std::size_t answers_ = 0;
  std::size_t full_ = 0;         // of them, those that came while others waited for room
  double overload_share_ = 0.0;  // of the last answers
  bool is_full_ = false;
  bool failed_ = false;
};

// Thread rule: all members may be called at once.
class Limiter {
 public:
  using TimePoint = AdaptiveWindow::TimePoint;
  using Verdict = AdaptiveWindow::Verdict;
  using Sample = AdaptiveWindow::Sample;

  // `fixed`: this many, whatever happens.
  explicit Limiter(std::optional<std::size_t> fixed) : fixed_(fixed) {}

  // May a request go to that host now? Then it counts, until `release`. If not, `waiting` is woken
  // when there is room, and asks again. `beyond`: it goes in any case.
  bool acquire(std::string_view origin, const std::shared_ptr<http::CompletionQueue>& waiting,
               bool beyond);
  void release(std::string_view origin, const Sample& sample);

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
