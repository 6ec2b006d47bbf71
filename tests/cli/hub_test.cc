// Docker Hub's names and logins, beside docker's and skopeo's own (A-4, A-28, A-32). The Hub is the
// real registry here, behind TLS for the Hub's host, and a proxy that leads every name there.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "testing/certificates.h"
#include "testing/forward_proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "testing/tls_front.h"
#include "tests/cli/docker_program.h"
#include "tests/cli/keeping_helper.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPassword = "s3cret:with colon";

class HubTest : public ::testing::Test {
 protected:
  HubTest() {
    authority_file_ = purser_.home().write("ca.pem", authority_.certificate_pem()).string();
    std::filesystem::create_directories(purser_.home() / "containers");
  }

  ProcessOptions options(const std::string& stdin_text) const {
    ProcessOptions options = purser_.options();
    options.stdin_text = stdin_text;
    options.environment["https_proxy"] = proxy_.url();
    options.environment["HTTPS_PROXY"] = proxy_.url();
    options.environment["SSL_CERT_FILE"] = authority_file_;  // of Go's programs
    options.environment["DOCKER_HOST"] = "unix:///nonexistent.sock";
    options.environment["PATH"] =
        (purser_.home() / "bin").string() + ":" + std::string(std::getenv("PATH"));
    return options;
  }
  ProcessResult purser(std::vector<std::string> arguments,
                       const std::string& stdin_text = {}) const {
    arguments.insert(arguments.end(), {"--ca-file", authority_file_});
    return run(purser_.command(arguments), options(stdin_text));
  }
  ProcessResult other(std::vector<std::string> command, const std::string& stdin_text = {}) const {
    return run(command, options(stdin_text));
  }
  ProcessResult purser_login(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"login", "docker.io", "-u", "alice", "--password-stdin"});
    return purser(more, std::string(kPassword) + "\n");
  }
  // Does it get in?
  ProcessResult docker_inspect() const {
    return other({docker_program(), "manifest", "inspect", "app:v1"});
  }
  ProcessResult skopeo_tags() const {
    return other(
        {"skopeo", "list-tags", "--authfile", podmans_file(), "docker://docker.io/library/app"});
  }
  std::string podmans_file() const { return (purser_.home() / "containers/auth.json").string(); }
  std::string dockers_file() const { return (purser_.home() / "config.json").string(); }

  const CertificateAuthority authority_;
  RegistryServer registry_{{.users = {{"alice", kPassword}}}};
  const TlsFront front_{registry_.port(), authority_.issue({.host = "registry-1.docker.io"})};
  const ForwardProxy proxy_{front_.port()};
  Pusher pusher_{registry_.url(), {.user = "alice", .password = kPassword}};
  Program purser_;
  std::string authority_file_;
  // The only types that docker 20.10's `manifest inspect` reads.
  const BuiltManifest image_ = build_image({.types = MediaTypes::docker});
};

TEST_F(HubTest, ReadsPursersLoginInSkopeoAndTakesItAway) {
  pusher_.push("library/app", image_, "v1");
  ASSERT_FALSE(skopeo_tags().ok()) << "it gets in without a login";
  const ProcessResult login = purser_login({"--authfile", podmans_file()});
  ASSERT_TRUE(login.ok()) << login.describe();
  EXPECT_THAT(other({"skopeo", "login", "--get-login", "--authfile", podmans_file(), "docker.io"}),
              Answers("alice\n"));
  EXPECT_THAT(skopeo_tags(), Answers(HasSubstr("v1")));
  const ProcessResult logout =
      other({"skopeo", "logout", "--authfile", podmans_file(), "docker.io"});
  EXPECT_TRUE(logout.ok()) << logout.describe();
  EXPECT_THAT(purser({"digest", "app:v1", "--authfile", podmans_file()}),
              Fails(4, HasSubstr("purser login docker.io")));
}

TEST_F(HubTest, ReadsSkopeosLogin) {
  pusher_.push("library/app", image_, "v1");
  const ProcessResult login = other({"skopeo", "login", "-u", "alice", "--password-stdin",
                                     "--authfile", podmans_file(), "docker.io"},
                                    kPassword);
  ASSERT_TRUE(login.ok()) << login.describe();
  for (const char* name : {"app:v1", "docker.io/app:v1", "index.docker.io/library/app:v1"}) {
    EXPECT_THAT(purser({"digest", name}), Answers(image_.digest + "\n"));
  }
  EXPECT_THAT(purser({"logout", "docker.io", "--authfile", podmans_file()}),
              Answers(HasSubstr(podmans_file())));
  EXPECT_FALSE(skopeo_tags().ok());
}

TEST_F(HubTest, SharesALoginWithDocker) {
  pusher_.push("library/app", image_, "v1");
  ASSERT_FALSE(docker_inspect().ok()) << "it gets in without a login";
  const ProcessResult login = purser_login({"--authfile", dockers_file()});
  ASSERT_TRUE(login.ok()) << login.describe();
  const ProcessResult inspected = docker_inspect();
  EXPECT_TRUE(inspected.ok()) << inspected.describe();
  EXPECT_TRUE(other({docker_program(), "logout"}).ok());
  EXPECT_THAT(purser({"digest", "app:v1"}), Fails(4, HasSubstr("purser login docker.io")));
}

