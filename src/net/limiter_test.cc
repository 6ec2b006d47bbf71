#include "net/limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

namespace purser::net {
namespace {

using namespace std::chrono_literals;
using Verdict = AdaptiveWindow::Verdict;
using TimePoint = AdaptiveWindow::TimePoint;

// A host with so many workers, each of which needs about `work` for a request, `delay` away.
class Host {
 public:
  Host(std::size_t workers, std::chrono::microseconds work, std::chrono::microseconds delay)
      : free_at_(workers), work_(work), delay_(delay) {}

  // Of so many answers one is this.
  void fails(Verdict verdict, double share) {
    verdict_ = verdict;
    share_ = share;
  }
  void speaks_http2() { multiplexed_ = true; }
  void takes_now_longer_now_shorter() { steady_ = false; }

  // Sends as many requests as there is room for, and no more than `at_most`, until so many were
  // answered.
  void run(AdaptiveWindow& window, std::size_t requests, std::size_t at_most = SIZE_MAX) {
    std::size_t sent = 0;
    for (std::size_t answered = 0; answered < requests; ++answered) {
      while (under_way_.size() < at_most && sent < requests &&
             window.note_request(under_way_.size(), window.size())) {
        send();
        ++sent;
      }
      const auto next =
          std::min_element(under_way_.begin(), under_way_.end(),
                           [](const Under& a, const Under& b) { return a.answered < b.answered; });
      const Under answer = *next;
      under_way_.erase(next);
      now_ = answer.answered;
      window.note({.verdict = chance() < share_ ? verdict_ : Verdict::answered,
                   .sent = answer.sent,
                   .now = now_,
                   .multiplexed = multiplexed_});
    }
  }
  TimePoint now() const { return now_; }

 private:
  struct Under {
    TimePoint sent;
    TimePoint answered;
  };
  double chance() { return std::uniform_real_distribution<double>(0.0, 1.0)(random_); }
  void send() {
    const auto worker = std::min_element(free_at_.begin(), free_at_.end());
    const TimePoint begun = std::max(*worker, now_ + delay_ / 2);
    const double factor = steady_ ? 1.0 : std::exponential_distribution<double>(1.0)(random_);
    *worker = begun + std::chrono::duration_cast<std::chrono::nanoseconds>(work_ * factor);
    under_way_.push_back({now_, *worker + delay_ / 2});
  }

  TimePoint now_{1000h};
  std::vector<TimePoint> free_at_;
  std::chrono::microseconds work_;
  std::chrono::microseconds delay_;
  std::deque<Under> under_way_;
  Verdict verdict_ = Verdict::answered;
  double share_ = 0.0;
  bool multiplexed_ = false;
  bool steady_ = true;
  std::minstd_rand random_{7};
};

// it grows while that makes it faster.
TEST(AdaptiveWindowTest, GrowsToTheMostWhereEachAnswerTakesItsTimeOnTheWay) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  far.run(window, 3000);
  EXPECT_EQ(window.size(), AdaptiveWindow::kMostConnections);
  AdaptiveWindow wide;
  Host multiplexing(1000, 1ms, 50ms);
  multiplexing.speaks_http2();
  multiplexing.run(wide, 3000);
  EXPECT_EQ(wide.size(), AdaptiveWindow::kMost);
}

//
TEST(AdaptiveWindowTest, StaysSmallWhereMoreAtOnceIsNoFaster) {
  AdaptiveWindow window;
  Host busy(2, 2ms, 100us);
  busy.run(window, 3000);
  EXPECT_LE(window.size(), 2 * AdaptiveWindow::kFirst);
}

// nor does luck make it grow in the long run.
TEST(AdaptiveWindowTest, StaysSmallOnABusyHostHoweverLongItRuns) {
  AdaptiveWindow window;
  Host busy(2, 5ms, 100us);
  busy.speaks_http2();
  busy.takes_now_longer_now_shorter();
  for (int i = 0; i < 20; ++i) {
    busy.run(window, 5000);
    EXPECT_LE(window.size(), 48U) << i;
  }
}

//
TEST(AdaptiveWindowTest, FindsTheNumberThatAHostWorksOnAtOnce) {
  AdaptiveWindow window;
  Host host(48, 10ms, 1ms);
  host.run(window, 5000);
  EXPECT_GE(window.size(), 36U);
}

TEST(AdaptiveWindowTest, DoesNotGrowForACallerWhoNeedsNoMore) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  far.run(window, 1000, 3);
  EXPECT_EQ(window.size(), AdaptiveWindow::kFirst);
}

