#include "net/limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace purser::net {
namespace {

using namespace std::chrono_literals;
using Verdict = AdaptiveWindow::Verdict;
using TimePoint = AdaptiveWindow::TimePoint;

// A host with so many workers, each of which needs `work` for a request, `delay` away.
class Host {
 public:
  Host(std::size_t workers, std::chrono::microseconds work, std::chrono::microseconds delay)
      : free_at_(workers), work_(work), delay_(delay) {}

  // Sends as many requests as there is room for, until so many were answered.
  void run(AdaptiveWindow& window, std::size_t requests, std::size_t at_most = SIZE_MAX,
           Verdict verdict = Verdict::answered) {
    std::size_t answered = 0;
    while (answered < requests) {
      while (under_way_.size() < std::min(window.size(), at_most)) send();
      if (at_most > window.size()) window.note_full();
      const Under next =
          *std::min_element(under_way_.begin(), under_way_.end(),
                            [](const Under& a, const Under& b) { return a.answered < b.answered; });
      under_way_.erase(std::find_if(under_way_.begin(), under_way_.end(), [&](const Under& u) {
        return u.sent == next.sent && u.answered == next.answered;
      }));
      now_ = next.answered;
      window.note(verdict, next.sent, now_);
      ++answered;
    }
  }
  TimePoint now() const { return now_; }

 private:
  struct Under {
    TimePoint sent;
    TimePoint answered;
  };
  void send() {
    const auto worker = std::min_element(free_at_.begin(), free_at_.end());
    const TimePoint begun = std::max(*worker, now_ + delay_ / 2);
    *worker = begun + work_;
    under_way_.push_back({now_, *worker + delay_ / 2});
  }

  TimePoint now_{1000h};
  std::vector<TimePoint> free_at_;
  std::chrono::microseconds work_;
  std::chrono::microseconds delay_;
  std::deque<Under> under_way_;
};

// it grows while that makes it faster.
TEST(AdaptiveWindowTest, GrowsToTheMostWhereEachAnswerTakesItsTimeOnTheWay) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  far.run(window, 3000);
  EXPECT_EQ(window.size(), AdaptiveWindow::kMost);
}

//
TEST(AdaptiveWindowTest, StaysSmallWhereMoreAtOnceIsNoFaster) {
  AdaptiveWindow window;
  Host busy(2, 2ms, 100us);
  busy.run(window, 3000);
  EXPECT_LE(window.size(), 2 * AdaptiveWindow::kFirst);
}

//
TEST(AdaptiveWindowTest, FindsTheNumberThatAHostWorksOnAtOnce) {
  AdaptiveWindow window;
  Host host(64, 10ms, 1ms);
  host.run(window, 5000);
  EXPECT_GE(window.size(), 48U);
  EXPECT_LE(window.size(), 128U);
}

TEST(AdaptiveWindowTest, DoesNotGrowForACallerWhoNeedsNoMore) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  far.run(window, 1000, 3);
  EXPECT_EQ(window.size(), AdaptiveWindow::kFirst);
}

// half, once for all the requests that were under way.
TEST(AdaptiveWindowTest, HalvesOnceForEachTimeThatTheHostIsOverloaded) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  far.run(window, 3000);
  ASSERT_EQ(window.size(), 256U);
  const TimePoint before = far.now() - 10ms;
  for (int i = 0; i < 100; ++i) window.note(Verdict::overloaded, before, far.now());
  EXPECT_EQ(window.size(), 128U);
  window.note(Verdict::overloaded, far.now() + 1ms, far.now() + 2ms);
  EXPECT_EQ(window.size(), 64U);
}

TEST(AdaptiveWindowTest, LeavesRoomForOneRequestHoweverOverloadedTheHostIs) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  for (int i = 1; i <= 20; ++i) {
    window.note(Verdict::overloaded, far.now() + i * 1s, far.now() + i * 1s + 1ms);
  }
  EXPECT_EQ(window.size(), 1U);
  far.run(window, 2000);
  EXPECT_GT(window.size(), 8U);  // and finds its way back
}

// it grows while errors allow.
TEST(AdaptiveWindowTest, DoesNotGrowWhileRequestsFail) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  far.run(window, 3000, SIZE_MAX, Verdict::failed);
  EXPECT_EQ(window.size(), AdaptiveWindow::kFirst);
}

TEST(AdaptiveWindowTest, IsAsItWasAfterRequestsThatWereCancelled) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  far.run(window, 3000, SIZE_MAX, Verdict::none);
  EXPECT_EQ(window.size(), AdaptiveWindow::kFirst);
}

TEST(LimiterTest, AFixedNumberStaysWhateverTheHostAnswers) {
  Limiter limiter(2);
  const auto queue = std::make_shared<http::CompletionQueue>();
  const TimePoint now{1000h};
  ASSERT_TRUE(limiter.acquire("https://r.test", queue, false));
  ASSERT_TRUE(limiter.acquire("https://r.test", queue, false));
  EXPECT_FALSE(limiter.acquire("https://r.test", queue, false));
  EXPECT_TRUE(limiter.acquire("https://other.test", queue, false));
  limiter.release("https://r.test", Verdict::overloaded, now, now);
  EXPECT_EQ(limiter.window("https://r.test"), 2U);
  EXPECT_TRUE(limiter.acquire("https://r.test", queue, false));
}

TEST(LimiterTest, WakesWhoWaitsForRoom) {
  Limiter limiter(1);
  const auto queue = std::make_shared<http::CompletionQueue>();
  const TimePoint now{1000h};
  ASSERT_TRUE(limiter.acquire("https://r.test", queue, false));
  ASSERT_FALSE(limiter.acquire("https://r.test", queue, false));
  limiter.release("https://r.test", Verdict::answered, now, now);
  queue->wait_until(TimePoint::max());  // returns: it was woken
  EXPECT_TRUE(limiter.acquire("https://r.test", queue, false));
}

TEST(LimiterTest, WhatMustNotWaitGoesBeyondTheNumber) {
  Limiter limiter(1);
  const auto queue = std::make_shared<http::CompletionQueue>();
  ASSERT_TRUE(limiter.acquire("https://r.test", queue, false));
  EXPECT_TRUE(limiter.acquire("https://r.test", queue, true));
}

//
TEST(LimiterTest, TooManyRequestsAndAnUnavailableServiceAreOverload) {
  for (const int status : {429, 503}) {
    EXPECT_EQ(verdict_on(http::Response{.status = status}), Verdict::overloaded) << status;
  }
  for (const int status : {500, 502, 504, 408}) {
    EXPECT_EQ(verdict_on(http::Response{.status = status}), Verdict::failed) << status;
  }
  for (const int status : {200, 202, 401, 404}) {
    EXPECT_EQ(verdict_on(http::Response{.status = status}), Verdict::answered) << status;
  }
  using Kind = http::Failure::Kind;
  EXPECT_EQ(verdict_on(http::Failure{.kind = Kind::timeout}), Verdict::failed);
  EXPECT_EQ(verdict_on(http::Failure{.kind = Kind::cancelled}), Verdict::none);
}

}  // namespace
}  // namespace purser::net
