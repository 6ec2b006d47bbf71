// What a registry may ask for, and what its token server may answer (A-10 to A-27).
#include <fmt/format.h>

#include <latch>

#include "testing/certificates.h"
#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class EvilChallengeTest : public EvilTest {
 protected:
  static constexpr const char* kList = "/v2/app/tags/list";

  EvilChallengeTest() {
    registry_.on("GET", kList, page(R"({"tags":["v1"]})"));
    tokens_.on("", "/token", token_answer("t0ken"));
  }
  static Answer token_answer(const std::string& token) {
    return json_answer(200, R"({"token":")" + token + "\"}");
  }
  std::string bearer(const std::string& more = ",service=\"x\"") const {
    return "Bearer realm=\"" + tokens_.url("/token") + "\"" + more;
  }
  Result<std::vector<std::string>> tags() const {
    return client_of(as_alice(registry_)).tags(app_of(registry_));
  }
  // Only the password of this registry, and only in the clear words of Basic.
  std::string alice() const { return "Basic " + padded(base64url("alice:" + password_)); }
  static std::string padded(std::string text) {
    while (text.size() % 4 != 0) text += '=';
    return text;
  }

  EvilRegistry registry_;
  EvilRegistry tokens_;
};

// A-10, A-16: a sample of a live registry.
TEST_F(EvilChallengeTest, IsReadWithQuotesAndCommasInItsValues) {
  registry_.challenge_with({"Bearer realm=\"" + tokens_.url("/token?x=1,2") +
                            R"(",service="my \"svc\", v2",scope="repository:app:pull")"});
  EXPECT_THAT(tags(), IsOkAndHolds(ElementsAre("v1")));
  ASSERT_EQ(tokens_.count(), 1U);
  const WireRequest asked = tokens_.requests().front();
  EXPECT_THAT(asked.target, StartsWith("/token?x=1,2&"));
  EXPECT_THAT(asked.query("service"), ElementsAre("my \"svc\", v2"));
  EXPECT_THAT(asked.query("scope"), ElementsAre("repository:app:pull"));
  EXPECT_THAT(asked.query("client_id"), SizeIs(1));
  EXPECT_EQ(asked.headers.get("Authorization"), alice());
  EXPECT_THAT(registry_.authorizations(), ElementsAre("Bearer t0ken"));
}

// A-10: in headers of their own, in one, in any case, among schemes that nobody knows.
TEST_F(EvilChallengeTest, IsFoundAmongOthers) {
  for (const std::vector<std::string>& challenges : std::vector<std::vector<std::string>>{
           {"Negotiate", "Digest realm=\"a\", nonce=\"b\"", bearer()},
           {"Negotiate dG9rZW42OA==, " + bearer()},
           {basic() + ", " + bearer()},
           {bearer() + ", " + basic()},
           {"bEaReR\tReAlM = \"" + tokens_.url("/token") + "\" ,\tSERVICE=x"}}) {
    EvilRegistry registry;
    registry.on("GET", kList, page(R"({"tags":["v1"]})"));
    registry.challenge_with(challenges);
    EXPECT_THAT(client_of(as_alice(registry)).tags(app_of(registry)), IsOk()) << challenges.back();
    // A-11: a token is worth less to whoever steals it than a password.
    EXPECT_THAT(registry.authorizations(), ElementsAre("Bearer t0ken"));
  }
}

// A-11: of two realms the one that may be asked.
TEST_F(EvilChallengeTest, IsAnsweredAtTheFirstRealmThatMayBeAsked) {
  registry_.challenge_with(
      {"Bearer realm=\"https://auth.example.com/token\",service=\"x\"", bearer()});
  EXPECT_THAT(tags(), IsOk());
  EXPECT_EQ(tokens_.count(), 1U);
}

// A-11: what stands behind 16 KiB of it is not looked at.
TEST_F(EvilChallengeTest, IsReadNoFurtherThan16KiB) {
  registry_.challenge_with({"Bearer a=\"" + std::string(17'000, 'x') + "\",realm=\"" +
                            tokens_.url("/token") + "\",service=\"x\""});
  EXPECT_THAT(tags(), HasError(ErrorCode::bad_response, HasSubstr("no realm")));
  std::vector<std::string> many(17, "Negotiate");
  many.push_back(bearer());
  registry_.challenge_with(many);
  EXPECT_THAT(tags(), HasError(ErrorCode::unsupported));
  EXPECT_EQ(tokens_.count(), 0U);
}

// A-12
TEST_F(EvilChallengeTest, WithoutARealmIsAnErrorThatNamesTheHeader) {
  registry_.challenge_with({"Bearer service=\"x\""});
  EXPECT_THAT(tags(), HasError(ErrorCode::bad_response, HasSubstr("WWW-Authenticate")));
  expect_no_secret(registry_);
}

// A-12: and never no scope at all, which some token servers take for every scope.
TEST_F(EvilChallengeTest, WithoutServiceAndScopeIsAnsweredWithWhatIsNeeded) {
  registry_.challenge_with({bearer("")});
  EXPECT_THAT(tags(), IsOk());
  const WireRequest asked = tokens_.requests().front();
  EXPECT_THAT(asked.query("service"), IsEmpty());
  EXPECT_THAT(asked.query("scope"), ElementsAre("repository:app:pull"));
}

// A-14
TEST_F(EvilChallengeTest, OfTwoScopesIsAnsweredWithBoth) {
  registry_.challenge_with(
      {bearer(",service=\"x\",scope=\"repository:a/b:pull,push repository:app:pull\"")});
  EXPECT_THAT(tags(), IsOk());
  EXPECT_THAT(tokens_.requests().front().query("scope"),
              ElementsAre("repository:a/b:pull,push", "repository:app:pull"));
}

// A-17: first the identity token; the password, where there is one, only after that was refused.
TEST_F(EvilChallengeTest, IsAnsweredWithTheIdentityTokenFirst) {
  registry_.challenge_with({bearer()});
  Credential credential;
  credential.username = "alice";
  credential.identity_token = Secret("ident/ity token");
  ClientOptions options = anonymous(registry_);
  const RegistryName name = RegistryName::parse(registry_.host()).value();
  options.credentials = single_credential(name, credential);
  EXPECT_THAT(client_of(options).tags(app_of(registry_)), IsOk());
  ASSERT_EQ(tokens_.count("POST"), 1U);
  const WireRequest asked = tokens_.requests().front();
  EXPECT_EQ(asked.target, "/token") << "a secret in a URL is in every log";
  EXPECT_FALSE(asked.headers.has("Authorization"));
  EXPECT_THAT(form_values(asked.body, "grant_type"), ElementsAre("refresh_token"));
  EXPECT_THAT(form_values(asked.body, "refresh_token"), ElementsAre("ident/ity token"));

  for (const int status : {404, 405, 400, 401}) {
    tokens_.on("POST", "/token", error_answer(status, "UNSUPPORTED", "no"));
    EXPECT_FALSE(client_of(options).tags(app_of(registry_))) << status;
    EXPECT_EQ(tokens_.count("GET"), 0U);
  }
  credential.password = Secret(password_);
  options.credentials = single_credential(name, credential);
  EXPECT_THAT(client_of(options).tags(app_of(registry_)), IsOk());
  EXPECT_EQ(tokens_.requests().back().headers.get("Authorization"), alice());
}

// A-18, C.1-14: a line break in a token would begin a header of the server's choice.
TEST_F(EvilChallengeTest, IsNotAnsweredWithATokenThatBreaksAHeader) {
  registry_.challenge_with({bearer()});
  for (const char* token : {R"(a\r\nX-Evil: 1)", R"(a\nb)", R"(a\u0000b)", R"(a b)", R"(a\u00e9)",
                            R"(a\u001b[2J)", R"(a\tb)", R"(\u202ea)"}) {
    tokens_.on("", "/token", token_answer(token));
    EXPECT_THAT(tags(), HasError(ErrorCode::bad_response, HasSubstr("header"))) << token;
    const ProcessResult result = purser_as_alice({"tags", registry_.host() + "/app", "-vv"});
    EXPECT_FALSE(result.ok()) << token;
    EXPECT_THAT(result.err, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("X-Evil")))) << token;
  }
  for (const WireRequest& request : registry_.requests()) {
    EXPECT_FALSE(request.headers.has("Authorization"));
    EXPECT_FALSE(request.headers.has("X-Evil"));
  }
}