// repository after repository, a few tags each and then a request at a time.
TEST(AdaptiveWindowTest, IsNotMisledByTheTimeInWhichNothingWasAsked) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  for (int repository = 0; repository < 60; ++repository) {
    far.run(window, 50);
    for (int i = 0; i < 6; ++i) far.run(window, 1);
  }
  EXPECT_GE(window.size(), 32U);
}

// half, once for all the requests that were under way.
TEST(AdaptiveWindowTest, HalvesOnceForEachTimeThatTheHostIsOverloaded) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  far.run(window, 3000);
  ASSERT_EQ(window.size(), 64U);
  const auto overload = [&](TimePoint sent, TimePoint now, int answers) {
    for (int i = 0; i < answers; ++i) {
      window.note({.verdict = Verdict::overloaded, .sent = sent, .now = now});
    }
  };
  overload(far.now() - 10ms, far.now(), 60);
  EXPECT_EQ(window.size(), 32U);
  overload(far.now() + 1ms, far.now() + 2ms, 30);
  EXPECT_EQ(window.size(), 16U);
}

TEST(AdaptiveWindowTest, LeavesRoomForOneRequestHoweverOverloadedTheHostIs) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  for (int i = 1; i <= 20; ++i) {
    window.note(
        {.verdict = Verdict::limited, .sent = far.now() + i * 1s, .now = far.now() + i * 1s + 1ms});
  }
  EXPECT_EQ(window.size(), 1U);
  far.run(window, 2000);
  EXPECT_GT(window.size(), 8U);  // and finds its way back
}

// one bad machine of many behind a name.
TEST(AdaptiveWindowTest, IsNotStarvedByASingleAnswerOfManyThatSaysOverload) {
  for (const double share : {0.001, 0.005, 0.01}) {
    AdaptiveWindow window;
    Host far(1000, 1ms, 100ms);
    far.fails(Verdict::overloaded, share);
    const TimePoint begun = far.now();
    far.run(window, 10'000);
    // 16 s are what the most connections need for it.
    EXPECT_LT(far.now() - begun, 80s) << share;
  }
}

// it grows while errors allow.
TEST(AdaptiveWindowTest, DoesNotGrowWhileRequestsFail) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  far.fails(Verdict::failed, 1.0);
  far.run(window, 3000);
  EXPECT_EQ(window.size(), AdaptiveWindow::kFirst);
}

TEST(AdaptiveWindowTest, IsAsItWasAfterRequestsThatWereCancelled) {
  AdaptiveWindow window;
  Host far(1000, 1ms, 50ms);
  far.fails(Verdict::none, 1.0);
  far.run(window, 3000);
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
  limiter.release("https://r.test", {.verdict = Verdict::overloaded, .sent = now, .now = now});
  EXPECT_EQ(limiter.window("https://r.test"), 2U);
  EXPECT_TRUE(limiter.acquire("https://r.test", queue, false));
}

TEST(LimiterTest, WakesWhoWaitsForRoom) {
  Limiter limiter(1);
  const auto queue = std::make_shared<http::CompletionQueue>();
  const TimePoint now{1000h};
  ASSERT_TRUE(limiter.acquire("https://r.test", queue, false));
  ASSERT_FALSE(limiter.acquire("https://r.test", queue, false));
  limiter.release("https://r.test", {.verdict = Verdict::answered, .sent = now, .now = now});
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
  EXPECT_EQ(verdict_on(http::Response{.status = 429}), Verdict::limited);
  EXPECT_EQ(verdict_on(http::Response{.status = 503}), Verdict::overloaded);
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
