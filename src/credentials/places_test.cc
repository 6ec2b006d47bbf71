#include "credentials/places.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "credentials/credentials_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;

class PlacesTest : public CredentialsFixture {
 protected:
  std::vector<std::string> files(const std::string& named = {}) const {
    std::vector<std::string> files;
    for (const AuthPlace& place : auth_places(named, options().environment)) {
      files.push_back(place.file.string());
    }
    return files;
  }
  bool may_name(const std::filesystem::path& file) const {
    return may_name_helpers(file, options().environment);
  }
};

//
TEST_F(PlacesTest, NamesTheFilesOfDockerBeforeThoseOfPodman) {
  variables_ = {{"HOME", "/home/ann"}};
  const std::string run = "/run/containers/" + std::to_string(::getuid()) + "/auth.json";
  EXPECT_THAT(files(),
              ElementsAre("/home/ann/.docker/config.json", run,
                          "/home/ann/.config/containers/auth.json", "/home/ann/.dockercfg"));
  variables_["DOCKER_CONFIG"] = "/etc/docker-of-ann";
  variables_["XDG_RUNTIME_DIR"] = "/run/user/1000";
  variables_["XDG_CONFIG_HOME"] = "/home/ann/settings";
  EXPECT_THAT(files(),
              ElementsAre("/etc/docker-of-ann/config.json", "/run/user/1000/containers/auth.json",
                          "/home/ann/settings/containers/auth.json", "/home/ann/.dockercfg"));
}

//
TEST_F(PlacesTest, NamesOneFileAloneWhereOneWasAskedFor) {
  variables_["REGISTRY_AUTH_FILE"] = "/of/the/variable";
  EXPECT_THAT(files(), ElementsAre("/of/the/variable"));
  EXPECT_THAT(files("/typed"), ElementsAre("/typed"));
}

TEST_F(PlacesTest, TakesAnEmptyVariableForNone) {
  ::setenv("PURSER_TEST_VARIABLE", "", 1);
  EXPECT_EQ(process_environment("PURSER_TEST_VARIABLE"), std::nullopt);
  ::setenv("PURSER_TEST_VARIABLE", "x", 1);
  EXPECT_EQ(process_environment("PURSER_TEST_VARIABLE"), "x");
  ::unsetenv("PURSER_TEST_VARIABLE");
}

// C.1-20: what a checkout brings along names no program to run.
TEST_F(PlacesTest, LetsNoProjectNameAHelper) {
  const auto project = home_ / "src/project";
  std::filesystem::create_directories(project / ".docker");
  home_.write(".docker/config.json", "{}");
  std::filesystem::create_symlink(project / ".docker", home_ / "innocent");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(project);
  EXPECT_FALSE(may_name(project / ".docker/config.json"));
  EXPECT_FALSE(may_name(project / "auth.json"));
  EXPECT_FALSE(may_name(".docker/config.json"));
  EXPECT_FALSE(may_name("../../.docker/config.json"));
  EXPECT_FALSE(may_name(home_ / "innocent/config.json"));
  EXPECT_TRUE(may_name(docker_file()));
  EXPECT_TRUE(may_name(home_ / "elsewhere/config.json"));
  // The user's own folder stays his where he stands above it or in it.
  std::filesystem::current_path(home_.path());
  EXPECT_TRUE(may_name(docker_file()));
  EXPECT_FALSE(may_name(".docker/config.json"));
  std::filesystem::current_path(home_ / ".docker");
  EXPECT_TRUE(may_name(docker_file()));
  std::filesystem::current_path("/");
  EXPECT_TRUE(may_name("/etc/docker-of-ann/config.json"));
  std::filesystem::current_path(before);
}

// C.1-20: the same from every folder of a checkout, and from outside of it.
TEST_F(PlacesTest, LetsNoCheckoutNameAHelperWhereverOneStands) {
  const auto project = home_ / "src/project";
  std::filesystem::create_directories(project / "deep/er");
  home_.write("src/worktree/.git", "gitdir: elsewhere");
  std::filesystem::create_directories(project / ".git");
  std::filesystem::create_directories(home_ / ".git");  // of a home whose settings are kept in git
  const auto before = std::filesystem::current_path();
  for (const auto& here :
       {project, project / "deep/er", home_ / "src", home_.path(), std::filesystem::path("/")}) {
    SCOPED_TRACE(here);
    std::filesystem::current_path(here);
    EXPECT_FALSE(may_name(project / ".docker/config.json"));
    EXPECT_FALSE(may_name(project / "deep/er/auth.json"));
    EXPECT_FALSE(may_name(home_ / "src/worktree/auth.json"));
    EXPECT_TRUE(may_name(docker_file()));
    EXPECT_TRUE(may_name(home_ / "settings/config.json"));
  }
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace purser
