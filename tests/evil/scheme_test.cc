// Which scheme is spoken, and what a ping is worth (A-5 to A-9).
#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using EvilSchemeTest = EvilTest;
using EvilPingTest = EvilTest;

// A-5, C.1-3: the fallback of a ping. A name that is not one of this machine's own is spoken to in
// https wherever it leads.
TEST_F(EvilSchemeTest, IsNeverHttpWhereTlsFails) {
  EvilRegistry plain;
  plain.on("GET", "/v2/", page("{}"));
  const std::string port = std::to_string(plain.port());
  for (const std::string& registry : {"https://127.0.0.1:" + port, "registry.localhost:" + port}) {
    EXPECT_THAT(purser_as_alice({"ping", registry}), Fails(6, HasSubstr("TLS"))) << registry;
  }
  EXPECT_THAT(purser_as_alice({"tags", "registry.localhost:" + port + "/app"}),
              Fails(6, ::testing::_));
  EXPECT_EQ(plain.count(), 0U);
}

// A-5
TEST_F(EvilSchemeTest, IsHttpWhereItWasAskedFor) {
  EvilRegistry plain;
  plain.on("GET", "/v2/app/tags/list", page(R"({"tags":["v1"]})"));
  const std::string reference = "registry.localhost:" + std::to_string(plain.port()) + "/app";
  EXPECT_THAT(purser_({"tags", reference, "--plain-http"}), Answers("v1\n"));
}

// A-5: the certificate is not of an authority that is trusted.
TEST_F(EvilSchemeTest, SendsNothingOverAConnectionThatIsNotTrusted) {
  const CertificateAuthority stranger;
  EvilRegistry registry({.authority = &stranger});
  registry.challenge_with({basic()});
  EXPECT_THAT(purser_as_alice({"tags", registry.url("/app").substr(8), "-vv"}),
              ::testing::Field(&ProcessResult::exit_code, 6));
  EXPECT_EQ(registry.count(), 0U);
}

// A-6: whatever GET /v2/ would answer, the list is what was asked for.
TEST_F(EvilPingTest, IsNoConditionOfAnOperation) {
  const std::vector<Answer> answers = {
      error_answer(401, "UNAUTHORIZED", "who?"),
      error_answer(403, "DENIED", "no"),
      error_answer(404, "NOT_FOUND", "no"),
      error_answer(500, "UNKNOWN", "no"),
      {.response = {.status = 200, .body = "<html>Welcome</html>"}}};
  for (const Answer& answer : answers) {
    EvilRegistry registry;
    registry.on("GET", "/v2/", answer);
    registry.on("GET", "/v2/app/tags/list", page(R"({"tags":["v1"]})"));
    EXPECT_THAT(client_of(anonymous(registry)).tags(app_of(registry)),
                IsOkAndHolds(ElementsAre("v1")));
    EXPECT_EQ(registry.count(), 1U) << "one request, and no ping before it";
  }
}

// A-6: gcr.io once answered so.
TEST_F(EvilPingTest, TakesA401WithoutAChallengeForARegistry) {
  EvilRegistry registry;
  registry.on("GET", "/v2/", error_answer(401, "UNAUTHORIZED", "no entry"));
  for (const ProcessResult& ping :
       {purser_({"ping", registry.host()}), purser_as_alice({"ping", registry.host()})}) {
    EXPECT_THAT(ping, Answers("url\t" + registry.url("/v2/") +
                              "\nstatus\t401\nauth\tnone\nauthenticated\tno\n"));
  }
  // Of a password that could not be checked nothing is kept.
  EXPECT_THAT(purser_as_alice({"login", registry.host()}),
              Fails(4, AllOf(HasSubstr("401"), HasSubstr("nothing was kept"))));
  expect_no_secret(registry);
}

// A-6: by either scheme alike: what asks for a login is a registry, and a wrong password is wrong.
TEST_F(EvilPingTest, TellsWhatARegistryAsksForToWhoeverHasNoLogin) {
  EvilRegistry tokens;
  tokens.on("", "/token", error_answer(401, "UNAUTHORIZED", "no entry"));
  for (const auto& [scheme, realm] :
       {std::pair<std::string, std::string>("basic", "x"), {"bearer", tokens.url("/token")}}) {
    EvilRegistry registry;
    registry.on("GET", "/v2/", challenge({scheme + " realm=\"" + realm + "\""}));
    EXPECT_THAT(purser_({"ping", registry.host()}),
                Answers("url\t" + registry.url("/v2/") + "\nstatus\t401\nauth\t" + scheme +
                        "\nrealm\t" + realm + "\nauthenticated\tno\n"));
    EXPECT_THAT(purser_as_alice({"ping", registry.host()}), Fails(4, HasSubstr("did not accept")));
  }
}

// A-7, A-8
TEST_F(EvilPingTest, KnowsARegistryByItsAnswerAndNotByAHeader) {
  EvilRegistry registry;
  registry.on("GET", "/v2/", page("{}"));
  EXPECT_TRUE(purser_({"ping", registry.host()}).ok());
  registry.on("GET", "/v2/", page(""));
  EXPECT_TRUE(purser_({"ping", registry.host()}).ok());
  registry.on("GET", "/v2/",
              {.response = {.status = 200,
                            .headers = {{{"Docker-Distribution-API-Version", "registry/2.0"},
                                         {"Content-Type", "text/html"}}},
                            .body = "<html><title>Log in to the Wi-Fi</title></html>"}});
  EXPECT_THAT(purser_({"ping", registry.host()}), Fails(1, HasSubstr("not a registry")));
}

// A-9: both ways round, and neither is tried in the other scheme where the scheme was given.
TEST_F(EvilSchemeTest, IsExplainedWhereItIsTheWrongOne) {
  EvilRegistry plain;
  EXPECT_THAT(purser_({"tags", "registry.localhost:" + std::to_string(plain.port()) + "/app"}),
              Fails(6, AllOf(HasSubstr("TLS"), HasSubstr("--plain-http"))));
  EvilRegistry go;
  go.on("", "/",
        {.response = {.status = 400, .body = "Client sent an HTTP request to an HTTPS server.\n"}});
  EXPECT_THAT(purser_({"tags", go.host() + "/app", "--plain-http"}),
              Fails(1, AllOf(HasSubstr("speaks https"), HasSubstr("https://" + go.host()))));
  EXPECT_EQ(plain.count(), 0U);
}

}  // namespace
}  // namespace purser::testing
