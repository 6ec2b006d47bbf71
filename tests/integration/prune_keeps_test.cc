// What a prune must leave alone on the real registry, layers and all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class PruneKeepsTest : public PruneTest, public ::testing::WithParamInterface<MediaTypes> {};

INSTANTIATE_TEST_SUITE_P(MediaTypes, PruneKeepsTest,
                         ::testing::Values(MediaTypes::oci, MediaTypes::docker),
                         [](const auto& of) {
                           return of.param == MediaTypes::oci ? "oci" : "docker";
                         });

// Deleting by digest takes every tag of it along (H2), so the unlisted one is untagged.
TEST_P(PruneKeepsTest, TheDigestThatAKeptTagSharesWithAnUnlistedOne) {
  const BuiltManifest image = image_named("shared", GetParam());
  pusher.push("team/app", image, "kept");
  pusher.push("team/app", image, "unlisted");
  pusher.push("team/app", image_named("other", GetParam()), "other");

  const PurserRun run = prune({"team/app:kept"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(lost("team/app", "kept", image), "");
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("kept"));
  EXPECT_EQ(run.report().tags.at("team/app:unlisted").means, "untag");
}

TEST_P(PruneKeepsTest, TheChildrenOfAKeptIndexTaggedOrNot) {
  const BuiltManifest amd64 = image_named("amd64", GetParam());
  const BuiltManifest arm64 = image_named("arm64", GetParam());
  const BuiltManifest index = build_index({amd64, arm64}, {.types = GetParam()});
  pusher.push("team/app", index, "multi");
  pusher.push("team/app", amd64, "multi-amd64");  // its tag goes, it stays

  const PurserRun run = prune({"team/app:multi"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(lost("team/app", "multi", index), "");
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("multi"));
}

TEST_F(PruneTest, KeepsWhatANestedIndexNeedsHoweverDeep) {
  const BuiltManifest leaf = image_named("leaf");
  const BuiltManifest tagged_leaf = image_named("tagged leaf");
  const BuiltManifest middle = build_index({leaf, tagged_leaf}, {.annotations = {{"level", "2"}}});
  const BuiltManifest inner = build_index({middle}, {.annotations = {{"level", "1"}}});
  const BuiltManifest outer = build_index({inner, image_named("beside")});
  pusher.push("team/app", outer, "release");
  pusher.push("team/app", tagged_leaf, "leaf");
  pusher.push("team/app", middle, "middle");

  const PurserRun run = prune({"team/app:release"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(lost("team/app", "release", outer), "");
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("release"));
}

// A-87: the signature belongs to a child that has no tag of its own.
TEST_F(PruneTest, KeepsTheSignatureOfAChildOfAKeptIndex) {
  const BuiltManifest child = image_named("signed child");
  const BuiltManifest index = build_index({child});
  const BuiltManifest signature = build_signature(child.digest);
  const std::string tag = digest_tag(child.digest, ".sig");
  pusher.push("team/app", index, "v1");
  pusher.push("team/app", signature, tag);
  pusher.push("team/app", image_named("old"), "old");

  const PurserRun run = prune({"team/app:v1"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(lost("team/app", tag, signature), "");
  EXPECT_EQ(lost("team/app", "v1", index), "");
  EXPECT_THAT(pusher.tags("team/app"), UnorderedElementsAre("v1", tag));
}

// A-79, A-87: a registry without a referrers API, so the fallback tag and the `subject` field tell.
TEST_F(PruneTest, KeepsAReferrerOfAKeptImageAndTheFallbackIndexThatListsIt) {
  const BuiltManifest image = image_named("subject");
  const BuiltManifest listed = build_artifact(image);
  const BuiltManifest tagged = build_artifact(image, {.content = "another bill of materials"});
  const BuiltManifest fallback = build_index({listed});
  pusher.push("team/app", image, "v1");
  pusher.push("team/app", fallback, digest_tag(image.digest));
  pusher.push("team/app", tagged, "some-sbom");
  pusher.push("team/app", image_named("old"), "old");

  const PurserRun run = prune({"team/app:v1"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(lost("team/app", digest_tag(image.digest), fallback), "");
  EXPECT_EQ(lost("team/app", "some-sbom", tagged), "");  // without its tag nobody would find it
  EXPECT_EQ(lost("team/app", "v1", image), "");
  EXPECT_EQ(pusher.status("team/app", "old"), 404);
}

// A tag of it, and the index above it, keep a later collection of untagged manifests away from it.
TEST_F(PruneTest, KeepsEveryTagAndParentOfAnImageKeptByDigest) {
  const BuiltManifest image = image_named("pinned");
  const BuiltManifest index = build_index({image, image_named("sibling")});
  pusher.push("team/app", image, "one");
  pusher.push("team/app", image, "two");
  pusher.push("team/app", index, "multi");
  pusher.push("team/app", image_named("old"), "old");

  const PurserRun run = prune({"team/app@" + image.digest});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(lost("team/app", "one", image), "");
  EXPECT_EQ(lost("team/app", "multi", index), "");
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("multi", "one", "two"));
}

TEST_F(PruneTest, KeepsWhatAGlobMatchesAndNoMore) {
  for (const std::string tag : {"release-1", "release-2", "nightly-1"}) {
    pusher.push("team/app", image_named("app " + tag), tag);
    pusher.push("team/sub/app", image_named("sub " + tag), tag);
    pusher.push("app", image_named("top " + tag), tag);
  }
  // `*` stops at '/', `**` does not.
  const PurserRun run = prune({"team/*:release-*", "**/sub/*:nightly-?", "app:*"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("release-1", "release-2"));
  EXPECT_THAT(pusher.tags("team/sub/app"), ElementsAre("nightly-1"));
  EXPECT_THAT(pusher.tags("app"), ElementsAre("nightly-1", "release-1", "release-2"));
}

TEST_F(PruneTest, KeepsWhatTheKeepFileNamesWithTheRegistrysOwnNameBeforeIt) {
  const BuiltManifest image = image_named("kept");
  pusher.push("team/app", image, "v1");
  pusher.push("team/app", image_named("old"), "old");
  const auto list =
      directory.write("keep.txt", "# production\n" + host() + "/team/app:v1   # pinned\r\n\n  \n");

  const PurserRun run = prune({}, {"--keep-file", list.string()});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_THAT(tags_of("team/app"), ElementsAre(Pair("v1", image.digest)));
}

// Blobs are shared over repositories, manifests are not: what goes in one stays in the other.
TEST_F(PruneTest, KeepsTheSameImageInAnotherRepository) {
  const BuiltManifest image = image_named("in both");
  pusher.push("team/app", image, "v1");
  pusher.push("team/copy", image, "v1");
  pusher.push("team/copy", image_named("kept there"), "v2");

  const PurserRun run = prune({"team/app:v1", "team/copy:v2"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(lost("team/app", "v1", image), "");
  EXPECT_EQ(pusher.status("team/copy", "v1"), 404);
}

TEST_F(PruneTest, KeepsAnIndexOneOfWhoseChildrenIsGone) {
  // 2.8.2 looks for the children at the push, so this one goes afterwards.
  const BuiltManifest there = image_named("there");
  const BuiltManifest absent = image_named("absent");
  const BuiltManifest sparse = build_index({there, absent});
  pusher.push("team/app", sparse, "v1");
  pusher.push("team/app", image_named("old"), "old");
  ASSERT_EQ(pusher.delete_status("team/app", absent.digest), 202);

  const PurserRun run = prune({"team/app:v1"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(pusher.digest("team/app", "v1"), sparse.digest);
  EXPECT_EQ(pusher.missing_part_of("team/app", there), "");
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("v1"));
}

}  // namespace
}  // namespace purser::testing
