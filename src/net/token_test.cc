#include "net/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace purser::net {
namespace {

using namespace std::chrono_literals;
using purser::testing::HasError;
using ::testing::_;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::steady_clock::time_point kNow{1000h};
constexpr char kRealm[] = "https://auth.test/token?x=1,2";

Result<Token> parse(const std::string& body) { return parse_token(body, kRealm, kNow); }

TokenRequest request(bool with_credential) {
  return {kRealm,
          "my \"svc\", v2",
          {"repository:a/b:pull", "repository:c:pull"},
          with_credential ? 1u : 0u,
          "https://r.test"};
}

Credential password() {
  return {.username = "me",
          .password = Secret("p:w"),
          .source = "~/.docker/config.json",
          .logout = "purser logout r.test:443/team"};
}

TokenFetch fetch_of(const TokenRequest& request, Credential credential = password()) {
  return TokenFetch(request, std::make_shared<const Credential>(std::move(credential)),
                    "r.test:443");
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

Error error_of(TokenRequest request, const http::Response& answer,
               const Credential& credential = password()) {
  auto fetch = fetch_of(request, credential);
  const auto outcome = fetch.on_answer(answer, kNow);
  const auto* token = std::get_if<Result<Token>>(&outcome);
  if (token == nullptr || *token) return {.message = "no error"};
  return token->error();
}

// A-18, A-88: whatever shape it has.
TEST(TokenFetchTest, TellsWhatTheServerSaid) {
  for (const char* body : {R"({"errors":[{"code":"DENIED","message":"no such account"}]})",
                           R"({"details":"no such account"})", R"({"error":"no such account"})",
                           "no such account.\n"}) {
    for (const int status : {400, 401, 403, 404, 429, 503}) {
      for (const bool known : {true, false}) {
        const Error error = error_of(request(known), {status, {}, body});
        EXPECT_THAT(error.message, HasSubstr(": no such account")) << status << body;
        EXPECT_THAT(error.message, HasSubstr(std::to_string(status))) << body;
        EXPECT_THAT(error.hint, Not(::testing::IsEmpty())) << status;
        ASSERT_TRUE(error.http);
        EXPECT_EQ(error.http->server_message.substr(0, 15), "no such account");
      }
    }
  }
  const Error error = error_of(request(true), {401, {}, "\x1b[2J" + std::string(5000, 'x')});
  EXPECT_THAT(error.message, Not(HasSubstr("\x1b")));
  EXPECT_LT(error.message.size(), 600u);
}

TEST(TokenFetchTest, AForbiddenRequestWithAReasonIsNoWrongPassword) {
  const Error reason =
      error_of(request(true), {403, {}, R"({"errors":[{"message":"plan has ended"}]})"});
  EXPECT_EQ(reason.code, ErrorCode::forbidden);
  EXPECT_THAT(reason.message, Not(HasSubstr("did not accept")));
  EXPECT_THAT(reason.message, HasSubstr("(user me) (403): plan has ended"));
  EXPECT_EQ(error_of(request(true), {403, {}, ""}).code, ErrorCode::unauthorized);
  EXPECT_EQ(error_of(request(true), {401, {}, "expired"}).code, ErrorCode::unauthorized);
}

// A-24: what is public is there for nobody too.
TEST(TokenFetchTest, SaysThatAPublicRepositoryCanBeReadWithoutCredentials) {
  const std::string advice = "log out with `purser logout r.test:443/team` and try without";
  Credential typed = password();
  typed.logout.clear();
  for (const int status : {401, 403}) {
    for (const char* body : {"", "no"}) {
      EXPECT_THAT(error_of(request(true), {status, {}, body}).hint, HasSubstr(advice));
      EXPECT_THAT(error_of(request(true), {status, {}, body}, typed).hint,
                  AllOf(HasSubstr("r.test:443"), Not(HasSubstr("log out"))))
          << "there is no login to be without";
      EXPECT_THAT(error_of(request(false), {status, {}, body}).hint,
                  AllOf(HasSubstr("purser login r.test:443"), Not(HasSubstr("logout"))));
      TokenRequest push = request(true);
      push.scopes.push_back("repository:c:pull,push");
      EXPECT_THAT(error_of(push, {status, {}, body}).hint,
                  AllOf(HasSubstr("r.test:443"), Not(HasSubstr("logout"))));
    }
  }
}

// A-18
TEST(TokenFetchTest, TellsWhatAnAnswerWithoutATokenIs) {
  const Error page =
      error_of(request(true), {200, {}, "<html><title>Log in to the\x1b[2J Wi-Fi</title></html>"});
  EXPECT_EQ(page.code, ErrorCode::bad_response);
  EXPECT_THAT(page.message, HasSubstr("answered 200 with something that is not JSON: an HTML page, "
                                      "\"Log in to the"));
  EXPECT_THAT(page.message, AllOf(HasSubstr("Wi-Fi"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(page.hint, HasSubstr("r.test:443"));
  EXPECT_THAT(error_of(request(true), {200, {}, "down for maintenance"}).message,
              HasSubstr("200 with something that is not JSON: down for maintenance"));
  EXPECT_THAT(error_of(request(true), {200, {}, R"({"error":"no licence"})"}).message,
              HasSubstr("200 without a token: no licence"));
}

// C.1-15: neither a token that could not be read, nor a password that is repeated.
TEST(TokenFetchTest, TellsNoSecretOfAnAnswerWithoutAToken) {
  const std::string jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9";
  for (const std::string& body : {R"({"token":")" + jwt, R"({"token":"a","token":")" + jwt + "\"}",
                                  jwt, "your token: " + jwt, "<title>" + jwt + "</title>"}) {
    const Error error = error_of(request(true), {200, {}, body});
    EXPECT_EQ(error.code, ErrorCode::bad_response);
    EXPECT_THAT(to_string(error), Not(HasSubstr("eyJ"))) << body;
    EXPECT_THAT(error.http->server_message, Not(HasSubstr("eyJ"))) << body;
  }
  Credential credential = password();
  credential.password = Secret("hunter2hunter2");
  EXPECT_THAT(
      error_of(request(true), {200, {}, "<title>hunter2hunter2 is wrong</title>"}, credential)
          .message,
      AllOf(HasSubstr("*** is wrong"), Not(HasSubstr("hunter2"))));
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
