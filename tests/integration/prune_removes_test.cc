// What a prune takes away on the real registry: no less than all that nothing kept needs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PruneRemovesTest : public PruneTest {
 protected:
  PruneRemovesTest() { pusher.push("team/app", kept, "kept"); }
  const BuiltManifest kept = image_named("kept");
};

TEST_F(PruneRemovesTest, UnlistedTagsAndTheirManifests) {
  const BuiltManifest two_tags = image_named("two tags");
  const BuiltManifest docker = image_named("docker", MediaTypes::docker);
  pusher.push("team/app", two_tags, "a");
  pusher.push("team/app", two_tags, "b");
  pusher.push("team/app", docker, "c");

  const PurserRun run = prune({"team/app:kept"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("kept"));
  EXPECT_EQ(pusher.status("team/app", two_tags.digest), 404);
  EXPECT_EQ(pusher.status("team/app", docker.digest), 404);
  EXPECT_EQ(run.report().tags_removed, 3u);
  EXPECT_EQ(run.report().manifests_removed, 2u);
  EXPECT_EQ(lost("team/app", "kept", kept), "");
}

TEST_F(PruneRemovesTest, TheChildrenOfARemovedIndexThatNothingElseNeeds) {
  const BuiltManifest only_here = image_named("only here");
  const BuiltManifest deeper = image_named("deeper");
  const BuiltManifest nested = build_index({deeper}, {.types = MediaTypes::docker});
  const BuiltManifest index = build_index({kept, only_here, nested});
  pusher.push("team/app", index, "old");

  const PurserRun run = prune({"team/app:kept"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  for (const BuiltManifest& gone : {index, only_here, nested, deeper}) {
    EXPECT_EQ(pusher.status("team/app", gone.digest), 404);
  }
  EXPECT_EQ(lost("team/app", "kept", kept), "");
}

TEST_F(PruneRemovesTest, DigestTagsOfRemovedDigests) {
  const BuiltManifest old = image_named("old");
  const BuiltManifest child = image_named("child of old");
  const BuiltManifest index = build_index({child});
  pusher.push("team/app", old, "old");
  pusher.push("team/app", index, "old-multi");
  pusher.push("team/app", build_signature(old.digest), digest_tag(old.digest, ".sig"));
  pusher.push("team/app", build_artifact(std::nullopt), digest_tag(old.digest, ".att"));
  pusher.push("team/app", build_artifact(std::nullopt, {.content = "another"}),
              digest_tag(old.digest, ".sbom"));
  pusher.push("team/app", build_index({build_artifact(old)}), digest_tag(old.digest));
  pusher.push("team/app", build_signature(child.digest), digest_tag(child.digest, ".sig"));

  const PurserRun run = prune({"team/app:kept"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("kept"));
  EXPECT_EQ(pusher.status("team/app", build_signature(child.digest).digest), 404);
  EXPECT_EQ(lost("team/app", "kept", kept), "");
}

TEST_F(PruneRemovesTest, NoDigestTagsWithKeepReferrers) {
  const BuiltManifest old = image_named("old");
  const BuiltManifest signature = build_signature(old.digest);
  const std::string tag = digest_tag(old.digest, ".sig");
  pusher.push("team/app", old, "old");
  pusher.push("team/app", signature, tag);

  const PurserRun run = prune({"team/app:kept"}, {"--keep-referrers"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(pusher.status("team/app", old.digest), 404);
  EXPECT_EQ(lost("team/app", tag, signature), "");
}

TEST_F(PruneRemovesTest, NothingMoreInASecondRun) {
  pusher.push("team/app", build_index({image_named("child")}), "old");
  pusher.push("team/app", kept, "also-kept-bytes");
  ASSERT_EQ(prune({"team/app:kept"}).exit_code(), 0);
  proxy.server().forget_requests();

  const PurserRun again = prune({"team/app:kept"});

  EXPECT_EQ(again.exit_code(), 0) << again;
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_EQ(again.report().tags_removed, 0u);
  EXPECT_EQ(again.report().tags_seen, 1u);
}

TEST_F(PruneRemovesTest, EveryTagOfARepositoryWithAllowEmpty) {
  pusher.push("team/dead", image_named("dead"), "v1");

  const PurserRun run = prune({"team/app:kept"}, {"--allow-empty"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_THAT(pusher.tags("team/dead"), IsEmpty());
  EXPECT_EQ(lost("team/app", "kept", kept), "");
}

TEST_F(PruneRemovesTest, OnlyInTheRepositoriesThatAreNamed) {
  pusher.push("team/app", image_named("old"), "old");
  pusher.push("team/other", image_named("untouched"), "v1");

  const PurserRun run = purser({"prune", host() + "/team/app", "--keep", "team/app:kept", "--keep",
                                "team/other:not-looked-for", "--yes", "-o", "json"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(run.report().tags_seen, 2u);
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("kept"));
  EXPECT_THAT(pusher.tags("team/other"), ElementsAre("v1"));
}

}  // namespace
}  // namespace purser::testing