// A-18
TEST_F(EvilChallengeTest, IsAnErrorWhereTheTokenAnswerIsNone) {
  registry_.challenge_with({bearer()});
  for (const char* body :
       {"", "<html>Log in</html>", "{}", "[]", "null", R"({"token":""})", R"({"token":7})",
        R"({"token":null,"access_token":""})", R"({"token":"a","token":"b"})", R"({"token":"a")"}) {
    tokens_.on("", "/token", json_answer(200, body));
    EXPECT_THAT(tags(), HasError(ErrorCode::bad_response, HasSubstr("answered 200 with"))) << body;
  }
  tokens_.on("", "/token", json_answer(200, "<html><title>Log in\x1b[2J</title></html>"));
  EXPECT_THAT(tags(), HasError(ErrorCode::bad_response,
                               AllOf(HasSubstr("answered 200 with something that is not JSON"),
                                     HasSubstr("an HTML page, \"Log in"), Not(HasSubstr("\x1b")))));
  tokens_.on("", "/token", error_answer(403, "DENIED", "the account is locked"));
  EXPECT_THAT(tags(), HasError(ErrorCode::forbidden, HasSubstr("(403): the account is locked")));
  tokens_.on("", "/token", json_answer(200, R"({"token":"","access_token":"t0ken"})"));
  EXPECT_THAT(tags(), IsOk());
}

