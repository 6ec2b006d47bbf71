#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "purser/credentials.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

RegistryName registry(std::string_view text) { return RegistryName::parse(text).value(); }

class DockerConfigTest : public ::testing::Test {
 protected:
  DockerConfigTest() {
    std::string name = (std::filesystem::temp_directory_path() / "purser-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
  }
  ~DockerConfigTest() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path file() const { return directory_ / "config.json"; }
  std::shared_ptr<const CredentialSource> config(const std::string& text) const {
    std::ofstream(file(), std::ios::binary) << text;
    return docker_config_credentials(file());
  }
  // "user:password" of the credential, "-" without one, or the error.
  static std::string find(const CredentialSource& source, std::string_view name) {
    const auto found = source.find(registry(name), "");
    if (!found) return to_string(found.error());
    if (!found->has_value()) return "-";
    return (*found)->username + ":" + (*found)->password.reveal();
  }

  std::filesystem::path directory_;
};

// dTpw is "u:p", dTI6cDI= is "u2:p2", dTM6cDM= is "u3:p3".

TEST_F(DockerConfigTest, FindsTheEntryOfTheHost) {
  const auto source = config(R"({"auths":{"h.io":{"auth":"dTpw"}},"HttpHeaders":{}})");
  const auto found = source->find(registry("h.io"), "");
  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->username, "u");
  EXPECT_EQ((*found)->password.reveal(), "p");
  EXPECT_EQ((*found)->source, file().string());
  EXPECT_TRUE((*found)->identity_token.empty());
}

// A-29: the key's scheme and path do not count; the host and port count exactly.
TEST_F(DockerConfigTest, MatchesHostAndPortExactly) {
  for (const char* key : {"h.io:5000", "https://h.io:5000", "http://h.io:5000/",
                          "https://h.io:5000/v1/", "HTTPS://H.io:5000/v2/"}) {
    SCOPED_TRACE(key);
    const auto source = config(std::string(R"({"auths":{")") + key + R"(":{"auth":"dTpw"}}})");
    EXPECT_EQ(find(*source, "h.io:5000"), "u:p");
    EXPECT_EQ(find(*source, "https://H.IO:5000"), "u:p");
    for (const char* other : {"h.io", "h.io:5001", "h.io:50000", "h.io.evil:5000", "xh.io:5000",
                              "a.h.io:5000", "io:5000", "docker.io"}) {
      EXPECT_EQ(find(*source, other), "-") << other;
    }
  }
  const auto default_port = config(R"({"auths":{"h.io:443":{"auth":"dTpw"}}})");
  EXPECT_EQ(find(*default_port, "h.io"), "-");
}

TEST_F(DockerConfigTest, PrefersTheKeyThatIsTheHostItself) {
  const auto source = config(
      R"({"auths":{"h.io/v1/":{"auth":"dTI6cDI="},"h.io":{"auth":"dTpw"},
                   "https://h.io":{"auth":"dTM6cDM="}}})");
  EXPECT_EQ(find(*source, "h.io"), "u:p");
}

// A-4.
TEST_F(DockerConfigTest, FindsDockerHubUnderItsHistoricKeyAndItsAliases) {
  for (const char* key : {"https://index.docker.io/v1/", "docker.io", "index.docker.io",
                          "registry-1.docker.io", "https://docker.io/v2/"}) {
    SCOPED_TRACE(key);
    const auto source = config(std::string(R"({"auths":{")") + key + R"(":{"auth":"dTpw"}}})");
    for (const char* name : {"docker.io", "index.docker.io", "registry-1.docker.io"}) {
      EXPECT_EQ(find(*source, name), "u:p") << name;
    }
    EXPECT_EQ(find(*source, "docker.io.evil"), "-");
    EXPECT_EQ(find(*source, "evildocker.io"), "-");
    EXPECT_EQ(find(*source, "docker.io:443"), "-");
    EXPECT_EQ(find(*source, "auth.docker.io"), "-");
  }
  const auto both = config(
      R"({"auths":{"docker.io":{"auth":"dTI6cDI="},
                   "https://index.docker.io/v1/":{"auth":"dTpw"}}})");
  EXPECT_EQ(find(*both, "docker.io"), "u:p");
}

