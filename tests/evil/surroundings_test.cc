// What lies around on the machine that the program runs on: files of other programs, of the folder
// that it is started in, and its own.
#include <filesystem>
#include <fstream>

#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using std::filesystem::perms;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SurroundingsTest : public EvilTest {
 protected:
  // A program that leaves a mark when it is run.
  void write_helper(const std::filesystem::path& directory) const {
    const auto file = directory / "docker-credential-evil";
    std::filesystem::create_directories(directory);
    std::ofstream(file) << "#!/bin/sh\ntouch '" << mark_.string() << "'\necho '{}'\n";
    std::filesystem::permissions(file, perms::owner_all);
  }

  const std::filesystem::path mark_ = purser_.home() / "was-run";
  EvilRegistry registry_;
};

// C.1-18: curl's own files are not Purser's.
TEST_F(SurroundingsTest, HaveNoPasswordInANetrc) {
  registry_.challenge_with({basic()});
  const std::string netrc = "machine 127.0.0.1 login alice password " + password_ + "\n";
  for (const char* name : {".netrc", "_netrc"}) purser_.home().write(name, netrc);
  purser_.home().write(".curlrc", "user = alice:" + password_ + "\nnetrc\n");
  ProcessOptions options = purser_.options();
  options.environment["CURL_HOME"] = purser_.home().path().string();
  options.environment["NETRC"] = (purser_.home() / ".netrc").string();
  EXPECT_THAT(testing::run(purser_.command({"tags", registry_.host() + "/app"}), options),
              Fails(4, HasSubstr("there are none")));
  EXPECT_EQ(registry_.count(), 1U);
  expect_no_secret(registry_);
}

// C.1-20: who checks out a project has not asked for its helpers to be run.
TEST_F(SurroundingsTest, HaveNoHelperInTheFolderThatItIsStartedIn) {
  registry_.challenge_with({basic()});
  const TempDir project;
  write_helper(project.path() / "bin");
  write_helper(project.path());
  for (const char* name :
       {"config.json", ".docker/config.json", "auth.json", ".dockercfg", "containers/auth.json"}) {
    project.write(name, R"({"credsStore":"evil"})");
  }
  ProcessOptions options = purser_.options();
  options.directory = project.path();
  options.environment["PATH"] = (project.path() / "bin").string() + ":/usr/bin:/bin";
  EXPECT_FALSE(testing::run(purser_.command({"tags", registry_.host() + "/app"}), options).ok());
  EXPECT_FALSE(std::filesystem::exists(mark_));
  // Not even where a variable names it, for it may have been set by whoever made the folder.
  options.environment["DOCKER_CONFIG"] = project.path().string();
  const auto tags = [&] {
    return testing::run(purser_.command({"tags", registry_.host() + "/app"}), options);
  };
  EXPECT_FALSE(tags().ok());
  EXPECT_FALSE(std::filesystem::exists(mark_));
  // From elsewhere it is the user's own word, or this would prove nothing.
  options.directory = purser_.home().path();
  const ProcessResult asked = tags();
  EXPECT_TRUE(std::filesystem::exists(mark_)) << asked.describe();
}

// C.1-24: a name is a name, whatever it begins with.
TEST_F(SurroundingsTest, TakeNoNameForAnOption) {
  EXPECT_THAT(purser_({"digest", "--", "-rf"}), Fails(2, HasSubstr("-rf")));
  EXPECT_THAT(purser_({"tags", "--", "--version"}), Fails(2, HasSubstr("--version")));
  EXPECT_THAT(purser_({"untag", registry_.host() + "/app:-rf"}), Fails(2, HasSubstr("-rf")));
  EXPECT_THAT(purser_({"digest", registry_.host() + "/app:latest@sha256"}),
              Fails(2, HasSubstr("digest")));
  EXPECT_EQ(registry_.count(), 0U);
}

// C.1-26
TEST_F(SurroundingsTest, ShowNobodyElseWhatWasRemoved) {
  RegistryServer registry;
  Pusher pusher(registry.url());
  pusher.push("team/app", image_, "keep");
  pusher.push("team/app", build_image({.layers = {"other"}}), "go");
  ProcessOptions options = purser_.options();
  const auto state = purser_.home() / "state";
  options.environment["XDG_STATE_HOME"] = state.string();
  const ProcessResult pruned = testing::run(
      purser_.command({"prune", registry.host(), "--keep", "team/app:keep", "--yes"}), options);
  ASSERT_TRUE(pruned.ok()) << pruned.describe();
  constexpr perms kOthers = perms::group_all | perms::others_all;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state / "purser")) {
    EXPECT_EQ(entry.status().permissions() & kOthers, perms::none) << entry.path();
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(std::filesystem::status(state / "purser").permissions() & kOthers, perms::none);
  EXPECT_GT(files, 0U);
}

}  // namespace
}  // namespace purser::testing
