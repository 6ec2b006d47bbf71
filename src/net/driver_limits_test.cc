// What the driver makes of limits: of its own window, and of those that a server tells.
#include <stdexcept>
#include <thread>

#include "net/driver_fixture.h"

namespace purser::net {
namespace {

using ::testing::IsEmpty;
using DriverLimitsTest = DriverTest;

// by Retry-After, in both forms.
TEST_F(DriverLimitsTest, AnUnavailableServiceThatAsksForTimePausesTheWholeHost) {
  for (const char* field : {"7", "Sun, 09 Sep 2001 01:46:47 GMT"}) {
    clock_ = std::make_shared<ManualClock>();
    auto narrow = options();
    narrow.in_flight = 2;
    Driver driver(std::move(narrow));
    transport_->answer("GET", kUrl, reply(503, {{"Retry-After", field}}));
    for (int i = 0; i < 4; ++i) transport_->answer("GET", kUrl, reply(200));
    Calls calls{.left = 4};
    EXPECT_THAT(driver.run_each(calls.source()), IsOk());
    EXPECT_EQ(calls.by_status[200], 4);
    EXPECT_THAT(clock_->waits(), ElementsAre(7s)) << field;
  }
}

// without a time only the request itself waits.
TEST_F(DriverLimitsTest, AnUnavailableServiceWithoutATimeHoldsUpNothingElse) {
  auto narrow = options();
  narrow.in_flight = 1;
  narrow.retry.max_attempts = 1;
  Driver driver(std::move(narrow));
  transport_->answer("GET", kUrl, reply(503));
  transport_->answer("GET", kUrl, reply(200));
  Calls calls{.left = 2};
  EXPECT_THAT(driver.run_each(calls.source()), IsOk());
  EXPECT_THAT(clock_->waits(), IsEmpty());
}

// a change that may have been done is not sent again, and the pause is the host's.
TEST_F(DriverLimitsTest, APauseCountsThoughTheRequestThatWasToldOfItIsNotRepeated) {
  Driver driver(options());
  Call change = call_of();
  change.retry_when_outcome_unknown = false;
  transport_->answer("GET", kUrl, reply(503, {{"Retry-After", "7"}}));
  const auto answer = driver.run(std::move(change));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->status, 503);
  EXPECT_THAT(driver.run(call_of(), {.once = true}), HasError(ErrorCode::rate_limited));
}

// who waits is told for what, and until when.
TEST_F(DriverLimitsTest, TellsOfAPauseOnceAndOfWaitsOfOneRequest) {
  std::vector<Waiting> told;
  auto watched = options();
  watched.in_flight = 1;
  watched.waiting = [&](const Waiting& waiting) { told.push_back(waiting); };
  Driver driver(std::move(watched));
  transport_->answer("GET", kUrl, reply(429, {{"Retry-After", "7"}}));
  transport_->answer("GET", kUrl, reply(500));
  transport_->answer("GET", kUrl, reply(200));
  const auto begun = clock_->now();
  EXPECT_THAT(driver.run(call_of()), IsOk());
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].what, "https://r.test");
  EXPECT_EQ(told[0].why, "the server answered 429");
  EXPECT_EQ(told[0].until, begun + 7s);
  EXPECT_TRUE(told[0].whole_host);
  EXPECT_EQ(told[1].why, "the server answered 500");
  EXPECT_FALSE(told[1].whole_host);
}

TEST_F(DriverLimitsTest, TheWindowIsTheHostsAndNotThatOfOneCall) {
  auto narrow = options();
  narrow.in_flight = 1;
  Driver driver(std::move(narrow));
  transport_->hold("GET", kUrl);
  transport_->answer("GET", kUrl, reply(404));
  std::thread first([&] { EXPECT_EQ(driver.run(call_of())->status, 200); });
  transport_->wait_for_held(1);
  std::thread second([&] { EXPECT_EQ(driver.run(call_of())->status, 404); });
  // A run that is stopped gives nothing back that it does not have.
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(driver.run(call_of(), {.stop = stop.get_token()}), HasError(ErrorCode::cancelled));
  EXPECT_THAT(transport_->requests(), SizeIs(1));
  transport_->release(reply(200));
  first.join();
  second.join();
  EXPECT_THAT(transport_->requests(), SizeIs(2));
}

TEST_F(DriverLimitsTest, ARunThatIsStoppedGivesItsRoomBack) {
  auto narrow = options();
  narrow.in_flight = 1;
  Driver driver(std::move(narrow));
  transport_->hold("GET", kUrl);
  std::stop_source stop;
  std::thread first([&] {
    EXPECT_THAT(driver.run(call_of(), {.stop = stop.get_token()}), HasError(ErrorCode::cancelled));
  });
  transport_->wait_for_held(1);
  stop.request_stop();
  first.join();
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
}

