#include "net/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace purser::net {
namespace {

using namespace std::chrono_literals;
using purser::testing::HasError;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kUrl[] = "https://r.test/v2/a/manifests/v1";
constexpr char kBearer[] =
    R"(Bearer realm="https://r.test/token",service="r.test",scope="repository:a:pull")";

// The time that has passed since the test began.
Moment at(std::chrono::milliseconds passed) {
  return {std::chrono::steady_clock::time_point(1000h) + passed,
          std::chrono::system_clock::from_time_t(784111777) + passed, 0.5, true};
}

Call call_of(std::string method = "GET") {
  Call call;
  call.request.method = std::move(method);
  call.request.url = kUrl;
  call.request.headers = {{"Accept", "a/b"}, {"Range", "bytes=5-"}};
  call.scope = "repository:a:pull";
  return call;
}

http::Response reply(int status, http::Headers headers = {}) {
  return {status, std::move(headers), {}};
}
http::Response challenge(const char* field) { return reply(401, {{"WWW-Authenticate", field}}); }

Token token(const char* text) {
  return {Secret(text), std::chrono::steady_clock::time_point(2000h)};
}

std::shared_ptr<const CredentialSource> password() {
  return single_credential(*RegistryName::parse("r.test"),
                           {.username = "me", .password = Secret("pw")});
}

MATCHER_P2(SendsTo, url, authorization, "") {
  const auto* send = std::get_if<Send>(&arg);
  if (send == nullptr) {
    *result_listener << "which is action " << arg.index();
    return false;
  }
  const std::string sent(send->request.headers.get("Authorization").value_or("none"));
  *result_listener << "which goes to " << send->request.url << " with authorization " << sent;
  return send->request.url == url && sent == authorization;
}
MATCHER_P(WaitsUntil, passed, "") {
  const auto* wait = std::get_if<Wait>(&arg);
  if (wait == nullptr) return false;
  const auto until = std::chrono::duration_cast<std::chrono::milliseconds>(
      wait->until - std::chrono::steady_clock::time_point(1000h));
  *result_listener << "which waits until " << until.count() << " ms";
  return until == passed;
}
MATCHER_P(WantsToken, scopes, "") {
  const auto* fetch = std::get_if<FetchToken>(&arg);
  return fetch != nullptr &&
         ::testing::ExplainMatchResult(scopes, fetch->request.scopes, result_listener);
}
MATCHER_P(Finishes, status, "") {
  const auto* finish = std::get_if<Finish>(&arg);
  if (finish == nullptr) {
    *result_listener << "which is action " << arg.index();
    return false;
  }
  if (!finish->result) *result_listener << "with error " << finish->result.error().message;
  return finish->result && finish->result->status == status;
}
MATCHER_P2(FailsWith, code, message, "") {
  const auto* finish = std::get_if<Finish>(&arg);
  return finish != nullptr &&
         ::testing::ExplainMatchResult(HasError(code, message), finish->result, result_listener);
}

class ExchangeTest : public ::testing::Test {
 protected:
  Exchange make(Call call) { return Exchange(std::move(call), {.auth = &auth_}); }
  Exchange make() { return make(call_of()); }

