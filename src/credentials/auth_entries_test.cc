// The entries of a file, as find() gives them (A-29, A-30).
#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "credentials/credentials_fixture.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using AuthEntriesTest = CredentialsFixture;

// dTpw is "u:p", dTI6cDI= is "u2:p2", dTM6cDM= is "u3:p3".

TEST_F(AuthEntriesTest, FindsTheEntryOfTheHost) {
  const auto source = with_config(R"({"auths":{"h.io":{"auth":"dTpw"}},"HttpHeaders":{}})");
  const auto found = source->find(registry("h.io"), "");
  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->username, "u");
  EXPECT_EQ((*found)->password.reveal(), "p");
  EXPECT_EQ((*found)->source, docker_file().string());
  EXPECT_TRUE((*found)->identity_token.empty());
}

// A-29: the key's scheme and path do not count; the host and port count exactly.
TEST_F(AuthEntriesTest, MatchesHostAndPortExactly) {
  for (const char* key : {"h.io:5000", "https://h.io:5000", "http://h.io:5000/",
                          "https://h.io:5000/v1/", "HTTPS://H.io:5000/v2/"}) {
    SCOPED_TRACE(key);
    const auto source = with_config(std::string(R"({"auths":{")") + key + R"(":{"auth":"dTpw"}}})");
    EXPECT_EQ(found(*source, "h.io:5000"), "u:p");
    EXPECT_EQ(found(*source, "https://H.IO:5000"), "u:p");
    for (const char* other : {"h.io", "h.io:5001", "h.io:50000", "h.io.evil:5000", "xh.io:5000",
                              "a.h.io:5000", "io:5000", "docker.io"}) {
      EXPECT_EQ(found(*source, other), "-") << other;
    }
  }
  const auto default_port = with_config(R"({"auths":{"h.io:443":{"auth":"dTpw"}}})");
  EXPECT_EQ(found(*default_port, "h.io"), "-");
}

// A-29, C.1-16: podman writes the login of a namespace under "h.io/v2" when it is called v2.
TEST_F(AuthEntriesTest, TakesANamespaceForTheApiOnlyWithASlashOrAScheme) {
  for (const std::string& version : {std::string("v1"), std::string("v2")}) {
    SCOPED_TRACE(version);
    const auto part = with_config(R"({"auths":{"h.io/)" + version + R"(":{"auth":"dTpw"}}})");
    EXPECT_EQ(found(*part, "h.io", version + "/app"), "u:p");
    EXPECT_EQ(found(*part, "h.io", "team/app"), "-");
    EXPECT_EQ(found(*part, "h.io"), "-");
    for (const std::string& key :
         {"h.io/" + version + "/", "https://h.io/" + version, "https://h.io/" + version + "/"}) {
      const auto whole = with_config(R"({"auths":{")" + key + R"(":{"auth":"dTpw"}}})");
      EXPECT_EQ(found(*whole, "h.io", "team/app"), "u:p") << key;
    }
  }
}

TEST_F(AuthEntriesTest, PrefersTheKeyThatIsTheHostItself) {
  const auto source = with_config(
      R"({"auths":{"h.io/v1/":{"auth":"dTI6cDI="},"h.io":{"auth":"dTpw"},
                   "https://h.io":{"auth":"dTM6cDM="}}})");
  EXPECT_EQ(found(*source, "h.io"), "u:p");
}

// A-4.
TEST_F(AuthEntriesTest, FindsDockerHubUnderItsHistoricKeyAndItsAliases) {
  for (const char* key : {"https://index.docker.io/v1/", "docker.io", "index.docker.io",
                          "registry-1.docker.io", "https://docker.io/v2/"}) {
    SCOPED_TRACE(key);
    const auto source = with_config(std::string(R"({"auths":{")") + key + R"(":{"auth":"dTpw"}}})");
    for (const char* name : {"docker.io", "index.docker.io", "registry-1.docker.io"}) {
      EXPECT_EQ(found(*source, name), "u:p") << name;
    }
    EXPECT_EQ(found(*source, "docker.io.evil"), "-");
    EXPECT_EQ(found(*source, "evildocker.io"), "-");
    EXPECT_EQ(found(*source, "docker.io:443"), "-");
    EXPECT_EQ(found(*source, "auth.docker.io"), "-");
  }
  const auto both = with_config(
      R"({"auths":{"docker.io":{"auth":"dTI6cDI="},
                   "https://index.docker.io/v1/":{"auth":"dTpw"}}})");
  EXPECT_EQ(found(*both, "docker.io"), "u:p");
}