TEST_F(DockerConfigTest, LeavesTheAccountTokensOfDockerHubAlone) {
  const auto source = config(
      R"({"auths":{"https://index.docker.io/v1/access-token":{"auth":"dTpw"},
                   "https://index.docker.io/v1/refresh-token":{"auth":"dTpw"}}})");
  EXPECT_EQ(find(*source, "docker.io"), "-");
}

// A-30: split at the first colon, trailing NULs off.
TEST_F(DockerConfigTest, SplitsAtTheFirstColon) {
  const auto source = config(
      R"({"auths":{"a.io":{"auth":"dTpwOnEvcg=="},"b.io":{"auth":"dTpwAAA="},
                   "c.io":{"username":"u","password":"p:q"},"d.io":{"auth":"dTo="}}})");
  EXPECT_EQ(find(*source, "a.io"), "u:p:q/r");
  EXPECT_EQ(find(*source, "b.io"), "u:p");
  EXPECT_EQ(find(*source, "c.io"), "u:p:q");
  EXPECT_EQ(find(*source, "d.io"), "u:");
}

TEST_F(DockerConfigTest, ReadsTokens) {
  const auto source = config(
      R"({"auths":{"a.io":{"auth":"dTo=","identitytoken":"refresh"},
                   "b.io":{"registrytoken":"bearer"}}})");
  const auto identity = source->find(registry("a.io"), "");
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ((*identity)->identity_token.reveal(), "refresh");
  EXPECT_EQ((*identity)->username, "u");
  const auto bearer = source->find(registry("b.io"), "");
  ASSERT_THAT(bearer, IsOk());
  EXPECT_EQ((*bearer)->registry_token.reveal(), "bearer");
}

// With a credential helper docker leaves an entry without a secret.
TEST_F(DockerConfigTest, TakesAnEntryWithoutASecretForNone) {
  const auto source = config(
      R"({"auths":{"a.io":{},"b.io":{"auth":""},"c.io":null,"d.io":{"username":"u"},
                   "e.io":{},"https://e.io/v1/":{"auth":"dTpw"}},"credsStore":"pass"})");
  for (const char* name : {"a.io", "b.io", "c.io", "d.io", "unlisted.io"}) {
    EXPECT_EQ(find(*source, name), "-") << name;
  }
  EXPECT_EQ(find(*source, "e.io"), "u:p");
}

TEST_F(DockerConfigTest, HasNoneWhereTheFileHasNone) {
  for (const char* text : {"", "{}", R"({"auths":null})", R"({"auths":{}})"}) {
    EXPECT_EQ(find(*config(text), "h.io"), "-") << text;
  }
  EXPECT_EQ(find(*docker_config_credentials(directory_ / "none.json"), "h.io"), "-");
  EXPECT_EQ(find(*docker_config_credentials(file() / "below a file"), "h.io"), "-");
}

// A-30: a malformed entry is an error for that host alone, and shows nothing of the secret.
TEST_F(DockerConfigTest, AMalformedEntryIsAnErrorForItsHostAlone) {
  for (const char* entry :
       {R"("s3cret")", "[7]", R"({"auth":"s3cret!"})", R"({"auth":"dTpw="})",
        R"({"auth":"bm9jb2xvbg=="})", R"({"auth":7})", R"({"identitytoken":["s3cret"]})",
        R"({"registrytoken":{}})", R"({"username":1,"password":"s3cret"})"}) {
    SCOPED_TRACE(entry);
    const auto source =
        config(std::string(R"({"auths":{"bad.io":)") + entry + R"(,"good.io":{"auth":"dTpw"}}})");
    EXPECT_EQ(find(*source, "good.io"), "u:p");
    const auto bad = source->find(registry("bad.io"), "");
    ASSERT_THAT(bad, HasError(ErrorCode::invalid_argument, HasSubstr("\"bad.io\"")));
    EXPECT_THAT(to_string(bad.error()),
                AllOf(HasSubstr(file().string()), HasSubstr("docker login bad.io"),
                      Not(HasSubstr("s3cret")), Not(HasSubstr("nocolon"))));
  }
}

