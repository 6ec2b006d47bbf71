#include "net/driver_fixture.h"

#include <stdexcept>
#include <thread>

#include "testing/raw_server.h"

namespace purser::net {
namespace {

using purser::testing::RawServer;

TEST_F(DriverTest, OneCallIsOneRequest) {
  Driver driver(options(password()));
  transport_->answer("GET", kUrl, reply(404));
  const auto response = driver.run(call_of());
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 404);
  EXPECT_THAT(authorizations(), ElementsAre("none"));
  EXPECT_EQ(driver.auth_seen().scheme, "none");
}

TEST_F(DriverTest, AnErrorNamesTheRegistry) {
  Driver driver(options());
  transport_->answer("GET", kUrl, http::Failure{http::Failure::Kind::tls, "bad certificate"});
  const auto response = driver.run(call_of());
  ASSERT_THAT(response, HasError(ErrorCode::unreachable, HasSubstr("bad certificate")));
  EXPECT_EQ(response.error().registry, "r.test");
}

// C.1-15
TEST_F(DriverTest, TracesRequestsAndAnswersWithoutTheirSecrets) {
  auto traced = options(password());
  traced.trace = true;
  Driver driver(std::move(traced));
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", std::string(kToken) + "&account=me", token_answer("s3cret"));
  transport_->answer("GET", kUrl, reply(307, {{"Location", "https://cdn.test/b?sig=s3cret"}}));
  transport_->answer("GET", "https://cdn.test/b?sig=s3cret", reply(200, {}, "body"));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  ASSERT_THAT(logged_, SizeIs(8));
  EXPECT_THAT(logged_[0], HasSubstr("> GET https://r.test/v2/a/tags/list"));
  EXPECT_THAT(logged_[1], HasSubstr("< GET https://r.test/v2/a/tags/list: 401 in 0 ms"));
  EXPECT_THAT(logged_[2], HasSubstr("scope=repository%3Aa%3Apull&client_id=purser&account=*** "
                                    "(Accept: application/json; Authorization: Basic ***)"));
  EXPECT_THAT(logged_[4], HasSubstr("Authorization: Bearer ***"));
  EXPECT_THAT(logged_[7], HasSubstr("https://cdn.test/b?sig=***: 200 in 0 ms, 4 bytes"));
  for (const std::string& line : logged_) {
    EXPECT_THAT(line, Not(HasSubstr("s3cret")));
    EXPECT_THAT(line, Not(HasSubstr("bWU6cHc")));
  }
}

//
TEST_F(DriverTest, WaitsAsLongAsTheServerAsksAndSaysSo) {
  Driver driver(options());
  transport_->answer("GET", kUrl, reply(429, {{"Retry-After", "7"}}));
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_THAT(clock_->waits(), ElementsAre(7s));
  EXPECT_THAT(logged_, ElementsAre(HasSubstr("429; trying again in 7 s")));
}

// one pause for the whole host.
TEST_F(DriverTest, ARateLimitPausesWhatElseGoesToTheHost) {
  auto one_at_a_time = options();
  one_at_a_time.in_flight = 2;
  Driver driver(std::move(one_at_a_time));
  transport_->answer("GET", kUrl, reply(429, {{"Retry-After", "7"}}));
  for (int i = 0; i < 4; ++i) transport_->answer("GET", kUrl, reply(200));
  Calls calls{.left = 4};
  EXPECT_THAT(driver.run_each(calls.source()), IsOk());
  EXPECT_EQ(calls.by_status[200], 4);
  EXPECT_THAT(clock_->waits(), ElementsAre(7s));  // the third and fourth waited along
}

//
TEST_F(DriverTest, AMistypedHostFailsAfterTwoAttempts) {
  Driver driver(options());
  for (int i = 0; i < 2; ++i) {
    transport_->answer("GET", kUrl, http::Failure{http::Failure::Kind::resolve, "unknown host"});
  }
  EXPECT_THAT(driver.run(call_of()), HasError(ErrorCode::unreachable, HasSubstr("unknown host")));
}

TEST_F(DriverTest, AHostThatHasAnsweredGetsAllAttempts) {
  Driver driver(options());
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  for (int i = 0; i < 5; ++i) {
    transport_->answer("GET", kUrl, http::Failure{http::Failure::Kind::broken, "cut"});
  }
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
}

TEST_F(DriverTest, KeepsToItsWindow) {
  auto narrow = options();
  narrow.in_flight = 3;
  Driver driver(std::move(narrow));
  for (int i = 0; i < 3; ++i) transport_->hold("GET", kUrl);
  Calls calls{.left = 10};
  std::thread run([&] { EXPECT_THAT(driver.run_each(calls.source()), IsOk()); });
  transport_->wait_for_held(3);
  EXPECT_THAT(transport_->requests(), SizeIs(3));
  for (int i = 0; i < 7; ++i) transport_->answer("GET", kUrl, reply(200));
  transport_->release(reply(200));
  run.join();
  EXPECT_EQ(calls.by_status[200], 10);
}

TEST_F(DriverTest, AnAnswerMayMakeMoreWork) {
  Driver driver(options());
  int left = 1;
  int answered = 0;
  for (int i = 0; i < 4; ++i) transport_->answer("GET", kUrl, reply(200));
  const auto status = driver.run_each([&]() -> std::optional<Driver::Item> {
    if (left == 0) return std::nullopt;
    --left;
    return Driver::Item{call_of(), [&](Result<http::Response>) {
                          if (++answered < 4) ++left;
                        }};
  });
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(answered, 4);
}

TEST_F(DriverTest, AStopEndsTheCallAndTellsEachThatWaits) {
  Driver driver(options());
  for (int i = 0; i < 3; ++i) transport_->hold("GET", kUrl);
  Calls calls{.left = 3};
  std::stop_source stop;
  std::thread run([&] {
    EXPECT_THAT(driver.run_each(calls.source(), {.stop = stop.get_token()}),
                HasError(ErrorCode::cancelled));
  });
  transport_->wait_for_held(3);
  stop.request_stop();
  run.join();
  ASSERT_THAT(calls.errors, SizeIs(3));
  EXPECT_EQ(calls.errors[0].code, ErrorCode::cancelled);
}

// the rest of a change goes on for a while after the stop, and no longer.
TEST_F(DriverTest, AStopWaitsForTheGraceOfACall) {
  Driver driver(options());
  std::stop_source stop;
  stop.request_stop();
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of(), {.stop = stop.get_token(), .grace = 5s}), IsOk());
  transport_->hold("GET", kUrl);
  EXPECT_THAT(driver.run(call_of(), {.stop = stop.get_token(), .grace = 5s}),
              HasError(ErrorCode::cancelled));
  EXPECT_THAT(clock_->waits(), ElementsAre(5s));
}