TEST_F(DriverLimitsTest, ACallbackMayReadThoughTheWindowIsFull) {
  auto narrow = options();
  narrow.in_flight = 2;
  Driver driver(std::move(narrow));
  for (int i = 0; i < 8; ++i) transport_->answer("GET", kUrl, reply(200));
  int left = 4;
  int inner = 0;
  const auto status = driver.run_each([&]() -> std::optional<Driver::Item> {
    if (left == 0) return std::nullopt;
    --left;
    return Driver::Item{call_of(), [&](Result<http::Response>) {
                          if (driver.run(call_of())) ++inner;
                        }};
  });
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(inner, 4);
}

// Of two answers that came at once, the first throws: the room of both is given back once.
TEST_F(DriverLimitsTest, AnExceptionOfACallbackLeavesTheRoomAsItWas) {
  auto narrow = options();
  narrow.in_flight = 2;
  Driver driver(std::move(narrow));
  for (int i = 0; i < 2; ++i) transport_->hold("GET", kUrl);
  int left = 2;
  std::thread run([&] {
    const auto source = [&]() -> std::optional<Driver::Item> {
      if (left == 0) return std::nullopt;
      --left;
      return Driver::Item{call_of(),
                          [](Result<http::Response>) { throw std::runtime_error("a callback's"); }};
    };
    EXPECT_THROW(static_cast<void>(driver.run_each(source)), std::runtime_error);
  });
  transport_->wait_for_held(2);
  transport_->release(reply(200));
  run.join();
  for (int i = 0; i < 5; ++i) transport_->answer("GET", kUrl, reply(200));
  Calls calls{.left = 5};
  EXPECT_THAT(driver.run_each(calls.source()), IsOk());
  EXPECT_EQ(calls.by_status[200], 5);
}

// not each of a thousand requests has to find out for itself.
TEST_F(DriverLimitsTest, AHostThatLimitsAndLimitsIsGivenUp) {
  auto few = options();
  few.retry.max_attempts = 3;
  few.in_flight = 4;
  Driver driver(std::move(few));
  // Four at a time, three times each, until it has asked for six pauses.
  for (int i = 0; i < 24; ++i) {
    transport_->answer("GET", kUrl, reply(429, {{"Retry-After", "60"}}));
  }
  Calls calls{.left = 1000};
  EXPECT_THAT(driver.run_each(calls.source()), IsOk());
  EXPECT_EQ(calls.by_status[429], 8);
  ASSERT_THAT(calls.errors, SizeIs(992));
  for (const Error& error : calls.errors) EXPECT_EQ(error.code, ErrorCode::rate_limited);
  EXPECT_THAT(clock_->waits(), ElementsAre(60s, 60s, 60s, 60s, 60s));
  // After the pause it gets another chance.
  clock_->advance(61s);
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
}

// longer than anything that is waited for.
TEST_F(DriverLimitsTest, APauseOfAnHourIsToldToEachAndNothingElseIsSent) {
  auto narrow = options();
  narrow.in_flight = 1;
  Driver driver(std::move(narrow));
  transport_->answer("GET", kUrl, reply(429, {{"Retry-After", "3600"}}));
  Calls calls{.left = 50};
  EXPECT_THAT(driver.run_each(calls.source()), IsOk());
  ASSERT_THAT(calls.errors, SizeIs(50));
  for (const Error& error : calls.errors) EXPECT_EQ(error.code, ErrorCode::rate_limited);
  EXPECT_THAT(clock_->waits(), IsEmpty());
  EXPECT_THAT(transport_->requests(), SizeIs(1));
}

TEST_F(DriverLimitsTest, ADeadlineBeyondTheClocksEndIsNone) {
  Driver driver(options());
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of(), {.deadline = std::chrono::milliseconds::max()}), IsOk());
}

// cleaned, and each once.
TEST_F(DriverLimitsTest, TellsWhatTheRegistryTellsItsUsers) {
  Driver driver(options());
  const http::Headers headers = {{"Warning", "299 - \"old \x1b[31mserver\""},
                                 {"ratelimit-limit", "100;w=21600"},
                                 {"ratelimit-remaining", "76;w=21600"}};
  for (int i = 0; i < 2; ++i) {
    transport_->answer("GET", kUrl, reply(200, headers));
    EXPECT_THAT(driver.run(call_of()), IsOk());
  }
  EXPECT_THAT(logged_, ElementsAre("r.test: the registry says: old [31mserver",
                                   "r.test: rate limit: 76 of 100 requests in 6 h left"));
  ASSERT_TRUE(driver.rate_limit());
  EXPECT_EQ(driver.rate_limit()->remaining, 76);
}

}  // namespace
}  // namespace purser::net
