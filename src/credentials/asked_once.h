// An answer that takes its time, asked for once and told to everybody who wants it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "purser/result.h"
#include "system/patience.h"

namespace purser {

// Thread rule: all members may be called at once. Whoever comes first asks, on his own thread, and
// the others wait for that answer, each as long as he likes.
template <class T>
class AskedOnce {
 public:
  using Clock = std::chrono::steady_clock;

  // `life`: how long an answer is kept; none: for good. Errors are kept too. Not so `cancelled`:
  // that was the one asker's own affair, and the next one asks again.
  explicit AskedOnce(std::optional<Clock::duration> life = {}) : life_(life) {}

  // `ask` gives a Result<T> and must itself end with the patience.
  template <class Ask>
  Result<T> get(const Patience& patience, Ask&& ask) {
    std::unique_lock lock(mutex_);
    while (!has_answer()) {
      if (!asking_) return ask_now(lock, std::forward<Ask>(ask));
      if (auto over = patience.over()) return Unexpected(*std::move(over));
      const auto news = [this] { return !asking_; };
      if (patience.until() == Clock::time_point::max()) {
        changed_.wait(lock, patience.stop(), news);
      } else {
        changed_.wait_until(lock, patience.stop(), patience.until(), news);
      }
    }
    return *answer_;
  }

 private:
  bool has_answer() const { return answer_ && (!life_ || Clock::now() < until_); }

  template <class Ask>
  Result<T> ask_now(std::unique_lock<std::mutex>& lock, Ask&& ask) {
    // Even if asking throws, for want of memory: who waits must not wait for ever.
    struct Turn {
      AskedOnce& of;
      std::unique_lock<std::mutex>& lock;
      ~Turn() {
        if (!lock.owns_lock()) lock.lock();
        of.asking_ = false;
        of.changed_.notify_all();
      }
    };
    asking_ = true;
    const Turn turn{*this, lock};
    lock.unlock();
    Result<T> answer = std::forward<Ask>(ask)();
    lock.lock();
    if (answer || answer.error().code != ErrorCode::cancelled) {
      answer_ = answer;
      if (life_) until_ = Clock::now() + *life_;
    }
    return answer;
  }

  const std::optional<Clock::duration> life_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool asking_ = false;
  std::optional<Result<T>> answer_;
  Clock::time_point until_ = {};
};

}  // namespace purser
