// The verbs that change what a reference leads to.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/app_fixture.h"
#include "purser/digest.h"

namespace purser::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

using AppWriteTest = AppFixture;

TEST_F(AppWriteTest, PrintsTheDigestThatAMovedTagHad) {
  const Digest one = registry_->add_image("a", "v1");
  const Digest two = registry_->add_image("a", "v2");
  const Ran moved = run({"tag", "registry.test/a:v2", "v1", "-o", "json"});
  EXPECT_EQ(moved.code, 0) << moved.err;
  EXPECT_EQ(
      Json::parse(moved.out),
      Json({{"reference", "registry.test/a:v1"}, {"digest", two.str()}, {"previous", one.str()}}));
  EXPECT_EQ(registry_->tag("a", "v1"), two);
  EXPECT_EQ(run({"tag", "registry.test/a:v2", "new"}).out,
            "registry.test/a:new is now " + two.str() + "\n");
}

TEST_F(AppWriteTest, TagsNothingWhenOneOfTheNamesIsNoTag) {
  registry_->add_image("a", "v1");
  const Ran ran = run({"tag", "registry.test/a:v1", "good", "-bad", "--", "b:ad"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(run({"tag", "registry.test/a:v1", "good", "b:ad"}).code, 2);
  EXPECT_EQ(changes(), 0u);
}

TEST_F(AppWriteTest, UntagsOneTagAlone) {
  const Digest digest = registry_->add_image("a", "v1");
  registry_->set_tag("a", "v2", digest);
  const Ran ran = run({"untag", "registry.test/a:v1"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "registry.test/a:v1 is gone, was " + digest.str() + "\n");
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v2"));
  EXPECT_TRUE(registry_->has("a", digest));
}

TEST_F(AppWriteTest, BeginsNothingWhenATagToUntagIsNotThere) {
  registry_->add_image("a", "v1");
  EXPECT_EQ(run({"untag", "registry.test/a:v1", "registry.test/a:none"}).code, 5);
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v1"));
  EXPECT_EQ(changes(), 0u);
}

// A-2
TEST_F(AppWriteTest, LeavesATagThatPointsElsewhere) {
  const Digest digest = registry_->add_image("a", "v1");
  const std::string other = "sha256:" + std::string(64, 'b');
  EXPECT_EQ(run({"untag", "registry.test/a:v1@" + other}).code, 7);
  EXPECT_EQ(registry_->tag("a", "v1"), digest);
}

TEST_F(AppWriteTest, WantsTheTagThatIsToGoByName) {
  const Ran ran = run({"untag", "registry.test/a"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("names no tag"));
  EXPECT_EQ(run({"delete", "registry.test/a"}).code, 2);
  EXPECT_THAT(registry_->log(), IsEmpty());
}

// H2: other clients take the sibling along in silence.
TEST_F(AppWriteTest, RefusesToDeleteWhatAnotherTagHas) {
  const Digest digest = registry_->add_image("a", "v1");
  registry_->set_tag("a", "v2", digest);
  const Ran ran = run({"delete", "registry.test/a:v1"});
  EXPECT_EQ(ran.code, 7);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("v2"), HasSubstr("--all-tags")));
  EXPECT_EQ(changes(), 0u);
}

TEST_F(AppWriteTest, DeletesAManifestWithAllItsTagsWhenToldTo) {
  const Digest digest = registry_->add_image("a", "v1");
  registry_->set_tag("a", "v2", digest);
  registry_->add_image("a", "v3");
  const Ran ran = run({"delete", "registry.test/a:v1", "--all-tags"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr(digest.str() + " is deleted"),
                             HasSubstr("registry.test/a:v2 is gone")));
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v3"));
  EXPECT_FALSE(registry_->has("a", digest));
}

TEST_F(AppWriteTest, RefusesToDeleteAChildOfAnIndex) {
  const Digest child = registry_->add_image("a", "v1");
  registry_->add_index("a", "multi", {child});
  const Ran ran = run({"delete", "registry.test/a:v1"});
  EXPECT_EQ(ran.code, 7);
  EXPECT_THAT(ran.err, HasSubstr("--with-parents"));
  EXPECT_TRUE(registry_->has("a", child));
}

TEST_F(AppWriteTest, SaysThatWhatIsToBeDeletedIsNotThere) {
  registry_->add_image("a", "v1");
  const Ran ran = run({"delete", "registry.test/a:none"});
  EXPECT_EQ(ran.code, 5);
  EXPECT_THAT(ran.err, HasSubstr("none"));
  EXPECT_EQ(changes(), 0u);
}

TEST_F(AppWriteTest, DeletesNothingWhereDeletesAreDisabled) {
  testing::FakeRegistryOptions options;
  options.deletes_enabled = false;
  registry_->set_options(options);
  registry_->add_image("a", "v1");
  const Ran ran = run({"delete", "registry.test/a:v1"});
  EXPECT_EQ(ran.code, 7);
  EXPECT_THAT(ran.err, HasSubstr("REGISTRY_STORAGE_DELETE_ENABLED"));
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v1"));
}

TEST_F(AppWriteTest, PutsAManifestByteForByte) {
  const Digest digest = registry_->add_image("a", "v1");
  const std::string bytes = *registry_->manifest("a", digest);
  const Ran ran = run({"put", "registry.test/a:copy", file("manifest.json", bytes)});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(registry_->tag("a", "copy"), digest);
}

TEST_F(AppWriteTest, WantsAMediaTypeForAManifestThatHasNone) {
  const Ran ran = run({"put", "registry.test/a:v1", file("manifest.json", "{}")});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(changes(), 0u);
}

TEST_F(AppWriteTest, SaysThatADocumentIsNoManifest) {
  const Ran ran = run({"put", "registry.test/a:v1", file("manifest.json", "<html>")});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("not the JSON of a manifest"), std::string::npos) << ran.err;
  EXPECT_EQ(changes(), 0u);
}

TEST_F(AppWriteTest, NamesAFileThatCannotBeRead) {
  EXPECT_EQ(run({"put", "registry.test/a:v1", path("none")}).code, 1);
  EXPECT_EQ(run({"put", "registry.test/a:v1", directory_.string()}).code, 2);
}

}  // namespace
}  // namespace purser::cli