// A-18, C.1-5
TEST_F(EvilChallengeTest, IsAnErrorWhereTheTokenAnswerIsOver64KiB) {
  registry_.challenge_with({bearer()});
  const std::string huge = R"({"token":"t","x":")" + std::string(70'000, 'x') + "\"}";
  tokens_.on("", "/token", json_answer(200, huge));
  EXPECT_THAT(tags(), HasError(ErrorCode::too_large));
  tokens_.on("", "/token", json_answer(200, huge, {{"Transfer-Encoding", "chunked"}}));
  EXPECT_THAT(tags(), HasError(ErrorCode::too_large));
}

// A-19: what a server says of a token's life is no reason to ask for one with each request.
TEST_F(EvilChallengeTest, IsNotRepeatedForATokenWithAStrangeLife) {
  registry_.challenge_with({bearer()});
  for (const char* life : {"0", "-1", "1", "\"300\"", "null", "99999999999999999999"}) {
    tokens_.on("", "/token",
               json_answer(200, fmt::format(R"({{"token":"t0ken","expires_in":{},)"
                                            R"("issued_at":"2099-01-01T00:00:00Z"}})",
                                            life)));
    tokens_.server().forget_requests();
    const Client client = client_of(as_alice(registry_));
    EXPECT_THAT(client.tags(app_of(registry_)), IsOk()) << life;
    EXPECT_THAT(client.tags(app_of(registry_)), IsOk()) << life;
    EXPECT_EQ(tokens_.count(), 1U) << life;
  }
}

// A-20: a hundred 401s, each of them sent when all the hundred requests are there.
TEST_F(EvilChallengeTest, AHundredTimesAtOnceIsAnsweredByOneToken) {
  constexpr std::ptrdiff_t kAtOnce = 100;
  std::latch all_there(kAtOnce);
  registry_.on("HEAD", "/v2/app/manifests/", [&](const WireRequest& request) {
    if (request.headers.has("Authorization")) return manifest_answer(image_);
    all_there.arrive_and_wait();
    return challenge({bearer()});
  });
  ClientOptions options = as_alice(registry_);
  options.in_flight = kAtOnce;
  std::ptrdiff_t asked = 0;
  std::ptrdiff_t answered = 0;
  EXPECT_THAT(client_of(options).head_each(
                  [&]() -> std::optional<Reference> {
                    return asked++ < kAtOnce ? std::optional(v1_of(registry_)) : std::nullopt;
                  },
                  [&](const Reference&, Result<Descriptor> head) { answered += head ? 1 : 0; }),
              IsOk());
  EXPECT_EQ(answered, kAtOnce);
  EXPECT_EQ(tokens_.count(), 1U);
  EXPECT_EQ(registry_.count("HEAD"), 200U);
}

