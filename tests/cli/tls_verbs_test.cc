// TLS and the schemes, by the program, on the real registry.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/http_server.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "testing/skopeo.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class TlsTest : public ::testing::Test {
 protected:
  ProcessResult trusting(std::vector<std::string> arguments, const std::string& password = {}) {
    arguments.insert(arguments.end(), {"--ca-file", registry_.ca_file().string()});
    if (!password.empty()) {
      arguments.insert(arguments.end(), {"-u", "alice", "--password-stdin"});
    }
    return purser_(arguments, password);
  }

  const CertificateAuthority authority_;
  RegistryServer registry_{{.users = {{"alice", "s3cret"}}, .authority = &authority_}};
  Program purser_;
};

TEST_F(TlsTest, WorksWithTheNamedAuthorityOverHttp2AndHttp1) {
  const SkopeoOptions skopeo{.user = "alice", .password = "s3cret", .ca_file = registry_.ca_file()};
  const std::string name = registry_.host() + "/base/busybox:1";
  push_with_skopeo(BusyboxImage(), name, skopeo);
  const std::string raw = inspect_raw_with_skopeo(name, skopeo);
  EXPECT_THAT(trusting({"manifest", "--raw", name}, "s3cret"), Answers(raw));
  EXPECT_THAT(trusting({"manifest", "--raw", name, "--http1.1"}, "s3cret"), Answers(raw));
  EXPECT_THAT(trusting({"tags", name.substr(0, name.size() - 2), "--long", "-o", "json"}, "s3cret"),
              Answers(HasSubstr(digest_of(raw))));
  EXPECT_THAT(trusting({"tag", name, "2"}, "s3cret"), Answers(HasSubstr("is now")));
  EXPECT_THAT(trusting({"untag", name}, "s3cret"), Answers(HasSubstr("is gone")));
  const ProcessResult ping =
      trusting({"ping", "https://" + registry_.host(), "-o", "json"}, "s3cret");
  ASSERT_TRUE(ping.ok()) << ping.describe();
  EXPECT_EQ(Json::parse(ping.out).at("scheme"), "https");
  EXPECT_EQ(Json::parse(ping.out).at("url"), "https://" + registry_.host() + "/v2/");
}

TEST_F(TlsTest, NamesTheCertificateAndTheFlagThatItWouldTake) {
  for (const std::string& registry : {registry_.host(), "https://" + registry_.host()}) {
    EXPECT_THAT(purser_({"ping", registry}),
                Fails(6, AllOf(HasSubstr("certificate"), HasSubstr("--ca-file"))));
  }
  EXPECT_THAT(purser_({"digest", registry_.host() + "/app:v1"}),
              Fails(6, AllOf(HasSubstr(registry_.host() + "/app:v1"), HasSubstr("certificate"))));
}

TEST_F(TlsTest, SendsNoPasswordWhereTheCertificateIsNotTrusted) {
  const CertificateAuthority stranger;
  const std::string other = purser_.home().write("other.pem", stranger.certificate_pem()).string();
  EXPECT_THAT(purser_({"tags", registry_.host() + "/app", "--ca-file", other, "-u", "alice",
                       "--password-stdin"},
                      "s3cret"),
              Fails(6, HasSubstr("certificate")));
  EXPECT_THAT(registry_.log(), Not(HasSubstr("purser/")));
}

TEST_F(TlsTest, SaysWhichFileHasNoAuthorityInIt) {
  EXPECT_THAT(purser_({"ping", registry_.host(), "--ca-file", "/nonexistent.pem"}),
              Fails(1, HasSubstr("/nonexistent.pem")));
  const std::string empty = purser_.home().write("empty.pem", "no certificate").string();
  EXPECT_THAT(purser_({"ping", registry_.host(), "--ca-file", empty}),
              Fails(2, HasSubstr("empty.pem")));
}

TEST_F(TlsTest, ExplainsHttpToATlsPort) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"ping", "http://" + registry_.host()},
                                             {"ping", registry_.host(), "--plain-http"},
                                             {"tags", registry_.host() + "/app", "--plain-http"}}) {
    const ProcessResult result = purser_(arguments);
    EXPECT_THAT(result.err, AllOf(HasSubstr("speaks https"), HasSubstr("--plain-http")));
    EXPECT_NE(result.exit_code, 0);
    EXPECT_EQ(result.out, "");
  }
}

TEST(TlsToAPlainPortTest, IsExplained) {
  RegistryServer registry;
  const Program purser;
  EXPECT_THAT(purser({"ping", "https://" + registry.host()}),
              Fails(6, AllOf(HasSubstr("TLS"), HasSubstr("--plain-http"))));
}

TEST(ExpiredCertificateTest, IsCalledExpired) {
  const CertificateAuthority authority;
  RegistryServer registry({.authority = &authority, .certificate = {.expired = true}});
  const Program purser;
  EXPECT_THAT(purser({"ping", registry.host(), "--ca-file", registry.ca_file().string()}),
              Fails(6, AllOf(HasSubstr("expired"), HasSubstr("Renew"))));
}

TEST(CertificateNameTest, MustBeThatOfTheRegistry) {
  const CertificateAuthority authority;
  RegistryServer registry({.authority = &authority});
  const Program purser;
  // The certificate is for 127.0.0.1 and localhost; 127.0.0.2 is the same machine by another name.
  EXPECT_THAT(purser({"ping", "127.0.0.2:" + std::to_string(registry.port()), "--ca-file",
                      registry.ca_file().string()}),
              Fails(6, ::testing::AnyOf(HasSubstr("127.0.0.2"), HasSubstr("connect"))));
}

}  // namespace
}  // namespace purser::testing
