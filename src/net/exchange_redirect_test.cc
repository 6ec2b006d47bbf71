#include "net/exchange_fixture.h"

namespace purser::net {
namespace {

// a presigned URL does not bear the registry's Authorization, and needs the Range.
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

//
TEST_F(ExchangeTest, TheSameOriginKeepsTheAuthorization) {
  auto x = make();
  x.start(at(0s));
  x.on_response(challenge("Basic realm=r"), at(0s));
  EXPECT_THAT(x.on_response(reply(301, {{"Location", "/v2/b/"}}), at(0s)),
              SendsTo("https://r.test/v2/b/", "Basic bWU6cHc="));
}

// whoever was asked in between must not be able to send credentials anywhere.
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

// a presigned URL that has expired; the registry gives a fresh one, twice at most.
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

// what the registry leads to is no further inside than the registry was seen to be.
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
    EXPECT_EQ(bound(zone, "/elsewhere"), zone);
    EXPECT_EQ(bound(zone, "/elsewhere", {"r.test"}), Zone::link_local);
    EXPECT_EQ(bound(zone, "https://cdn.test/", {"cdn.test"}), Zone::link_local);
  }
  EXPECT_EQ(bound({}, "https://cdn.test/"), Zone::internet);
  EXPECT_EQ(bound({}, "/elsewhere"), Zone::link_local);
}

// not even by way of a third place, and not by an answer of that place.
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

//
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

//
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

//
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

//
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

//
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

}  // namespace
}  // namespace purser::net