// A-21, C.1-22: the same words again would get the same answer.
TEST_F(EvilChallengeTest, IsNotAnsweredForEver) {
  registry_.on("", "/", challenge({bearer()}));
  EXPECT_THAT(tags(), HasError(ErrorCode::forbidden));  // the token server took the password
  EXPECT_EQ(tokens_.count(), 1U);
  EXPECT_EQ(registry_.count(), 2U);
  // One that asks for something else each time.
  std::size_t times = 0;
  registry_.on("", "/", [&](const WireRequest&) {
    return challenge({bearer(fmt::format(
        ",service=\"x\",error=\"insufficient_scope\",scope=\"repository:app:x{}\"", ++times))});
  });
  EXPECT_FALSE(tags());
  EXPECT_LE(times, 6U);
}

// A-22, A-23: the credentials are good, and a right is missing.
TEST_F(EvilChallengeTest, ForMoreThanTheTokenGrantsIsALackOfRights) {
  registry_.on("", "/",
               challenge({bearer(",service=\"x\",scope=\"repository:app:pull\","
                                 "error=\"insufficient_scope\"")}));
  EXPECT_THAT(tags(), HasError(ErrorCode::forbidden));
  EXPECT_EQ(tokens_.count(), 1U);
}

// A-22: one more right, asked for once, together with the others.
TEST_F(EvilChallengeTest, ForOneMoreScopeIsAnsweredOnce) {
  tokens_.on("", "/token", [&](const WireRequest& request) {
    return token_answer(request.query("scope").size() > 1 ? "more" : "less");
  });
  registry_.on("GET", kList, [&](const WireRequest& request) {
    if (request.headers.get("Authorization") == "Bearer more") return page(R"({"tags":["v1"]})");
    return challenge({bearer(request.headers.has("Authorization")
                                 ? ",service=\"x\",scope=\"repository:base:pull\","
                                   "error=\"insufficient_scope\""
                                 : ",service=\"x\"")});
  });
  EXPECT_THAT(tags(), IsOk());
  EXPECT_EQ(tokens_.count(), 2U);
}

// A-24
TEST_F(EvilChallengeTest, IsAnsweredAnonymouslyWithoutCredentials) {
  registry_.challenge_with({bearer()});
  EXPECT_THAT(client_of(anonymous(registry_)).tags(app_of(registry_)), IsOk());
  expect_no_secret(tokens_);
  tokens_.on("", "/token", error_answer(401, "UNAUTHORIZED", "log in"));
  EXPECT_THAT(client_of(anonymous(registry_)).tags(app_of(registry_)),
              HasError(ErrorCode::unauthorized, HasSubstr("without credentials (401): log in")));
  // Who has a login is told that none may do; nothing is sent without it unasked. What was typed is
  // no login that could be taken away.
  EXPECT_THAT(purser_as_alice({"tags", registry_.host() + "/app"}),
              Fails(4, Not(HasSubstr("purser logout"))));
  purser_.home().write("config.json",
                       R"({"auths":{")" + registry_.host() + R"(":{"auth":"dTpw"}}})");
  EXPECT_THAT(purser_({"tags", registry_.host() + "/app"}),
              Fails(4, HasSubstr("if the repository is public, log out with `purser logout " +
                                 registry_.host() + "` and try without")));
}

// A-26
TEST_F(EvilChallengeTest, ForBasicIsNotAnsweredBeforeItIsPut) {
  EXPECT_THAT(tags(), IsOk());
  expect_no_secret(registry_);
  registry_.challenge_with({basic()});
  EXPECT_THAT(client_of(anonymous(registry_)).tags(app_of(registry_)),
              HasError(ErrorCode::unauthorized));
  expect_no_secret(registry_);
  EXPECT_THAT(tags(), IsOk());
  EXPECT_THAT(registry_.authorizations(), ElementsAre(alice()));
}

