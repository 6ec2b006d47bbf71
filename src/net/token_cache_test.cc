#include "net/token_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "testing/matchers.h"

namespace purser::net {
namespace {

using namespace std::chrono_literals;
using purser::testing::HasError;
using FlightState = TokenCache::FlightState;

constexpr std::chrono::steady_clock::time_point kNow{1000h};

class TokenCacheTest : public ::testing::Test {
 protected:
  static TokenRequest request(std::string scope = "repository:a:pull") {
    return {.realm = "https://r.test/token", .scopes = {std::move(scope)}};
  }
  TokenCache::Ticket acquire(const TokenRequest& what = request()) {
    return cache_.acquire(what, kNow, queue_);
  }
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
  EXPECT_TRUE(acquire(request("repository:b:pull")).leads);
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
  EXPECT_TRUE(cache_.peek(request(), kNow + 59s));
  EXPECT_FALSE(cache_.peek(request(), kNow + 60s));
  EXPECT_TRUE(cache_.acquire(request(), kNow + 60s, queue_).leads);
}

// whoever comes late with an old token must not drop the one that replaced it.
TEST_F(TokenCacheTest, DropsOnlyTheTokenThatWasRefused) {
  cache_.land(acquire().flight, token("new"));
  cache_.drop(request(), Secret("old"));
  EXPECT_TRUE(cache_.peek(request(), kNow));
  cache_.drop(request(), Secret("new"));
  EXPECT_FALSE(cache_.peek(request(), kNow));
}

//
TEST_F(TokenCacheTest, ATokenWithMoreRightsWillDo) {
  cache_.land(acquire(request("repository:a:pull,push")).flight, token("more"));
  EXPECT_EQ(acquire(request("repository:a:pull")).token->text.reveal(), "more");
  EXPECT_TRUE(acquire(request("repository:a:delete,pull")).leads);
  EXPECT_TRUE(acquire(request("repository:ab:pull")).leads);
  cache_.land(acquire(request("repository:c:*")).flight, token("all"));
  EXPECT_EQ(acquire(request("repository:c:delete")).token->text.reveal(), "all");
}

// A-20, C.1-16: a token is for one user, one registry, one realm and one service.
TEST_F(TokenCacheTest, ATokenServesNobodyElse) {
  cache_.land(acquire().flight, token("t"));
  for (auto change : std::vector<std::function<void(TokenRequest&)>>{
           [](TokenRequest& r) { r.identity = 1; },
           [](TokenRequest& r) { r.origin = "https://other.test"; },
           [](TokenRequest& r) { r.realm = "https://other.test/token"; },
           [](TokenRequest& r) { r.service = "other"; },
       }) {
    auto other = request();
    change(other);
    EXPECT_FALSE(cache_.peek(other, kNow));
    EXPECT_TRUE(acquire(other).leads);
  }
}

// the order of the scopes is the challenge's, and says nothing.
TEST_F(TokenCacheTest, SeveralScopesAreOneNeedInAnyOrder) {
  auto mount = request();
  mount.scopes = {"repository:z:pull", "repository:b:pull,push"};
  cache_.land(acquire(mount).flight, token("t"));
  std::swap(mount.scopes[0], mount.scopes[1]);
  EXPECT_TRUE(acquire(mount).token);
  mount.scopes.pop_back();
  EXPECT_TRUE(acquire(mount).token);
  EXPECT_FALSE(acquire(request("repository:b:delete")).token);
}

}  // namespace
}  // namespace purser::net
