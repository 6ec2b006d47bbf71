#include "net/exchange_fixture.h"

namespace purser::net {
namespace {

TEST_F(ExchangeTest, ChallengeThenRateLimitThenOk) {
  auto x = make();
  EXPECT_THAT(x.start(at(0s)), SendsTo(kUrl, "none"));
  EXPECT_THAT(x.on_response(challenge(kBearer), at(0s)),
              WantsToken(ElementsAre("repository:a:pull")));
  EXPECT_THAT(x.on_token(token("t0k"), true), SendsTo(kUrl, "Bearer t0k"));
  EXPECT_THAT(x.on_response(reply(429, {{"Retry-After", "7"}}), at(1s)), WaitsUntil(8s));
  EXPECT_THAT(x.on_timer(at(8s)), SendsTo(kUrl, "Bearer t0k"));
  EXPECT_THAT(x.on_response(reply(200), at(8s)), Finishes(200));
}

TEST_F(ExchangeTest, AStatusOtherThanTheseIsTheEndpointsBusiness) {
  for (const int status : {200, 202, 304, 400, 403, 404, 405, 409, 501}) {
    auto x = make();
    x.start(at(0s));
    EXPECT_THAT(x.on_response(reply(status), at(0s)), Finishes(status));
  }
}

// A-89, A-90: six attempts in all, then the answer as it came.
TEST_F(ExchangeTest, RetriesWithBackoffAndThenReturnsWhatCame) {
  auto x = make();
  x.start(at(0s));
  for (const auto delay : {250ms, 500ms, 1000ms, 2000ms, 4000ms}) {
    EXPECT_THAT(x.on_response(reply(503), at(0s)), WaitsUntil(delay));
    x.on_timer(at(0s));
  }
  EXPECT_THAT(x.on_response(reply(503), at(0s)), Finishes(503));
}

// A-89
TEST_F(ExchangeTest, RetriesBrokenConnectionsAndNeverTlsVerdicts) {
  using Kind = http::Failure::Kind;
  for (const Kind kind : {Kind::resolve, Kind::connect, Kind::timeout, Kind::broken}) {
    auto x = make();
    x.start(at(0s));
    EXPECT_THAT(x.on_failure({kind, "gone"}, at(0s)), WaitsUntil(250ms));
  }
  auto x = make();
  x.start(at(0s));
  EXPECT_THAT(x.on_failure({Kind::tls, "certificate has expired"}, at(0s)),
              FailsWith(ErrorCode::unreachable, HasSubstr("expired")));
  auto y = make();
  y.start(at(0s));
  EXPECT_THAT(y.on_failure({Kind::too_large, "too much"}, at(0s)),
              FailsWith(ErrorCode::too_large, HasSubstr("too much")));
}

class ResumingExchangeTest : public ExchangeTest {
 protected:
  static Call blob() {
    Call call = call_of();
    call.request.headers = {};
    call.request.max_body_bytes = 100 * 1024 * 1024;
    call.content = Digest::of("0123456789");
    return call;
  }
  static http::Failure cut(int status, std::string body, http::Headers headers = {}) {
    return {.message = "reset", .cut = http::Response{status, std::move(headers), std::move(body)}};
  }
  static std::string range_of(const Action& action) {
    const auto* send = std::get_if<Send>(&action);
    if (send == nullptr) return "nothing";
    return std::string(send->request.headers.get("Range").value_or("all"));
  }
};

// A-61
TEST_F(ResumingExchangeTest, AsksForTheRestOfABodyThatBrokeOff) {
  auto x = make(blob());
  EXPECT_EQ(range_of(x.start(at(0s))), "all");
  EXPECT_THAT(x.on_failure(cut(200, "0123", {{"Content-Length", "10"}}), at(0s)),
              WaitsUntil(250ms));
  EXPECT_EQ(range_of(x.on_timer(at(0s))), "bytes=4-");
  // It stays with the request, wherever the registry leads to (A-34).
  const Action led = x.on_response(reply(307, {{"Location", "https://store.test/b"}}), at(0s));
  EXPECT_EQ(range_of(led), "bytes=4-");
  http::Response rest = reply(206, {{"Content-Range", "bytes 4-9/10"}});
  rest.body = "456789";
  const Action end = x.on_response(rest, at(0s));
  ASSERT_THAT(end, Finishes(200));
  EXPECT_EQ(std::get<Finish>(end).result->body, "0123456789");
}

// A-61: from the registry again, at once and once.
TEST_F(ResumingExchangeTest, StartsOverWhereTheRestIsRefused) {
  auto x = make(blob());
  x.start(at(0s));
  for (const bool again : {true, false}) {
    x.on_failure(cut(200, "0123"), at(0s));
    EXPECT_EQ(range_of(x.on_timer(at(0s))), "bytes=4-");
    const Action action = x.on_response(reply(416), at(0s));
    if (again) {
      EXPECT_EQ(range_of(action), "all");
    } else {
      EXPECT_THAT(action, FailsWith(ErrorCode::bad_response, HasSubstr("416")));
    }
  }
}

// A-62: without progress the attempts come to an end, and with progress they begin anew.
TEST_F(ResumingExchangeTest, GivesUpWhereNothingMoreComes) {
  auto x = make(blob());
  x.start(at(0s));
  const std::string mebibyte(1024 * 1024, 'x');
  for (int i = 0; i < 5; ++i) {
    x.on_failure(cut(200, "0123"), at(0s));
    x.on_timer(at(0s));
  }
  EXPECT_THAT(x.on_failure(cut(200, mebibyte), at(0s)), WaitsUntil(250ms));
  for (const auto delay : {500ms, 1000ms, 2000ms, 4000ms}) {
    x.on_timer(at(0s));
    EXPECT_THAT(x.on_failure(cut(200, mebibyte), at(0s)), WaitsUntil(delay));
  }
  x.on_timer(at(0s));
  EXPECT_THAT(x.on_failure(cut(200, mebibyte), at(0s)),
              FailsWith(ErrorCode::unreachable, HasSubstr("6 attempts")));
}

// What is not named by its digest may be another thing the next time.
TEST_F(ResumingExchangeTest, AsksForTheWholeOfWhatHasNoDigest) {
  auto call = blob();
  call.content.reset();
  auto x = make(call);
  x.start(at(0s));
  x.on_failure(cut(200, "0123"), at(0s));
  EXPECT_EQ(range_of(x.on_timer(at(0s))), "all");
}

// A-90: a mistyped host must not hang.
TEST_F(ExchangeTest, AHostThatNeverAnsweredGetsTwoAttempts) {
  auto x = make();
  x.start(at(0s));
  Moment moment = at(0s);
  moment.host_has_answered = false;
  EXPECT_THAT(x.on_failure({http::Failure::Kind::resolve, "unknown"}, moment), WaitsUntil(250ms));
  x.on_timer(moment);
  EXPECT_THAT(x.on_failure({http::Failure::Kind::resolve, "unknown"}, moment),
              FailsWith(ErrorCode::unreachable, HasSubstr("unknown (2 attempts)")));
}

// A-90
TEST_F(ExchangeTest, HonoursARetryAfterWhollyInBothForms) {
  auto x = make();
  x.start(at(0s));
  EXPECT_THAT(x.on_response(reply(429, {{"Retry-After", "299"}}), at(0s)), WaitsUntil(299s));
  x.on_timer(at(299s));
  EXPECT_THAT(
      x.on_response(reply(503, {{"Retry-After", "Sun, 06 Nov 1994 08:55:37 GMT"}}), at(299s)),
      WaitsUntil(360s));
}

// A-90
TEST_F(ExchangeTest, ARetryAfterOverTheCapFailsAtOnceWithItsTime) {
  auto x = make();
  x.start(at(0s));
  EXPECT_THAT(x.on_response(reply(429, {{"Retry-After", "301"}}), at(0s)),
              FailsWith(ErrorCode::rate_limited, HasSubstr("301 s")));
}

TEST_F(ExchangeTest, AWaitThatTheDeadlineCutsIsNotBegun) {
  Exchange x(call_of(), {.deadline = at(5s).now});
  x.start(at(0s));
  EXPECT_THAT(x.on_response(reply(429, {{"Retry-After", "7"}}), at(0s)),
              FailsWith(ErrorCode::cancelled, HasSubstr("429")));
}

// A-92: nobody knows whether the server acted.
TEST_F(ExchangeTest, ADeleteIsNotSentAgainUnlessTheServerSaysItDidNotAct) {
  Call call = call_of("DELETE");
  call.retry_when_outcome_unknown = false;
  using Kind = http::Failure::Kind;
  for (const Kind kind : {Kind::timeout, Kind::broken}) {
    auto x = make(call);
    x.start(at(0s));
    EXPECT_THAT(x.on_failure({kind, "gone"}, at(0s)), FailsWith(ErrorCode::unreachable, "gone"));
  }
  for (const int status : {500, 502, 503, 504}) {
    auto x = make(call);
    x.start(at(0s));
    EXPECT_THAT(x.on_response(reply(status), at(0s)), Finishes(status));
  }
  auto x = make(call);
  x.start(at(0s));
  EXPECT_THAT(x.on_failure({Kind::connect, "refused"}, at(0s)), WaitsUntil(250ms));
  x.on_timer(at(0s));
  EXPECT_THAT(x.on_response(reply(429), at(0s)), WaitsUntil(500ms));
  x.on_timer(at(0s));
  EXPECT_THAT(x.on_response(challenge(kBearer), at(0s)), WantsToken(_));
}

// A-26
TEST_F(ExchangeTest, AnswersBasicOnceAndTakesASecond401AsTheAnswer) {
  auto x = make();
  x.start(at(0s));
  EXPECT_THAT(x.on_response(challenge("Basic realm=r"), at(0s)), SendsTo(kUrl, "Basic bWU6cHc="));
  EXPECT_THAT(x.on_response(challenge("Basic realm=r"), at(0s)), Finishes(401));
}

TEST_F(ExchangeTest, ARefusedTokenIsNotAskedForTwice) {
  auto x = make();
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  x.on_token(token("t1"), true);
  EXPECT_THAT(x.on_response(challenge(kBearer), at(0s)), Finishes(401));
}

// A-21
TEST_F(ExchangeTest, ATokenFromTheCacheThatIsRefusedIsReplacedOnce) {
  auto x = make();
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  EXPECT_THAT(x.on_token(token("old"), false), SendsTo(kUrl, "Bearer old"));
  EXPECT_THAT(x.on_response(challenge(kBearer), at(0s)), WantsToken(_));
  EXPECT_THAT(x.on_token(token("new"), true), SendsTo(kUrl, "Bearer new"));
  EXPECT_THAT(x.on_response(challenge(kBearer), at(0s)), Finishes(401));
}

// A-22
TEST_F(ExchangeTest, ANewScopeInASecondChallengeIsAskedForOnce) {
  constexpr char kMore[] =
      R"(Bearer realm="https://r.test/token",scope="repository:a:push",error="insufficient_scope")";
  auto x = make();
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  x.on_token(token("t1"), true);
  EXPECT_THAT(x.on_response(challenge(kMore), at(0s)),
              WantsToken(ElementsAre("repository:a:pull,push")));
  EXPECT_THAT(x.on_token(token("t2"), true), SendsTo(kUrl, "Bearer t2"));
  EXPECT_THAT(x.on_response(challenge(kMore), at(0s)), Finishes(401));
}

// A-22: a token that the registry calls invalid is fetched once more, and no more.
TEST_F(ExchangeTest, AnInvalidTokenIsRenewedOnce) {
  constexpr char kInvalid[] =
      R"(Bearer realm="https://r.test/token",service="r.test",scope="repository:a:pull",error="invalid_token")";
  auto x = make();
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  x.on_token(token("t1"), true);
  EXPECT_THAT(x.on_response(challenge(kInvalid), at(0s)), WantsToken(_));
  EXPECT_THAT(x.on_token(token("t2"), true), SendsTo(kUrl, "Bearer t2"));
  EXPECT_THAT(x.on_response(challenge(kInvalid), at(0s)), Finishes(401));
}

// A-21: before the answer, not by a 401.
TEST_F(ExchangeTest, ATokenThatRanOutInAWaitIsFetchedAnewBeforeTheNextAttempt) {
  auto x = make();
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  x.on_token({Secret("short"), at(60s).now}, true);
  x.on_response(reply(429, {{"Retry-After", "61"}}), at(0s));
  EXPECT_THAT(x.on_timer(at(61s)), WantsToken(ElementsAre("repository:a:pull")));
  EXPECT_THAT(x.on_token(token("t2"), true), SendsTo(kUrl, "Bearer t2"));
}

TEST_F(ExchangeTest, TokensThatAreAlwaysRefusedEndItAllTheSame) {
  auto x = make();
  x.start(at(0s));
  int fetched = 0;
  auto action = x.on_response(challenge(kBearer), at(0s));
  while (std::holds_alternative<FetchToken>(action) && fetched < 100) {
    ++fetched;
    x.on_token(token("cached"), false);
    action = x.on_response(challenge(kBearer), at(0s));
  }
  EXPECT_EQ(fetched, 4);
  EXPECT_THAT(action, Finishes(401));
}

TEST_F(ExchangeTest, A401WithoutAChallengeIsTheAnswer) {
  auto x = make();
  x.start(at(0s));
  EXPECT_THAT(x.on_response(reply(401), at(0s)), Finishes(401));
}

TEST_F(ExchangeTest, ARetryBeginsAtTheRegistryAgain) {
  auto x = make();
  x.start(at(0s));
  x.on_response(reply(307, {{"Location", "https://cdn.test/expired"}}), at(0s));
  EXPECT_THAT(x.on_response(reply(503), at(0s)), WaitsUntil(250ms));
  EXPECT_THAT(x.on_timer(at(0s)), SendsTo(kUrl, "none"));
}

TEST_F(ExchangeTest, OnlyTheRegistrysOwn429PausesItsHost) {
  auto x = make();
  x.start(at(0s));
  EXPECT_TRUE(std::get<Wait>(x.on_response(reply(429), at(0s))).whole_host);
  x.on_timer(at(0s));
  EXPECT_FALSE(std::get<Wait>(x.on_response(reply(503), at(0s))).whole_host);
}

}  // namespace
}  // namespace purser::net