  Authenticator auth_{*RegistryName::parse("r.test"), password(), {}};
};

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

// A-34: a presigned URL does not bear the registry's Authorization, and needs the Range.
TEST_F(ExchangeTest, AnotherOriginGetsNoAuthorizationAndNoCookie) {
  for (const char* target : {"https://cdn.test/blob?X-Signature=1", "https://r.test:444/v2/",
                             "https://cdn.r.test/", "https://r.test.evil/"}) {
    Call call = call_of();
    call.request.headers.add("Cookie", "c=1");
    Authenticator auth(*RegistryName::parse("r.test"), password(), {});
    Exchange x(call, {.auth = &auth});
    x.start(at(0s));
    x.on_response(challenge("Basic realm=r"), at(0s));
    const auto action = x.on_response(reply(307, {{"Location", target}}), at(0s));
    ASSERT_THAT(action, SendsTo(std::string(target), "none"));
    const auto& headers = std::get<Send>(action).request.headers;
    EXPECT_FALSE(headers.get("Cookie"));
    EXPECT_EQ(headers.get("Range"), "bytes=5-");
  }
}

// A-34
TEST_F(ExchangeTest, TheSameOriginKeepsTheAuthorization) {
  auto x = make();
  x.start(at(0s));
  x.on_response(challenge("Basic realm=r"), at(0s));
  EXPECT_THAT(x.on_response(reply(301, {{"Location", "/v2/b/"}}), at(0s)),
              SendsTo("https://r.test/v2/b/", "Basic bWU6cHc="));
}

// A-34: whoever was asked in between must not be able to send credentials anywhere.
TEST_F(ExchangeTest, TheWayBackFromAnotherOriginDoesNotRegainTheAuthorization) {
  auto x = make();
  x.start(at(0s));
  x.on_response(challenge("Basic realm=r"), at(0s));
  x.on_response(reply(307, {{"Location", "https://cdn.test/"}}), at(0s));
  EXPECT_THAT(x.on_response(reply(307, {{"Location", "https://r.test/x"}}), at(0s)),
              SendsTo("https://r.test/x", "none"));
}

// A-36 (CVE-2020-15157): the password is not sent to a redirect target that asks for it.
TEST_F(ExchangeTest, AChallengeOfARedirectTargetIsNotAnswered) {
  for (const char* field : {"Basic realm=r", kBearer}) {
    auto x = make();
    x.start(at(0s));
    x.on_response(reply(307, {{"Location", "https://cdn.test/blob"}}), at(0s));
    EXPECT_THAT(x.on_response(challenge(field), at(0s)),
                FailsWith(ErrorCode::bad_response, HasSubstr("cdn.test, which answered 401")));
  }
}

TEST_F(ExchangeTest, A404OfARedirectTargetIsNotTheRegistrysWord) {
  for (const int status : {404, 410, 416}) {
    auto x = make();
    x.start(at(0s));
    x.on_response(reply(307, {{"Location", "https://cdn.test/blob"}}), at(0s));
    EXPECT_THAT(x.on_response(reply(status), at(0s)), FailsWith(ErrorCode::bad_response, _));
  }
  auto x = make();
  x.start(at(0s));
  x.on_response(reply(307, {{"Location", "/elsewhere"}}), at(0s));
  EXPECT_THAT(x.on_response(reply(404), at(0s)), Finishes(404));
}

// A-36: a presigned URL that has expired; the registry gives a fresh one, twice at most.
TEST_F(ExchangeTest, AnExpiredPresignedUrlIsAskedOfTheRegistryAgainWithItsRange) {
  for (const int status : {400, 403}) {
    Authenticator auth(*RegistryName::parse("r.test"), password(), {});
    Exchange x(call_of(), {.auth = &auth});
    x.start(at(0s));
    x.on_response(challenge("Basic realm=r"), at(0s));
    for (const char* target : {"https://cdn.test/1", "https://cdn.test/2"}) {
      EXPECT_THAT(x.on_response(reply(307, {{"Location", target}}), at(0s)),
                  SendsTo(target, "none"));
      const auto again = x.on_response(reply(status), at(0s));
      ASSERT_THAT(again, SendsTo(kUrl, "Basic bWU6cHc="));
      EXPECT_EQ(std::get<Send>(again).request.headers.get("Range"), "bytes=5-");
    }
    x.on_response(reply(307, {{"Location", "https://cdn.test/3"}}), at(0s));
    EXPECT_THAT(x.on_response(reply(status), at(0s)),
                FailsWith(ErrorCode::bad_response,
                          HasSubstr("cdn.test, which answered " + std::to_string(status))));
  }
}

// A-35: what the registry leads to is no further inside than the registry was seen to be.
TEST_F(ExchangeTest, BoundsWhereARedirectMayLead) {
  using http::Zone;
  const auto bound = [&](std::optional<Zone> registry, const char* location,
                         const std::vector<std::string>& inner_hosts = {}) {
    Exchange x(call_of(), {.auth = &auth_, .inner_hosts = &inner_hosts});
    const auto first = x.start(at(0s));
    EXPECT_EQ(std::get<Send>(first).request.innermost_peer, Zone::link_local);
    auto response = reply(307, {{"Location", location}});
    if (registry) response.peer = http::Peer{"", *registry};
    return std::get<Send>(x.on_response(response, at(0s))).request.innermost_peer;
  };
  for (const Zone zone : {Zone::internet, Zone::private_network, Zone::this_machine}) {
    EXPECT_EQ(bound(zone, "https://cdn.test/"), zone);
    EXPECT_EQ(bound(zone, "/elsewhere"), Zone::link_local);
    EXPECT_EQ(bound(zone, "https://cdn.test/", {"cdn.test"}), Zone::link_local);
  }
  EXPECT_EQ(bound({}, "https://cdn.test/"), Zone::internet);
}

// A-35: not even by way of a third place, and not by an answer of that place.
TEST_F(ExchangeTest, TheBoundIsTheRegistrysAllTheWay) {
  auto x = make();
  x.start(at(0s));
  auto response = reply(307, {{"Location", "https://cdn.test/"}});
  response.peer = http::Peer{"", http::Zone::internet};
  x.on_response(response, at(0s));
  response = reply(307, {{"Location", "https://inside.test/"}});
  response.peer = http::Peer{"", http::Zone::this_machine};
  const auto action = x.on_response(response, at(0s));
  EXPECT_EQ(std::get<Send>(action).request.innermost_peer, http::Zone::internet);
}

// A-35
TEST_F(ExchangeTest, AnAddressTooFarInsideIsRefusedAndNotTriedAgain) {
  auto x = make();
  x.start(at(0s));
  x.on_response(reply(307, {{"Location", "https://cdn.test:8443/"}}), at(0s));
  const auto action = x.on_failure(
      {http::Failure::Kind::refused, "cdn.test is at 10.0.0.1, on a private network"}, at(0s));
  ASSERT_THAT(action, FailsWith(ErrorCode::refused, HasSubstr("cdn.test is at 10.0.0.1")));
  EXPECT_THAT(std::get<Finish>(action).result.error().hint,
              HasSubstr("--allow-inside cdn.test:8443"));
}

// A-33
TEST_F(ExchangeTest, ReadsFollowEveryKindOfRedirect) {
  for (const int status : {301, 302, 303, 307, 308}) {
    for (const char* method : {"GET", "HEAD"}) {
      auto x = make(call_of(method));
      x.start(at(0s));
      const auto action = x.on_response(reply(status, {{"Location", "x"}}), at(0s));
      ASSERT_THAT(action, SendsTo("https://r.test/v2/a/manifests/x", "none")) << status;
      EXPECT_EQ(std::get<Send>(action).request.method, method);
    }
  }
}

// A-33
TEST_F(ExchangeTest, WritesFollowOnly307And308WithinTheirOrigin) {
  for (const char* method : {"PUT", "POST", "PATCH", "DELETE"}) {
    for (const int status : {301, 302, 303}) {
      auto x = make(call_of(method));
      x.start(at(0s));
      EXPECT_THAT(x.on_response(reply(status, {{"Location", "/x"}}), at(0s)),
                  FailsWith(ErrorCode::refused, HasSubstr(method)));
    }
    for (const int status : {307, 308}) {
      auto x = make(call_of(method));
      x.start(at(0s));
      EXPECT_THAT(x.on_response(reply(status, {{"Location", "/x"}}), at(0s)),
                  SendsTo("https://r.test/x", "none"));
      EXPECT_THAT(x.on_response(reply(status, {{"Location", "https://other.test/"}}), at(0s)),
                  FailsWith(ErrorCode::refused, HasSubstr("other.test")));
    }
  }
}

// A-33, A-35
TEST_F(ExchangeTest, RefusesRedirectsThatLeadAstray) {
  const auto after = [&](const char* location) {
    auto x = make();
    x.start(at(0s));
    return x.on_response(reply(307, {{"Location", location}}), at(0s));
  };
  EXPECT_THAT(after("http://r.test/x"), FailsWith(ErrorCode::refused, HasSubstr("https to http")));
  EXPECT_THAT(after("file:///etc/passwd"), FailsWith(ErrorCode::bad_response, _));
  EXPECT_THAT(after("https://user:pw@r.test/"), FailsWith(ErrorCode::bad_response, _));
  EXPECT_THAT(after(kUrl), FailsWith(ErrorCode::bad_response, HasSubstr("circle")));
  auto x = make();
  x.start(at(0s));
  EXPECT_THAT(x.on_response(reply(307), at(0s)), Finishes(307));
}

// A-33
TEST_F(ExchangeTest, FollowsTenRedirectsAndNoMore) {
  auto x = make();
  x.start(at(0s));
  for (int i = 1; i <= 10; ++i) {
    const auto path = "/" + std::to_string(i);
    EXPECT_THAT(x.on_response(reply(307, {{"Location", path}}), at(0s)),
                SendsTo("https://r.test" + path, "none"));
  }
  EXPECT_THAT(x.on_response(reply(307, {{"Location", "/11"}}), at(0s)),
              FailsWith(ErrorCode::bad_response, HasSubstr("10 times")));
}

TEST_F(ExchangeTest, ARetryBeginsAtTheRegistryAgain) {
  auto x = make();
  x.start(at(0s));
  x.on_response(reply(307, {{"Location", "https://cdn.test/expired"}}), at(0s));
  EXPECT_THAT(x.on_response(reply(503), at(0s)), WaitsUntil(250ms));
  EXPECT_THAT(x.on_timer(at(0s)), SendsTo(kUrl, "none"));
}

class DeleteScopeTest : public ExchangeTest {
 protected:
  static constexpr char kDelete[] =
      R"(Bearer realm="https://r.test/token",service="r.test",scope="repository:a:delete",error="insufficient_scope")";

