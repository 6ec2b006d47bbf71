// The program, the real registry, and a token server that others wrote: in TLS, with keys and users
// of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testing/distribution_token_server.h"
#include "testing/registry_server.h"
#include "testing/skopeo.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kDone = 0;
constexpr int kPartly = 3;
constexpr int kNotAuthorised = 4;

class SecondTokenServerTest : public ::testing::Test {
 protected:
  void push(const std::string& user, const std::string& image) {
    push_with_skopeo(busybox_, registry_.host() + "/" + image,
                     {.user = user, .password = user + "-pw", .ca_file = registry_.ca_file()});
  }
  std::string name(const std::string& image) const { return registry_.host() + "/" + image; }

  // As `user`, with the password from standard input; an empty user is nobody.
  ProcessResult as(const std::string& user, std::vector<std::string> arguments,
                   const std::string& password) const {
    arguments.insert(arguments.end(), {"--ca-file", registry_.ca_file().string()});
    if (!user.empty()) arguments.insert(arguments.end(), {"-u", user, "--password-stdin"});
    return purser_(std::move(arguments), password + "\n");
  }
  ProcessResult as(const std::string& user, std::vector<std::string> arguments) const {
    return as(user, std::move(arguments), user + "-pw");
  }

  void log_in_with(const std::string& entry) const {
    purser_.home().write("config.json", "{\"auths\":{\"" + registry_.host() + "\":" + entry + "}}");
  }

  const CertificateAuthority authority_;
  DistributionTokenServer tokens_{authority_, {{"ann", "ann-pw"}, {"ben", "ben-pw"}}};
  RegistryServer registry_{{.token_trust = tokens_.trust(), .authority = &authority_}};
  const BusyboxImage busybox_;
  const Program purser_;
};

// A-13: each verb asks for the rights that it needs, and a server that knows them by name gives
// them.
TEST_F(SecondTokenServerTest, ListsTagsUntagsAndPrunesWithTheRights) {
  push("ann", "ann/app:v1");
  EXPECT_EQ(as("ann", {"ping", registry_.host()}).exit_code, kDone);
  EXPECT_EQ(as("ann", {"catalog", registry_.host()}).out, "ann/app\n");
  EXPECT_EQ(as("ann", {"tag", name("ann/app:v1"), "v2"}).exit_code, kDone);
  EXPECT_EQ(as("ann", {"tag", name("ann/app:v1"), "old"}).exit_code, kDone);
  EXPECT_EQ(as("ann", {"untag", name("ann/app:v1")}).exit_code, kDone);
  const ProcessResult prune =
      as("ann", {"prune", registry_.host(), "--keep", "ann/app:v2", "--yes"});
  EXPECT_EQ(prune.exit_code, kDone) << prune.describe();
  EXPECT_EQ(as("ann", {"tags", name("ann/app")}).out, "v2\n");
}

// A-22, A-23: the token server answers 200 with a token that lacks the right, so the registry
// answers 401 to it.
TEST_F(SecondTokenServerTest, AMissingRightIsNoWrongPassword) {
  push("ann", "ann/app:v1");
  for (const auto& verb : std::vector<std::vector<std::string>>{{"tags", name("ann/app")},
                                                                {"digest", name("ann/app:v1")},
                                                                {"untag", name("ann/app:v1")}}) {
    const ProcessResult result = as("ben", verb);
    EXPECT_EQ(result.exit_code, kNotAuthorised) << result.describe();
    EXPECT_THAT(result.err, HasSubstr("as user ben, but lacks repository:ann/app:"));
  }
  EXPECT_EQ(as("ann", {"tags", name("ann/app")}).out, "v1\n");
}

// A-23, A-80: what may not be read is left alone; the rest goes on.
TEST_F(SecondTokenServerTest, PrunesNothingThatItMayNotRead) {
  push("ann", "ann/app:v1");
  push("ann", "ann/app:old");
  push("ben", "ben/tool:old");
  const ProcessResult prune =
      as("ann", {"prune", registry_.host(), "--keep", "ann/app:v1", "--yes"});
  EXPECT_EQ(prune.exit_code, kPartly) << prune.describe();
  EXPECT_EQ(as("ann", {"tags", name("ann/app")}).out, "v1\n");
  EXPECT_EQ(as("ben", {"tags", name("ben/tool")}).out, "old\n");
}

// A-24; and from a missing right (above) by the message, as docs/adr/0009 has it.
TEST_F(SecondTokenServerTest, AWrongPasswordAndNoneAreToldApart) {
  push("ann", "ann/app:v1");
  const std::vector<std::string> tags = {"tags", name("ann/app")};
  EXPECT_THAT(as("ann", tags, "wrong"),
              Fails(kNotAuthorised, HasSubstr("did not accept the user name and password")));
  EXPECT_THAT(as("", tags), Fails(kNotAuthorised, HasSubstr("without credentials")));
}

// A-17: an identity token is posted; one that is not taken falls back to the password, where there
// is one.
TEST_F(SecondTokenServerTest, UsesAnIdentityTokenAndFallsBackToThePassword) {
  push("ann", "ann/app:v1");
  const std::vector<std::string> tags = {"tags", name("ann/app")};
  const std::size_t before = tokens_.given_by_post();
  log_in_with("{\"identitytoken\":\"" + tokens_.refresh_token("ann", "ann-pw") + "\"}");
  EXPECT_THAT(as("", tags), Answers("v1\n"));
  EXPECT_EQ(tokens_.given_by_post(), before + 1);

  log_in_with(R"({"identitytoken":"unknown","username":"ann","password":"ann-pw"})");
  EXPECT_THAT(as("", tags), Answers("v1\n"));
  EXPECT_EQ(tokens_.given_by_post(), before + 1);

  log_in_with(R"({"identitytoken":"unknown"})");
  EXPECT_EQ(as("", tags).exit_code, kNotAuthorised);
}

}  // namespace
}  // namespace purser::testing
