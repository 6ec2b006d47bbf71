#include "net/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace purser::net {
namespace {

using namespace std::chrono_literals;
using purser::testing::HasError;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::steady_clock::time_point kNow{1000h};
constexpr char kRealm[] = "https://auth.test/token?x=1,2";

Result<Token> parse(const std::string& body) { return parse_token(body, kRealm, kNow); }

TokenRequest request(bool with_credential) {
  return {kRealm,
          "my \"svc\", v2",
          {"repository:a/b:pull", "repository:c:pull"},
          with_credential ? 1u : 0u};
}

Credential password() {
  return {.username = "me", .password = Secret("p:w"), .source = "~/.docker/config.json"};
}

TokenFetch fetch_of(const TokenRequest& request, Credential credential = password()) {
  return TokenFetch(request, std::make_shared<const Credential>(std::move(credential)));
}

// A-14, A-16: a query in the realm stays, each scope is a parameter of its own.
TEST(TokenFetchTest, AsksWithTheRealmsQueryServiceAndScopes) {
  const auto get = fetch_of(request(true)).first();
  EXPECT_EQ(get.method, "GET");
  EXPECT_EQ(get.url,
            "https://auth.test/token?x=1,2&service=my%20%22svc%22%2C%20v2"
            "&scope=repository%3Aa%2Fb%3Apull&scope=repository%3Ac%3Apull&client_id=purser"
            "&account=me");
  EXPECT_EQ(get.headers.get("Authorization"), "Basic bWU6cDp3");
  EXPECT_EQ(get.max_body_bytes, kMaxTokenAnswerBytes);
}

// A-24, and: the password is not sent to a realm that may be asked only anonymously.
TEST(TokenFetchTest, AsksAnonymouslyWithoutAnyTraceOfTheUser) {
  const auto get = fetch_of(request(false)).first();
  EXPECT_FALSE(get.headers.get("Authorization"));
  EXPECT_THAT(get.url, Not(HasSubstr("account")));
}

// A-35: what the realm may be connected to is part of the request for it.
TEST(TokenFetchTest, BoundsWhereTheRealmMayBe) {
  auto bounded = request(true);
  bounded.innermost_peer = http::Zone::private_network;
  EXPECT_EQ(fetch_of(bounded).first().innermost_peer, http::Zone::private_network);
  Credential credential = password();
  credential.identity_token = Secret("r");
  EXPECT_EQ(fetch_of(bounded, credential).first().innermost_peer, http::Zone::private_network);
}

// A-17
TEST(TokenFetchTest, AnIdentityTokenIsPostedAndFallsBackToThePassword) {
  Credential credential = password();
  credential.identity_token = Secret("re&fresh");
  for (const int status : {400, 401, 404, 405}) {
    auto fetch = fetch_of(request(true), credential);
    const auto post = fetch.first();
    EXPECT_EQ(post.method, "POST");
    EXPECT_EQ(post.url, kRealm);
    EXPECT_EQ(*post.body,
              "grant_type=refresh_token&client_id=purser&service=my%20%22svc%22%2C%20v2"
              "&scope=repository%3Aa%2Fb%3Apull%20repository%3Ac%3Apull&refresh_token=re%26fresh");
    const auto next = fetch.on_answer({status, {}, {}}, kNow);
    ASSERT_TRUE(std::holds_alternative<http::Request>(next)) << status;
    EXPECT_EQ(std::get<http::Request>(next).headers.get("Authorization"), "Basic bWU6cDp3");
  }
  credential.password = Secret();
  auto fetch = fetch_of(request(true), credential);
  EXPECT_THAT(std::get<Result<Token>>(fetch.on_answer({401, {}, {}}, kNow)),
              HasError(ErrorCode::unauthorized,
                       HasSubstr("did not accept the identity token of ~/.docker/config.json")));
}

TEST(TokenFetchTest, TellsWhyThereIsNoToken) {
  const auto error = [](bool known, int status) {
    auto fetch = fetch_of(request(known));
    return std::get<Result<Token>>(fetch.on_answer({status, {}, "<html>no</html>"}, kNow));
  };
  EXPECT_THAT(error(true, 401), HasError(ErrorCode::unauthorized,
                                         HasSubstr("did not accept the user name and password of "
                                                   "~/.docker/config.json (user me) (401)")));
  EXPECT_THAT(error(false, 403), HasError(ErrorCode::unauthorized, HasSubstr("without")));
  EXPECT_THAT(error(true, 307), HasError(ErrorCode::bad_response, HasSubstr("redirect")));
  EXPECT_THAT(error(true, 404), HasError(ErrorCode::bad_response, HasSubstr("404")));
  EXPECT_THAT(error(true, 429), HasError(ErrorCode::rate_limited, _));
  EXPECT_THAT(error(true, 503), HasError(ErrorCode::unreachable, HasSubstr("x=***")));
}

// A-18
TEST(TokenTest, TakesEitherName) {
  EXPECT_EQ(parse(R"({"token":"t"})")->text.reveal(), "t");
  EXPECT_EQ(parse(R"({"access_token":"a"})")->text.reveal(), "a");
  EXPECT_EQ(parse(R"({"access_token":"a","token":""})")->text.reveal(), "a");
  EXPECT_EQ(parse(R"({"access_token":"a","token":"t"})")->text.reveal(), "t");
}

// A-18: a line break would begin a header of the server's choice.
TEST(TokenTest, RejectsWhatIsNoToken) {
  for (const char* body :
       {R"({})", R"({"token":""})", R"({"token":null})", R"({"token":7})", R"(["token"])", "<html>",
        "", R"({"token":"a\r\nX: y"})", R"({"token":"a b"})", R"({"token":"a\u0000"})",
        R"({"token":"ä"})", R"({"token":"a\u007f"})"}) {
    EXPECT_THAT(parse(body), HasError(ErrorCode::bad_response, HasSubstr("auth.test"))) << body;
  }
}

// A-19
TEST(TokenTest, LivesAsLongAsItSaysWithinBounds) {
  const auto life = [](const std::string& member) {
    return parse(R"({"token":"t")" + member + "}")->expires - kNow;
  };
  EXPECT_EQ(life(""), 50s);
  EXPECT_EQ(life(R"(,"expires_in":0)"), 50s);
  EXPECT_EQ(life(R"(,"expires_in":-5)"), 50s);
  EXPECT_EQ(life(R"(,"expires_in":59)"), 50s);
  EXPECT_EQ(life(R"(,"expires_in":"300")"), 50s);
  EXPECT_EQ(life(R"(,"expires_in":300)"), 290s);
  EXPECT_EQ(life(R"(,"expires_in":300,"issued_at":"2001-01-01T00:00:00Z")"), 290s);
  EXPECT_EQ(life(R"(,"expires_in":99999999999)"), 24h - 10s);
}

// A-20
TEST(TokenRequestTest, TheSameNeedHasTheSameKey) {
  auto other = request(true);
  std::swap(other.scopes[0], other.scopes[1]);
  EXPECT_EQ(other.key(), request(true).key());
  EXPECT_NE(request(false).key(), request(true).key());
  other.scopes.pop_back();
  EXPECT_NE(other.key(), request(true).key());
  other = request(true);
  other.service = "x";
  EXPECT_NE(other.key(), request(true).key());
  other = request(true);
  other.origin = "https://other.test";
  EXPECT_NE(other.key(), request(true).key());
}

}  // namespace
}  // namespace purser::net