TEST_F(DriverTest, ACallThatIsStoppedBeforeItBeginsSendsNothing) {
  Driver driver(options());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(driver.run(call_of(), {.stop = stop.get_token()}), HasError(ErrorCode::cancelled));
  EXPECT_THAT(transport_->requests(), SizeIs(0));
}

TEST_F(DriverTest, TheDeadlineEndsACallThatHasNoAnswer) {
  Driver driver(options());
  transport_->hold("GET", kUrl);
  EXPECT_THAT(driver.run(call_of(), {.deadline = 3s}),
              HasError(ErrorCode::cancelled, HasSubstr("deadline")));
  EXPECT_THAT(clock_->waits(), ElementsAre(3s));
}

TEST_F(DriverTest, AnExceptionOfACallbackLeavesNoRequestBehind) {
  Driver driver(options());
  transport_->answer("GET", kUrl, reply(200));
  transport_->hold("GET", kUrl);
  int left = 2;
  EXPECT_THROW((void)driver.run_each([&]() -> std::optional<Driver::Item> {
    if (left-- <= 0) return std::nullopt;
    return Driver::Item{call_of(),
                        [](Result<http::Response>) { throw std::runtime_error("the caller's"); }};
  }),
               std::runtime_error);
  transport_->release(reply(200));  // it was cancelled: nothing is held any more
  EXPECT_THAT(transport_->requests(), SizeIs(2));
}

// over a real socket, within 200 ms.
TEST(DriverOnCurlTest, AStopEndsARequestThatHasNoAnswerSoon) {
  RawServer server([](const std::string&) {
    return RawServer::Answer{"", RawServer::Answer::Then::hold};
  });
  const auto registry = "127.0.0.1:" + std::to_string(server.port());
  Driver driver({.transport = http::curl_transport({}),
                 .clock = http::system_clock(),
                 .registry = *RegistryName::parse(registry)});
  std::stop_source stop;
  std::chrono::steady_clock::time_point stopped;
  std::thread stopper([&] {
    server.wait_for_requests(1);
    stopped = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  EXPECT_THAT(driver.run(DriverTest::call_of(server.url("/v2/")), {.stop = stop.get_token()}),
              HasError(ErrorCode::cancelled));
  const auto ended = std::chrono::steady_clock::now();
  stopper.join();
  EXPECT_LT(ended - stopped, 200ms);
}

}  // namespace
}  // namespace purser::net
