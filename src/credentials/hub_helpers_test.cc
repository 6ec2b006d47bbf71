// Docker Hub has two names, and a file may name a helper by each of them (A-4, A-31).
#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "credentials/credentials_fixture.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::purser::testing::read_file;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kBoth =
    R"({"auths":{},"credHelpers":{"docker.io":"podman"},"credsStore":"docker"})";

// Two helpers, called for who asks them, each with a folder that has a file for each server.
class HubHelpersTest : public CredentialsFixture {
 protected:
  HubHelpersTest() {
    for (const std::string& name : {std::string("docker"), std::string("podman")}) {
      std::filesystem::create_directories(home_ / name);
      helper(name, "cd " + (home_ / name).string() + R"sh( && input=$(cat)
file() { printf %s "$1" | tr / _; }
case $1 in
store) printf %s "$input" > "$(file "$(printf %s "$input" | jq -r .ServerURL)")" ;;
get) cat "$(file "$input")" 2>/dev/null ||
     { echo 'credentials not found in native keychain'; exit 1; } ;;
erase) rm "$(file "$input")" ;;
esac)sh");
    }
  }
  void put(const std::string& name, const std::string& server, const std::string& user) const {
    home_.write(name + "/" + server, R"({"Username":")" + user + R"(","Secret":"s"})");
  }
  std::string kept(const std::string& name) const {
    std::string files;
    for (const auto& file : std::filesystem::directory_iterator(home_ / name)) {
      files += file.path().filename().string() + " ";
    }
    return files;
  }
  const Credential login_{.username = "new", .password = Secret("s")};
};

// A-4, A-31: of docker's file, podman asks one helper and docker another; docker's login counts.
TEST_F(HubHelpersTest, AsksDockersHelperFirstInDockersFile) {
  EXPECT_EQ(found(*with_config(kBoth), "docker.io"), "-");
  put("podman", "docker.io", "podmans");
  EXPECT_EQ(found(*with_config(kBoth), "docker.io"), "podmans:s");
  put("docker", "https:__index.docker.io_v1_", "dockers");
  EXPECT_EQ(found(*with_config(kBoth), "docker.io"), "dockers:s");
}

// A-4, A-32: what was just logged in is what the next run uses, and docker too.
TEST_F(HubHelpersTest, StoresWhereDockerDoesAndErasesWhereverItIs) {
  put("podman", "docker.io", "podmans");
  const auto source = with_config(kBoth);
  const auto stored = source->store(registry("docker.io"), login_);
  ASSERT_THAT(stored, IsOk());
  EXPECT_THAT(stored->helpers, ElementsAre("docker-credential-docker"));
  EXPECT_EQ(kept("docker"), "https:__index.docker.io_v1_ ");
  EXPECT_EQ(found(*source, "docker.io"), "new:s");
  const auto erased = source->erase(registry("docker.io"));
  ASSERT_THAT(erased, IsOk());
  ASSERT_TRUE(erased->has_value());
  EXPECT_THAT((*erased)->helpers,
              ElementsAre("docker-credential-docker", "docker-credential-podman"));
  EXPECT_EQ(found(*source, "docker.io"), "-");
}

// A-32, C.1-15: a helper that is not installed keeps no login, and no password, in the other
// places.
TEST_F(HubHelpersTest, ErasesWhereverItCanThoughAHelperIsMissing) {
  for (const auto& [missing, other] : {std::pair("podman", "docker"), {"docker", "podman"}}) {
    SCOPED_TRACE(missing);
    const auto program = home_ / "bin/docker-credential-";
    std::filesystem::rename(program.string() + missing, home_ / "away");
    put("docker", "https:__index.docker.io_v1_", "dockers");
    put("podman", "docker.io", "podmans");
    // dTpw is "u:p".
    const auto source =
        with_config(R"({"auths":{"docker.io":{"auth":"dTpw"},"h.io":{"auth":"dTpw"}},)"
                    R"("credHelpers":{"docker.io":"podman"},"credsStore":"docker"})");
    EXPECT_THAT(source->erase(registry("docker.io")),
                HasError(ErrorCode::io,
                         AllOf(HasSubstr(missing + std::string(" is not in PATH")),
                               HasSubstr("removed from docker-credential-" + std::string(other)),
                               HasSubstr("and " + docker_file().string()))));
    EXPECT_EQ(kept(other), "");
    EXPECT_NE(kept(missing), "");
    EXPECT_THAT(read_file(docker_file()),
                AllOf(HasSubstr("h.io"), Not(HasSubstr("\"docker.io\": {"))));
    std::filesystem::rename(home_ / "away", program.string() + missing);
  }
}