// A-29, C.1-16: an entry for a part of a registry is for what is below it, and for nothing beside
// it.
TEST_F(AuthEntriesTest, TakesTheLongestPathOnAComponentBoundary) {
  const auto source = with_config(
      R"({"auths":{"h.io":{"auth":"dTpw"},"h.io/team":{"auth":"dTI6cDI="},
                   "h.io/team/app":{"auth":"dTM6cDM="}}})");
  EXPECT_EQ(found(*source, "h.io", "team/app"), "u3:p3");
  EXPECT_EQ(found(*source, "h.io", "team/app/sub"), "u3:p3");
  EXPECT_EQ(found(*source, "h.io", "team/apps"), "u2:p2");
  EXPECT_EQ(found(*source, "h.io", "team"), "u2:p2");
  EXPECT_EQ(found(*source, "h.io", "teams/app"), "u:p");
  EXPECT_EQ(found(*source, "h.io", "other"), "u:p");
  EXPECT_EQ(found(*source, "h.io"), "u:p");
}

// C.1-16.
TEST_F(AuthEntriesTest, KeepsTheLoginOfOneRepositoryFromTheOthers) {
  const auto source =
      with_config(R"({"auths":{"h.io/a/b":{"auth":"dTpw"},"docker.io/team":{"auth":"dTI6cDI="}}})");
  EXPECT_EQ(found(*source, "h.io", "a/b"), "u:p");
  for (const char* other : {"", "a", "a/c", "a/bc", "b", "A/b"}) {
    EXPECT_EQ(found(*source, "h.io", other), "-") << other;
  }
  EXPECT_EQ(found(*source, "h.io:443", "a/b"), "-");
  EXPECT_EQ(found(*source, "docker.io", "team/app"), "u2:p2");
  EXPECT_EQ(found(*source, "docker.io", "library/app"), "-");
}

// A-29: the file that is older than such keys has a path of the API at most.
TEST_F(AuthEntriesTest, StripsThePathFromTheKeysOfDockercfg) {
  home_.write(".dockercfg", R"({"https://h.io/v1/":{"auth":"dTpw"},"g.io/v0":{"auth":"dTpw"}})");
  EXPECT_EQ(found(*credentials(), "h.io"), "u:p");
  EXPECT_EQ(found(*credentials(), "g.io"), "u:p");
}

TEST_F(AuthEntriesTest, LeavesTheAccountTokensOfDockerHubAlone) {
  const auto source = with_config(
      R"({"auths":{"https://index.docker.io/v1/access-token":{"auth":"dTpw"},
                   "https://index.docker.io/v1/refresh-token":{"auth":"dTpw"}}})");
  EXPECT_EQ(found(*source, "docker.io"), "-");
}

// A-30: split at the first colon, trailing NULs off.
TEST_F(AuthEntriesTest, SplitsAtTheFirstColon) {
  const auto source = with_config(
      R"({"auths":{"a.io":{"auth":"dTpwOnEvcg=="},"b.io":{"auth":"dTpwAAA="},
                   "c.io":{"username":"u","password":"p:q"}}})");
  EXPECT_EQ(found(*source, "a.io"), "u:p:q/r");
  EXPECT_EQ(found(*source, "b.io"), "u:p");
  EXPECT_EQ(found(*source, "c.io"), "u:p:q");
}

// A-30: base64 without -w0, as docker and skopeo read it too.
TEST_F(AuthEntriesTest, ReadsBase64OfSeveralLines) {
  const auto source = with_config(
      R"({"auths":{"a.io":{"auth":"dT\npw\n"},"b.io":{"auth":"dT\r\npw"},
                   "c.io":{"auth":"dT pw"}}})");
  EXPECT_EQ(found(*source, "a.io"), "u:p");
  EXPECT_EQ(found(*source, "b.io"), "u:p");
  EXPECT_THAT(source->find(registry("c.io"), ""), HasError(ErrorCode::invalid_argument));
}

// A-30.
TEST_F(AuthEntriesTest, ReadsTokens) {
  const auto source = with_config(
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

// A-30: with a credential helper docker leaves an entry without a secret.
TEST_F(AuthEntriesTest, TakesAnEntryWithoutASecretForNone) {
  const auto source = with_config(
      R"({"auths":{"a.io":{},"b.io":{"auth":""},"c.io":null,"d.io":{"username":"u"},
                   "e.io":{},"https://e.io/v1/":{"auth":"dTpw"},"f.io":{"auth":"dTo="},
                   "g.io":{"auth":"\r\n"}}})");
  for (const char* name : {"a.io", "b.io", "c.io", "d.io", "f.io", "unlisted.io"}) {
    EXPECT_EQ(found(*source, name), "-") << name;
  }
  EXPECT_EQ(found(*source, "e.io"), "u:p");
  EXPECT_THAT(source->find(registry("g.io"), ""), HasError(ErrorCode::invalid_argument));
}

