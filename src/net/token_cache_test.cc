#include "net/token_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace purser::net {
namespace {

using namespace std::chrono_literals;
using purser::testing::HasError;
using FlightState = TokenCache::FlightState;

constexpr std::chrono::steady_clock::time_point kNow{1000h};

class TokenCacheTest : public ::testing::Test {
 protected:
  TokenCache::Ticket acquire(const char* key = "k") { return cache_.acquire(key, kNow, queue_); }
  static Token token(const char* text) { return {Secret(text), kNow + 60s}; }

  TokenCache cache_;
  std::shared_ptr<http::CompletionQueue> queue_ = std::make_shared<http::CompletionQueue>();
};

//
TEST_F(TokenCacheTest, TheFirstLeadsAndTheOthersWait) {
  const auto first = acquire();
  const auto second = acquire();
  EXPECT_TRUE(first.leads);
  EXPECT_FALSE(second.leads);
  EXPECT_EQ(first.flight, second.flight);
  EXPECT_TRUE(acquire("other").leads);
  EXPECT_EQ(cache_.state(second.flight), FlightState::under_way);
  cache_.land(first.flight, token("t"));
  ASSERT_EQ(cache_.state(second.flight), FlightState::landed);
  EXPECT_EQ(cache_.outcome(second.flight)->text.reveal(), "t");
  EXPECT_EQ(acquire().token->text.reveal(), "t");
  queue_->wait_until(std::chrono::steady_clock::time_point::max());  // landing woke it
}

TEST_F(TokenCacheTest, AFailureIsToldToThoseWhoWaitAndNotKept) {
  const auto first = acquire();
  const auto second = acquire();
  cache_.land(first.flight, Unexpected(Error{.code = ErrorCode::unauthorized}));
  EXPECT_THAT(cache_.outcome(second.flight), HasError(ErrorCode::unauthorized));
  EXPECT_TRUE(acquire().leads);
}

TEST_F(TokenCacheTest, AfterAnAbandonedFlightTheNextOneLeads) {
  const auto first = acquire();
  const auto second = acquire();
  cache_.abandon(first.flight);
  EXPECT_EQ(cache_.state(second.flight), FlightState::abandoned);
  queue_->wait_until(std::chrono::steady_clock::time_point::max());  // it was woken
  const auto again = acquire();
  EXPECT_TRUE(again.leads);
  EXPECT_NE(again.flight, first.flight);
}

//
TEST_F(TokenCacheTest, ATokenThatHasRunOutIsNotGiven) {
  cache_.land(acquire().flight, token("t"));
  EXPECT_TRUE(cache_.peek("k", kNow + 59s));
  EXPECT_FALSE(cache_.peek("k", kNow + 60s));
  EXPECT_TRUE(cache_.acquire("k", kNow + 60s, queue_).leads);
}

// whoever comes late with an old token must not drop the one that replaced it.
TEST_F(TokenCacheTest, DropsOnlyTheTokenThatWasRefused) {
  cache_.land(acquire().flight, token("new"));
  cache_.drop("k", Secret("old"));
  EXPECT_TRUE(cache_.peek("k", kNow));
  cache_.drop("k", Secret("new"));
  EXPECT_FALSE(cache_.peek("k", kNow));
}

}  // namespace
}  // namespace purser::net
