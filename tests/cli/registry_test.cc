// The program against the real registry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "testing/image_builder.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "tests/cli/program.h"

namespace purser {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;
using testing::BuiltManifest;
using testing::ProcessResult;

BuiltManifest image_of(const std::string& layer, const std::string& architecture = "amd64") {
  testing::ImageSpec spec;
  spec.layers = {layer};
  spec.architecture = architecture;
  spec.labels = {{"org.example.layer", layer}};
  return testing::build_image(spec);
}

class CliRegistryTest : public ::testing::Test {
 protected:
  std::string name(const std::string& reference) const {
    return registry_.host() + "/" + reference;
  }

  testing::RegistryServer registry_;
  testing::Pusher pusher_{registry_.url()};
  Program purser_;
};

TEST_F(CliRegistryTest, ListsAndDescribesWhatAnotherClientPushed) {
  const BuiltManifest amd = image_of("one");
  const BuiltManifest arm = image_of("two", "arm64");
  const BuiltManifest index = testing::build_index({amd, arm});
  pusher_.push("team/app", amd, "v1");
  pusher_.push("team/app", index, "multi");
  pusher_.push("base", arm, "v1");

  EXPECT_EQ(purser_({"catalog", registry_.host()}).out, "base\nteam/app\n");
  EXPECT_EQ(purser_({"tags", name("team/app")}).out, "multi\nv1\n");
  EXPECT_EQ(purser_({"digest", name("team/app:multi")}).out, index.digest + "\n");
  EXPECT_EQ(purser_({"manifest", "--raw", name("team/app:multi")}).out, index.bytes);
  EXPECT_EQ(purser_({"manifest", "--raw", "--platform", "linux/arm64", name("team/app:multi")}).out,
            arm.bytes);
  EXPECT_EQ(Json::parse(purser_({"config", name("team/app:v1")}).out),
            Json::parse(amd.blobs.front().bytes));

  const Json image = Json::parse(purser_({"inspect", "-o", "json", name("team/app:v1")}).out);
  EXPECT_EQ(image["digest"], amd.digest);
  EXPECT_EQ(image["platforms"], Json({"linux/amd64"}));
  EXPECT_EQ(image["created"], "2024-01-02T03:04:05Z");
  EXPECT_EQ(image["labels"], Json({{"org.example.layer", "one"}}));

  const Json tags = Json::parse(purser_({"tags", "--long", "-o", "json", name("team/app")}).out);
  ASSERT_EQ(tags.size(), 2u);
  EXPECT_EQ(tags[0]["digest"], index.digest);
  EXPECT_EQ(tags[0]["platforms"], Json({"linux/amd64", "linux/arm64"}));
}

TEST_F(CliRegistryTest, TagsPutsUntagsAndDeletes) {
  const BuiltManifest one = image_of("one");
  const BuiltManifest two = image_of("two");
  pusher_.push("app", one, "v1");
  pusher_.push("app", two, "v2");

  const Json moved = Json::parse(purser_({"tag", "-o", "json", name("app:v2"), "v1"}).out);
  EXPECT_EQ(moved["previous"], one.digest);
  EXPECT_EQ(pusher_.digest("app", "v1"), two.digest);

  const auto file = purser_.home().write("manifest.json", one.bytes);
  const ProcessResult put =
      purser_({"put", name("app:back"), file.string(), "--media-type", one.media_type});
  EXPECT_EQ(put.exit_code, 0) << put.describe();
  EXPECT_EQ(pusher_.digest("app", "back"), one.digest);

  const ProcessResult untagged = purser_({"untag", name("app:v1")});
  EXPECT_EQ(untagged.exit_code, 0) << untagged.describe();
  EXPECT_THAT(pusher_.tags("app"), ElementsAre("back", "v2"));
  EXPECT_EQ(pusher_.digest("app", "v2"), two.digest);

  const ProcessResult deleted = purser_({"delete", name("app:v2")});
  EXPECT_EQ(deleted.exit_code, 0) << deleted.describe();
  EXPECT_EQ(pusher_.status("app", two.digest), 404);
  EXPECT_THAT(pusher_.tags("app"), ElementsAre("back"));
}

TEST_F(CliRegistryTest, PrunesAllButTheKeepListAndKeepsWhatThatNeeds) {
  const BuiltManifest shared = image_of("shared");
  const BuiltManifest child = image_of("child", "arm64");
  const BuiltManifest index = testing::build_index({shared, child});
  const BuiltManifest old = image_of("old");
  pusher_.push("team/app", index, "release");
  pusher_.push("team/app", shared, "build-1");
  pusher_.push("team/app", old, "build-2");
  pusher_.push("team/tool", old, "latest");
  const auto keep = purser_.home().write("keep.txt", "team/app:rel*\nteam/tool:*  # all of it\n");
  const std::vector<std::string> prune = {"prune", registry_.host(), "--keep-file", keep.string()};

  const ProcessResult dry = purser_(prune);
  EXPECT_EQ(dry.exit_code, 0) << dry.describe();
  EXPECT_THAT(dry.out, AllOf(HasSubstr("untag   build-1"), HasSubstr("delete  build-2"),
                             HasSubstr("Nothing was done")));
  EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("build-1", "build-2", "release"));