// A-32: one name of Docker Hub that a helper cannot erase leaves it the other.
TEST_F(HubHelpersTest, ErasesTheOtherNameWhereAHelperFailsAtOne) {
  helper("docker", R"sh(input=$(cat); case $1 in
get) echo '{"Username":"u","Secret":"s"}' ;;
erase) echo "$input" >> )sh" +
                       (home_ / "erased").string() + R"sh(
  [ "$input" = docker.io ] || { echo locked >&2; exit 1; } ;;
esac)sh");
  EXPECT_THAT(
      with_config(R"({"credsStore":"docker"})")->erase(registry("docker.io")),
      HasError(ErrorCode::bad_response,
               AllOf(HasSubstr("locked"), HasSubstr("removed from docker-credential-docker"))));
  EXPECT_EQ(read_file(home_ / "erased"), "https://index.docker.io/v1/\ndocker.io\n");
}

// A-32: the file may have the password, so its own failure is told as well.
TEST_F(HubHelpersTest, TellsOfTheFileTooWhereNeitherItNorAHelperCouldBeChanged) {
  const auto source =
      with_config(R"({"auths":{"docker.io":{"auth":"dTpw"}},"credsStore":"breaks"})");
  helper("breaks",
         "cat >/dev/null; printf '{' > '" + docker_file().string() + "'; echo locked >&2; exit 1");
  EXPECT_THAT(
      source->erase(registry("docker.io")),
      HasError(ErrorCode::bad_response,
               AllOf(HasSubstr("locked"), HasSubstr("the file could not be changed either: "),
                     HasSubstr("malformed"), Not(HasSubstr("removed from")))));
}

// A-4, A-31: without a store of docker's the entry is docker's place, whatever podman asks.
TEST_F(HubHelpersTest, StoresInTheEntryWhereDockersFileNamesPodmansHelperAlone) {
  put("podman", "docker.io", "podmans");
  const auto source = with_config(R"({"credHelpers":{"docker.io":"podman"}})");
  EXPECT_EQ(found(*source, "docker.io"), "podmans:s");
  const auto stored = source->store(registry("docker.io"), login_);
  ASSERT_THAT(stored, IsOk());
  EXPECT_THAT(stored->helpers, IsEmpty());
  EXPECT_EQ(found(*source, "docker.io"), "new:s");
  EXPECT_THAT(read_file(docker_file()), HasSubstr("https://index.docker.io/v1/"));
}

// A-4, A-31: podman asks by its own name, and never by docker's.
TEST_F(HubHelpersTest, StoresUnderPodmansNameInPodmansFile) {
  const std::string helpers =
      R"("credHelpers":{"docker.io":"podman","https://index.docker.io/v1/":"docker"})";
  variables_["REGISTRY_AUTH_FILE"] = home_.write("auth.json", "{" + helpers + "}");
  put("docker", "https:__index.docker.io_v1_", "dockers");
  EXPECT_EQ(found(*credentials(), "docker.io"), "dockers:s");
  ASSERT_THAT(credentials()->store(registry("docker.io"), login_), IsOk());
  EXPECT_EQ(kept("podman"), "docker.io ");
  EXPECT_EQ(found(*credentials(), "docker.io"), "new:s");
  // What only docker writes makes it docker's.
  home_.write("auth.json", R"({"credsStore":"","HttpHeaders":{},)" + helpers + "}");
  EXPECT_EQ(found(*credentials(), "docker.io"), "dockers:s");
}

}  // namespace
}  // namespace purser