TEST_F(DockerConfigTest, AMalformedFileIsAnErrorThatShowsNothingOfIt) {
  for (const char* text : {"{", "[]", R"({"auths":[]})", R"({"auths":{"h.io":{"auth":"s3cret"})",
                           R"({"auths":{}}{"s3cret":1})", "s3cret"}) {
    const auto found = config(text)->find(registry("h.io"), "");
    ASSERT_THAT(found, HasError(ErrorCode::invalid_argument, HasSubstr(file().string()))) << text;
    EXPECT_THAT(to_string(found.error()), Not(HasSubstr("s3cret")));
  }
}

TEST_F(DockerConfigTest, AFileThatCannotBeReadIsAnError) {
  EXPECT_THAT(docker_config_credentials(directory_)->find(registry("h.io"), ""),
              HasError(ErrorCode::io, HasSubstr(directory_.string())));
  std::filesystem::create_symlink("loop.json", directory_ / "loop.json");
  EXPECT_THAT(docker_config_credentials(directory_ / "loop.json")->find(registry("h.io"), ""),
              HasError(ErrorCode::io));
}

TEST_F(DockerConfigTest, AnswersSeveralThreadsAtOnce) {
  const auto source = config(R"({"auths":{"h.io":{"auth":"dTpw"}}})");
  std::vector<std::string> answers(4);
  std::vector<std::jthread> threads;
  for (std::string& answer : answers) {
    threads.emplace_back([&] { answer = find(*source, "h.io"); });
  }
  threads.clear();
  EXPECT_THAT(answers, ::testing::Each("u:p"));
}

class EnvironmentTest : public ::testing::Test {
 protected:
  void TearDown() override {
    for (; !saved_.empty(); saved_.pop_back()) {
      const auto& [name, value] = saved_.back();
      value ? setenv(name, value->c_str(), 1) : unsetenv(name);
    }
  }
  void set(const char* name, const char* value) {
    const char* old = getenv(name);
    saved_.emplace_back(name, old == nullptr ? std::nullopt : std::optional<std::string>(old));
    setenv(name, value, 1);
  }
  std::vector<std::pair<const char*, std::optional<std::string>>> saved_;
};

// A-28, docker's file alone.
TEST_F(EnvironmentTest, DockerConfigNamesTheDirectoryBeforeHome) {
  set("HOME", "/home/somebody");
  set("DOCKER_CONFIG", "/etc/somewhere");
  EXPECT_EQ(default_docker_config_path(), "/etc/somewhere/config.json");
  set("DOCKER_CONFIG", "");
  EXPECT_EQ(default_docker_config_path(), "/home/somebody/.docker/config.json");
}

Credential named(std::string username) {
  return Credential{.username = std::move(username), .password = Secret("p")};
}

TEST(SingleCredential, IsForItsRegistryAlone) {
  const auto source = single_credential(registry("h.io:5000"), named("u"));
  const auto own = source->find(registry("https://H.io:5000"), "");
  ASSERT_THAT(own, IsOk());
  EXPECT_EQ((*own)->username, "u");
  for (const char* other : {"h.io", "h.io:5001", "h.io.evil:5000", "localhost:5000"}) {
    const auto found = source->find(registry(other), "");
    ASSERT_THAT(found, IsOk());
    EXPECT_FALSE(found->has_value()) << other;
  }
}

class FailingSource : public CredentialSource {
 public:
  Result<std::optional<Credential>> find(const RegistryName&, std::string_view) const override {
    return Unexpected(Error{.code = ErrorCode::io, .message = "the disk is on fire"});
  }
};

TEST(FirstOf, TakesTheFirstThatHasACredentialOrAnError) {
  const auto a = single_credential(registry("a.io"), named("a"));
  const auto a2 = single_credential(registry("a.io"), named("a2"));
  const auto b = single_credential(registry("b.io"), named("b"));
  const auto failing = std::make_shared<FailingSource>();
  const auto source = first_of({a, nullptr, a2, b, failing, b});
  EXPECT_EQ((*source->find(registry("a.io"), ""))->username, "a");
  EXPECT_EQ((*source->find(registry("b.io"), ""))->username, "b");
  EXPECT_THAT(source->find(registry("c.io"), ""), HasError(ErrorCode::io));
  const auto none = first_of({})->find(registry("c.io"), "");
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_value());
}

TEST(Secret, DoesNotPrintItsText) { EXPECT_EQ(to_string(Secret("s3cret")), "***"); }

}  // namespace
}  // namespace purser