  std::vector<std::string> apply = prune;
  apply.insert(apply.end(), {"--yes", "-o", "json"});
  const ProcessResult done = purser_(apply);
  EXPECT_EQ(done.exit_code, 0) << done.describe();
  EXPECT_EQ(Json::parse(done.out)["tags_removed"], 2);
  EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("release"));
  EXPECT_EQ(pusher_.missing_part_of("team/app", index), "");
  EXPECT_EQ(pusher_.status("team/app", old.digest), 404);
  EXPECT_EQ(pusher_.missing_part_of("team/tool", old), "");

  apply = prune;
  apply.emplace_back("--yes");
  const ProcessResult again = purser_(apply);
  EXPECT_EQ(again.exit_code, 0) << again.describe();
}

TEST_F(CliRegistryTest, LeavesTheOldPlanWhenTheDiskIsFull) {
  for (const char* tag : {"v1", "v2", "v3"}) pusher_.push("app", image_of(tag), tag);
  const auto plan = purser_.home().write("plan.json", "the old plan");
  const ProcessResult result =
      testing::run({"prlimit", "--fsize=800", PURSER_PROGRAM, "plan", registry_.host(), "--keep",
                    "app:*", "--out", plan.string()},
                   purser_.options());
  EXPECT_EQ(result.exit_code, 1) << result.describe();
  EXPECT_THAT(result.err, AllOf(HasSubstr("plan.json"), HasSubstr("File too large")));
  EXPECT_EQ(testing::read_file(plan), "the old plan");
}

TEST_F(CliRegistryTest, ChangesNothingWhereDeletesAreDisabled) {
  const BuiltManifest one = image_of("one");
  pusher_.push("app", one, "v1");
  pusher_.push("app", one, "v2");
  registry_.restart_with_deletes(false);
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"prune", registry_.host(), "--keep", "app:v1", "--yes"},
           {"delete", name("app:v1"), "--all-tags"}}) {
    const ProcessResult result = purser_(arguments);
    EXPECT_EQ(result.exit_code, 7) << result.describe();
    EXPECT_THAT(result.err, HasSubstr("REGISTRY_STORAGE_DELETE_ENABLED"));
  }
  EXPECT_NE(purser_({"untag", name("app:v1")}).exit_code, 0);
  EXPECT_THAT(pusher_.tags("app"), ElementsAre("v1", "v2"));
  EXPECT_EQ(pusher_.digest("app", "v1"), one.digest);
}

TEST(CliLoginTest, AsksForTheRightPassword) {
  testing::RegistryOptions options;
  options.users = {{"ann", "s3cret"}};
  testing::RegistryServer registry(options);
  const Program purser;
  const std::vector<std::string> catalog = {"catalog", registry.host(), "-u", "ann",
                                            "--password-stdin"};
  EXPECT_EQ(purser({"catalog", registry.host()}).exit_code, 4);
  EXPECT_EQ(purser(catalog, "wrong\n").exit_code, 4);
  const ProcessResult right = purser(catalog, "s3cret\n");
  EXPECT_EQ(right.exit_code, 0) << right.describe();
}

TEST(CliLoginTest, FindsCredentialsInDockersConfig) {
  testing::RegistryOptions options;
  options.users = {{"ann", "s3cret"}};
  testing::RegistryServer registry(options);
  const Program purser;
  const Json config = {{"auths", {{registry.host(), {{"auth", "YW5uOnMzY3JldA=="}}}}}};
  purser.home().write("config.json", config.dump());
  const ProcessResult result = purser({"catalog", registry.host()});
  EXPECT_EQ(result.exit_code, 0) << result.describe();
}

}  // namespace
}  // namespace purser