// A-4, A-29, A-32: by the name of the Hub's server, and for a part of it.
TEST_F(HubTest, KeepsALoginForAPartUnderTheNameThatSkopeoKnows) {
  pusher_.push("library/app", image_, "v1");
  const ProcessResult login = purser({"login", "registry-1.docker.io/library", "-u", "alice",
                                      "--password-stdin", "--authfile", podmans_file()},
                                     kPassword);
  ASSERT_TRUE(login.ok()) << login.describe();
  EXPECT_THAT(skopeo_tags(), Answers(HasSubstr("v1")));
  EXPECT_THAT(purser({"tags", "app", "--authfile", podmans_file()}), Answers("v1\n"));
}

// A-4: docker's own name for the Hub, as it stands in its file and in its messages.
TEST_F(HubTest, TakesDockersNameOfTheHub) {
  pusher_.push("library/app", image_, "v1");
  const ProcessResult login = purser(
      {"login", "https://index.docker.io/v1/", "-u", "alice", "--password-stdin"}, kPassword);
  ASSERT_TRUE(login.ok()) << login.describe();
  EXPECT_TRUE(docker_inspect().ok());
  EXPECT_THAT(purser({"logout", "https://index.docker.io/v1/"}),
              Answers(HasSubstr("Logged out of docker.io")));
  EXPECT_FALSE(docker_inspect().ok());
}

// A-4: a login that `tags` would not use is not made without a word.
TEST_F(HubTest, SaysWhatALoginForAShortNameIsFor) {
  pusher_.push("library/app", image_, "v1");
  const ProcessResult login =
      purser({"login", "docker.io/app", "-u", "alice", "--password-stdin"}, kPassword);
  ASSERT_TRUE(login.ok()) << login.describe();
  EXPECT_THAT(login.err, HasSubstr("`purser login docker.io/library/app`"));
  EXPECT_THAT(purser({"tags", "docker.io/app"}).exit_code, 4);
  ASSERT_TRUE(
      purser({"login", "docker.io/library/app", "-u", "alice", "--password-stdin"}, kPassword)
          .ok());
  EXPECT_THAT(purser({"tags", "docker.io/app"}), Answers("v1\n"));
}

// A-4, A-31, A-32: docker asks its store for the Hub, whatever helper the file names for podman.
TEST_F(HubTest, SharesAStoreWithDockerWherePodmanHasAHelper) {
  pusher_.push("library/app", image_, "v1");
  add_helper(purser_.home(), "dockers");
  add_helper(purser_.home(), "podmans");
  purser_.home().write("config.json",
                       R"({"credHelpers":{"docker.io":"podmans"},"credsStore":"dockers"})");
  const ProcessResult login =
      other({docker_program(), "login", "-u", "alice", "--password-stdin"}, kPassword);
  ASSERT_TRUE(login.ok()) << login.describe();
  EXPECT_THAT(purser({"digest", "app:v1"}), Answers(image_.digest + "\n"));
  EXPECT_THAT(purser({"logout", "docker.io"}), Answers(HasSubstr("docker-credential-dockers")));
  ASSERT_FALSE(docker_inspect().ok()) << "docker still finds the login";
  EXPECT_THAT(purser_login(), Answers(HasSubstr("kept in docker-credential-dockers")));
  const ProcessResult inspected = docker_inspect();
  EXPECT_TRUE(inspected.ok()) << inspected.describe();
}

// A-4, A-31, A-32: and skopeo asks by its own name in its own file.
TEST_F(HubTest, SharesAHelperWithSkopeo) {
  pusher_.push("library/app", image_, "v1");
  add_helper(purser_.home(), "podmans");
  purser_.home().write("containers/auth.json", R"({"credHelpers":{"docker.io":"podmans"}})");
  EXPECT_THAT(purser_login({"--authfile", podmans_file()}),
              Answers(HasSubstr("kept in docker-credential-podmans")));
  EXPECT_THAT(skopeo_tags(), Answers(HasSubstr("v1")));
  const ProcessResult logout =
      other({"skopeo", "logout", "--authfile", podmans_file(), "docker.io"});
  EXPECT_TRUE(logout.ok()) << logout.describe();
  EXPECT_THAT(purser({"digest", "app:v1", "--authfile", podmans_file()}),
              Fails(4, HasSubstr("purser login docker.io")));
}

// A-4: what docker calls "app" is library/app, in the name and in the keep list.
TEST_F(HubTest, PrunesWhatAShortNameStandsFor) {
  pusher_.push("library/app", image_, "v1");
  const BuiltManifest second = build_image({.layers = {"second"}});
  pusher_.push("library/app", second, "v2");
  ASSERT_TRUE(purser_login().ok());
  EXPECT_THAT(purser({"prune", "docker.io/app", "--keep", "app:v1", "--yes"}),
              Answers(HasSubstr("library/app")));
  EXPECT_THAT(purser({"tags", "docker.io/app"}), Answers("v1\n"));
}

}  // namespace
}  // namespace purser::testing