// A-27: with a length of 144 and no body behind it.
TEST_F(EvilChallengeTest, ToAHeadDoesNotHang) {
  registry_.on("HEAD", "/v2/app/manifests/", manifest_answer(image_));
  registry_.challenge_with({basic()});
  EXPECT_THAT(
      client_of(as_alice(registry_)).head(v1_of(registry_), {.deadline = std::chrono::seconds(20)}),
      IsOk());
  EXPECT_EQ(registry_.count("HEAD"), 2U);
}

// C.1-2: nor to what is no address of a token server.
TEST_F(EvilChallengeTest, NamesNoRealmThatMakesAnotherAddressOfIt) {
  for (const std::string& realm : std::vector<std::string>{
           "http://alice@" + tokens_.host() + "/token", "unix:/run/x", "file:///etc/passwd",
           "//" + tokens_.host() + "/token", "/token", "ftp://" + tokens_.host() + "/token",
           "http://" + tokens_.host() + "\\@evil.example.com/token",
           "https://" + tokens_.host() + "/tok en", "http://169.254.169.254/latest/meta-data",
           "http://[fe80::1]/token", "http://10.0.0.1/token", "https://192.0.2.1/token"}) {
    registry_.challenge_with({"Bearer realm=\"" + realm + "\",service=\"x\""});
    const auto read = tags();
    ASSERT_FALSE(read) << realm;
    EXPECT_THAT(read.error().code, ::testing::AnyOf(ErrorCode::bad_response, ErrorCode::refused))
        << realm;
  }
  EXPECT_EQ(tokens_.count(), 0U);
  expect_no_secret(registry_);
}

// C.1-2: a token request with a password is sent on to nobody.
TEST_F(EvilChallengeTest, LeadsATokenRequestNoFurtherThanItsRealm) {
  EvilRegistry elsewhere;
  elsewhere.on("", "/", token_answer("stolen"));
  registry_.challenge_with({bearer()});
  for (const int status : {301, 302, 303, 307, 308}) {
    tokens_.on("", "/token", redirect(status, elsewhere.url("/token")));
    EXPECT_THAT(tags(), HasError(ErrorCode::bad_response, HasSubstr("redirect"))) << status;
  }
  EXPECT_EQ(elsewhere.count(), 0U);
}

// C.1-2, C.1-16: a registry that names the token server of another one gets what belongs to it, and
// not what belongs to the other.
TEST_F(EvilChallengeTest, ForThePasswordOfAnotherRegistryGetsItNot) {
  EvilRegistry evil;
  evil.on("GET", kList, page(R"({"tags":["v1"]})"));
  evil.challenge_with({bearer()});
  registry_.challenge_with({bearer()});
  purser_.home().write("config.json", R"({"auths":{")" + registry_.host() + R"(":{"auth":")" +
                                          alice().substr(std::string_view("Basic ").size()) +
                                          R"("},")" + evil.host() +
                                          R"(":{"auth":"bWFsbG9yeTptYWxsb3J5cw=="}}})");
  EXPECT_THAT(purser_({"tags", evil.host() + "/app"}), Answers("v1\n"));
  EXPECT_THAT(tokens_.authorizations(), ElementsAre("Basic bWFsbG9yeTptYWxsb3J5cw=="));
  EXPECT_THAT(purser_({"tags", registry_.host() + "/app"}), Answers("v1\n"));
  EXPECT_EQ(tokens_.authorizations().back(), alice());
}

// C.1-14: what the registry says of itself is data in the query of the token request, not more of
// it.
TEST_F(EvilChallengeTest, CannotWriteAQueryOfItsOwn) {
  registry_.challenge_with(
      {bearer(R"(,service="x&scope=repository:victim:* HTTP/1.1#",scope="repository:app:pull")")});
  EXPECT_THAT(tags(), IsOk());
  const WireRequest asked = tokens_.requests().front();
  EXPECT_THAT(asked.query("service"), ElementsAre("x&scope=repository:victim:* HTTP/1.1#"));
  EXPECT_THAT(asked.query("scope"), ElementsAre("repository:app:pull"));
}

}  // namespace
}  // namespace purser::testing