// A-28, A-30: `auth` of "u:" identifies nobody, to a request and to `auth explain`.
TEST_F(AuthEntriesTest, GoesOnPastAnEntryWithoutAPassword) {
  home_.write("run/containers/auth.json", R"({"auths":{"h.io":{"auth":"dTI6cDI="}}})");
  const auto source = with_config(R"({"auths":{"h.io":{"auth":"dTo="}}})");
  EXPECT_EQ(found(*source, "h.io"), "u2:p2");
  const auto looks = source->explain(registry("h.io"), "");
  EXPECT_EQ(looks.at(1).found, CredentialLook::Found::nothing);
  EXPECT_EQ(looks.at(2).found, CredentialLook::Found::used);
  EXPECT_EQ(looks.at(2).username, "u2");
}

TEST_F(AuthEntriesTest, HasNoneWhereTheFileHasNone) {
  for (const char* text : {"", "{}", R"({"auths":null})", R"({"auths":{}})"}) {
    EXPECT_EQ(found(*with_config(text), "h.io"), "-") << text;
  }
  std::filesystem::remove(docker_file());
  EXPECT_EQ(found(*credentials(), "h.io"), "-");
  home_.write("a file", "");
  variables_["DOCKER_CONFIG"] = (home_ / "a file").string();  // config.json would be below a file
  EXPECT_EQ(found(*credentials(), "h.io"), "-");
}

// A-30: a malformed entry is an error for that host alone, and shows nothing of the secret.
TEST_F(AuthEntriesTest, AMalformedEntryIsAnErrorForItsHostAlone) {
  for (const char* entry :
       {R"("s3cret")", "[7]", R"({"auth":"s3cret!"})", R"({"auth":"dTpw="})",
        R"({"auth":"bm9jb2xvbg=="})", R"({"auth":7})", R"({"identitytoken":["s3cret"]})",
        R"({"registrytoken":{}})", R"({"username":1,"password":"s3cret"})",
        // C.1-14: it would be a header of its own.
        R"({"registrytoken":"a\r\ns3cret: 1"})"}) {
    SCOPED_TRACE(entry);
    const auto source = with_config(std::string(R"({"auths":{"bad.io":)") + entry +
                                    R"(,"good.io":{"auth":"dTpw"}}})");
    EXPECT_EQ(found(*source, "good.io"), "u:p");
    const auto bad = source->find(registry("bad.io"), "");
    ASSERT_THAT(bad, HasError(ErrorCode::invalid_argument, HasSubstr("\"bad.io\"")));
    EXPECT_THAT(to_string(bad.error()),
                AllOf(HasSubstr(docker_file().string()), HasSubstr("purser login bad.io"),
                      Not(HasSubstr("s3cret")), Not(HasSubstr("nocolon"))));
  }
}

TEST_F(AuthEntriesTest, AMalformedFileIsAnErrorThatShowsNothingOfIt) {
  for (const char* text : {"{", "[]", R"({"auths":[]})", R"({"auths":{"h.io":{"auth":"s3cret"})",
                           R"({"auths":{}}{"s3cret":1})", "s3cret"}) {
    const auto found = with_config(text)->find(registry("h.io"), "");
    ASSERT_THAT(found, HasError(ErrorCode::invalid_argument, HasSubstr(docker_file().string())))
        << text;
    EXPECT_THAT(to_string(found.error()), Not(HasSubstr("s3cret")));
  }
}

TEST_F(AuthEntriesTest, AFileThatCannotBeReadIsAnError) {
  std::filesystem::create_directories(docker_file());
  EXPECT_THAT(credentials()->find(registry("h.io"), ""),
              HasError(ErrorCode::io, HasSubstr(docker_file().string())));
  std::filesystem::remove(docker_file());
  std::filesystem::create_symlink("config.json", docker_file());
  EXPECT_THAT(credentials()->find(registry("h.io"), ""), HasError(ErrorCode::io));
}

TEST_F(AuthEntriesTest, DoesNotReadAFileWithoutEnd) {
  const auto source = with_config(std::string((4 << 20) + 1, ' '));
  EXPECT_THAT(source->find(registry("h.io"), ""), HasError(ErrorCode::too_large));
}

TEST_F(AuthEntriesTest, AnswersSeveralThreadsAtOnce) {
  const auto source = with_config(R"({"auths":{"h.io":{"auth":"dTpw"}}})");
  std::vector<std::string> answers(4);
  std::vector<std::jthread> threads;
  for (std::string& answer : answers) {
    threads.emplace_back([&] { answer = found(*source, "h.io"); });
  }
  threads.clear();
  EXPECT_THAT(answers, ::testing::Each("u:p"));
}

}  // namespace
}  // namespace purser