  static Call delete_of(const std::string& repository) {
    Call call = call_of("DELETE");
    call.scope = "repository:" + repository + ":delete";
    call.repository = repository;
    return call;
  }
  static Error refused_by_token_server(int status) {
    Error error{.code = ErrorCode::bad_response, .message = std::to_string(status)};
    error.http = HttpFailure{.status = status};
    return error;
  }
};

// A-13
TEST_F(DeleteScopeTest, AsksForTheRightByItsNextNameWhenTheRegistryWantsMore) {
  for (const bool by_challenge : {true, false}) {
    Authenticator auth(*RegistryName::parse("r.test"), password(), {});
    Exchange x(delete_of("a"), {.auth = &auth});
    const auto denied = [&] {
      return x.on_response(by_challenge ? challenge(kDelete) : reply(403), at(0s));
    };
    x.start(at(0s));
    EXPECT_THAT(x.on_response(challenge(kDelete), at(0s)),
                WantsToken(ElementsAre("repository:a:delete")));
    x.on_token(token("t1"), true);
    EXPECT_THAT(denied(), WantsToken(ElementsAre("repository:a:delete,pull,push")));
    x.on_token(token("t2"), true);
    EXPECT_THAT(denied(), WantsToken(ElementsAre("repository:a:*")));
    EXPECT_THAT(x.on_token(token("t3"), true), SendsTo(kUrl, "Bearer t3"));
    EXPECT_THAT(denied(), Finishes(by_challenge ? 401 : 403));
  }
}

// A-13: quay's token server answers 400 to `delete`. What it took is asked for first from then on.
TEST_F(DeleteScopeTest, RemembersTheNameThatTheRegistryTakes) {
  auto x = make(delete_of("a"));
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  EXPECT_THAT(x.on_token_error(refused_by_token_server(400)),
              WantsToken(ElementsAre("repository:a:delete,pull,push")));
  EXPECT_THAT(x.on_token_error(refused_by_token_server(400)),
              WantsToken(ElementsAre("repository:a:*")));
  x.on_token(token("t"), true);
  EXPECT_THAT(x.on_response(reply(202), at(0s)), Finishes(202));
  auto other = make(delete_of("b"));
  EXPECT_THAT(other.start(at(0s)), WantsToken(ElementsAre("repository:b:*")));
}

// A-13, A-23: a right that is not there is searched for once in each repository.
TEST_F(DeleteScopeTest, SearchesForARightThatIsNotThereOnce) {
  const auto tokens_until_denied = [&](const std::string& repository) {
    auto x = make(delete_of(repository));
    auto action = x.start(at(0s));
    int tokens = 0;
    while (!std::holds_alternative<Finish>(action)) {
      if (std::holds_alternative<FetchToken>(action)) {
        ++tokens;
        action = x.on_token(token("t"), true);
      } else {
        const bool authorized =
            std::get<Send>(action).request.headers.get("Authorization").has_value();
        action = x.on_response(authorized ? reply(403) : challenge(kBearer), at(0s));
      }
    }
    EXPECT_THAT(action, Finishes(403));
    return tokens;
  };
  EXPECT_EQ(tokens_until_denied("a"), 3);
  EXPECT_EQ(tokens_until_denied("a"), 1);
  EXPECT_EQ(tokens_until_denied("b"), 3);
}

// A wrong password must not be tried three times for one delete: that could lock the account.
TEST_F(DeleteScopeTest, APasswordThatWasNeverAcceptedIsNotTriedUnderAnotherName) {
  auto x = make(delete_of("a"));
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  EXPECT_THAT(x.on_token_error(refused_by_token_server(401)),
              FailsWith(ErrorCode::bad_response, "401"));

  auth_.credentials().note_accepted(auth_.credentials().find("a")->identity);
  auto good = make(delete_of("a"));
  EXPECT_THAT(good.start(at(0s)), WantsToken(_));
  EXPECT_THAT(good.on_token_error(refused_by_token_server(401)),
              WantsToken(ElementsAre("repository:a:delete,pull,push")));
}

// What the registry said to the token that there was says more than why there is no other.
TEST_F(DeleteScopeTest, TellsTheRegistrysOwnAnswerWhenThereIsNoOtherToken) {
  auto x = make(delete_of("a"));
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  x.on_token(token("t1"), true);
  x.on_response(reply(403), at(0s));
  EXPECT_THAT(x.on_token_error(refused_by_token_server(400)), WantsToken(_));
  EXPECT_THAT(x.on_token_error(refused_by_token_server(400)), Finishes(403));
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
