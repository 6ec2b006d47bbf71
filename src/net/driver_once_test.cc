// Calls that are sent at once and once, or not at all (CallOptions::once).
#include <thread>

#include "net/driver_fixture.h"

namespace purser::net {
namespace {

const CallOptions kOnce = {.once = true};

// the caller looks again before the next try, and everybody else waits as well.
TEST_F(DriverTest, ACallThatIsSentOnceDoesNotWaitOutARateLimit) {
  Driver driver(options());
  transport_->answer("GET", kUrl, reply(429, {{"Retry-After", "7"}}));
  const auto response = driver.run(call_of(), kOnce);
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 429);
  EXPECT_THAT(clock_->waits(), SizeIs(0));

  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_THAT(clock_->waits(), ElementsAre(7s));
}

// a pause that the host asked somebody else for.
TEST_F(DriverTest, ACallThatIsSentOnceIsNotHeldUntilThePauseOfItsHostIsOver) {
  Driver driver(options());
  transport_->answer("GET", kUrl, reply(429, {{"Retry-After", "7"}}));
  EXPECT_THAT(driver.run(call_of(), kOnce), IsOk());
  clock_->advance(2s);
  const auto response = driver.run(call_of(), kOnce);
  ASSERT_THAT(response, HasError(ErrorCode::rate_limited, HasSubstr("5 s are left, and nothing")));
  EXPECT_EQ(response.error().retry_after, 5s);
  EXPECT_TRUE(response.error().not_done);
  EXPECT_EQ(response.error().registry, "r.test");
  EXPECT_THAT(transport_->requests(), SizeIs(1));
  EXPECT_THAT(clock_->waits(), SizeIs(0));

  clock_->advance(5s);
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of(), kOnce), IsOk());
}

//
TEST_F(DriverTest, ACallThatIsSentOnceTellsWhetherTheServerCanHaveGotIt) {
  using Kind = http::Failure::Kind;
  for (const auto& [kind, not_done] : {std::pair(Kind::connect, true),
                                       {Kind::resolve, true},
                                       {Kind::timeout, false},
                                       {Kind::broken, false}}) {
    Driver driver(options());
    transport_->answer("GET", kUrl, http::Failure{kind, "no answer"});
    const auto response = driver.run(call_of(), kOnce);
    ASSERT_THAT(response, HasError(ErrorCode::unreachable, HasSubstr("no answer")));
    EXPECT_EQ(response.error().not_done, not_done);
    EXPECT_EQ(response.error().message.ends_with("nothing was sent"), not_done);
  }
  EXPECT_THAT(clock_->waits(), SizeIs(0));
}

// a token that ran out costs two requests, and no time.
TEST_F(DriverTest, ACallThatIsSentOnceGetsItsTokenFirst) {
  Driver driver(options());
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", kToken, token_answer("t"));
  transport_->answer("GET", kUrl, reply(202));
  const auto response = driver.run(call_of(), kOnce);
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 202);
}

//
TEST_F(DriverTest, ACallThatIsSentOnceDoesNotWaitOutARateLimitOfTheTokenServer) {
  Driver driver(options());
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", kToken, reply(429, {{"Retry-After", "7"}}));
  const auto response = driver.run(call_of(), kOnce);
  ASSERT_THAT(response, HasError(ErrorCode::rate_limited));
  EXPECT_TRUE(response.error().not_done);
  EXPECT_THAT(transport_->requests(), SizeIs(2));

  // Its host is paused, too.
  const auto again = driver.run(call_of(), kOnce);
  ASSERT_THAT(again, HasError(ErrorCode::rate_limited, HasSubstr("7 s are left")));
  EXPECT_EQ(again.error().retry_after, 7s);
  EXPECT_TRUE(again.error().not_done);
  EXPECT_THAT(transport_->requests(), SizeIs(2));
  EXPECT_THAT(clock_->waits(), SizeIs(0));
}

// who fetches that one may be told to wait for minutes.
TEST_F(DriverTest, ACallThatIsSentOnceDoesNotWaitForATokenThatAnotherOneFetches) {
  Driver driver(options());
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->hold("GET", kToken);
  std::thread other([&] { EXPECT_THAT(driver.run(call_of()), IsOk()); });
  transport_->wait_for_held(1);
  transport_->answer("GET", kToken, token_answer("own"));
  transport_->answer("GET", kUrl, reply(202));
  const auto response = driver.run(call_of(), kOnce);
  EXPECT_TRUE(response && response->status == 202);
  EXPECT_EQ(authorizations().back(), "Bearer own");

  transport_->answer("GET", kUrl, reply(200));
  transport_->release(token_answer("late"));
  other.join();
}

}  // namespace
}  // namespace purser::net
