// Another client is at work in the same repository: between plan and apply, and while apply runs.
// There is no compare-and-swap on the wire (A-58), so apply looks again before each step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class RaceTest : public PruneTest {
 protected:
  RaceTest() {
    pusher.push("team/app", kept, "kept");
    pusher.push("team/app", doomed, "doomed");
  }

  void plan() {
    const PurserRun run = purser({"plan", host(), "--keep", "team/app:kept", "--out", plan_file()});
    ASSERT_EQ(run.exit_code(), 0) << run;
  }
  PurserRun apply() { return purser({"apply", plan_file(), "--yes", "-o", "json"}); }
  std::string plan_file() const { return (directory / "plan.json").string(); }
  // Just before the registry sees the DELETE of this manifest, and after all that apply looked at.
  void just_before_delete_of(const BuiltManifest& manifest, const std::function<void()>& act) {
    proxy.before({.method = "DELETE", .target = manifest.digest, .times = 1},
                 [act](const WireRequest&) { act(); });
  }

  const BuiltManifest kept = image_named("kept");
  const BuiltManifest doomed = image_named("doomed");
  const BuiltManifest* rescued = nullptr;
};

TEST_F(RaceTest, ATagThatComesOntoADoomedDigestBetweenPlanAndApply) {
  plan();
  pusher.push("team/app", doomed, "rescued");

  const PurserRun run = apply();

  // The tag that was to go still goes, or stays and is reported; what came is not touched.
  EXPECT_EQ(run.exit_code(), 3) << run;
  EXPECT_EQ(lost("team/app", "rescued", doomed), "");
  EXPECT_EQ(lost("team/app", "kept", kept), "");
  EXPECT_TRUE(run.report().adds_up());
  EXPECT_EQ(run.report().manifests.at("team/app@" + doomed.digest).outcome, "skipped");
}

TEST_F(RaceTest, ANewIndexThatReusesAChildOfADoomedOne) {
  const BuiltManifest child = image_named("reused child");
  const BuiltManifest alone = image_named("child of the old index alone");
  const BuiltManifest old_index = build_index({child, alone});
  pusher.push("team/app", old_index, "old-multi");
  plan();
  const BuiltManifest new_index = build_index({child, image_named("new child")});
  pusher.push("team/app", new_index, "new-multi");

  const PurserRun run = apply();

  EXPECT_EQ(run.exit_code(), 3) << run;
  EXPECT_EQ(lost("team/app", "new-multi", new_index), "");
  EXPECT_EQ(pusher.status("team/app", old_index.digest), 404);
  EXPECT_EQ(pusher.status("team/app", alone.digest), 404);
  EXPECT_THAT(pusher.tags("team/app"), UnorderedElementsAre("kept", "new-multi"));
}

TEST_F(RaceTest, ATagThatMovedIsSkipped) {
  plan();
  const BuiltManifest news = image_named("news");
  pusher.push("team/app", news, "doomed");

  const PurserRun run = apply();

  EXPECT_EQ(run.exit_code(), 3) << run;
  EXPECT_EQ(run.report().outcome("team/app:doomed"), "skipped");
  EXPECT_THAT(run.report().detail("team/app:doomed"), HasSubstr("moved"));
  EXPECT_EQ(lost("team/app", "doomed", news), "");
  EXPECT_EQ(lost("team/app", "kept", kept), "");
}

TEST_F(RaceTest, AKeptTagThatMovedOntoADoomedDigest) {
  plan();
  pusher.push("team/app", doomed, "kept");

  const PurserRun run = apply();

  EXPECT_EQ(run.exit_code(), 3) << run;
  EXPECT_EQ(lost("team/app", "kept", doomed), "");
}

TEST_F(RaceTest, ASignatureOfADoomedImageThatIsPushedMeanwhileGoesNowhere) {
  plan();
  const BuiltManifest signature = build_signature(doomed.digest);
  const std::string tag = digest_tag(doomed.digest, ".sig");
  pusher.push("team/app", signature, tag);

  const PurserRun run = apply();

  // It was not in the plan, so this run does not remove it.
  EXPECT_EQ(lost("team/app", tag, signature), "") << run;
  EXPECT_EQ(lost("team/app", "kept", kept), "");
  EXPECT_TRUE(run.report().adds_up());
}

TEST_F(RaceTest, ATagThatComesOntoADoomedDigestWhileItsRepositoryIsWorkedOn) {
  const BuiltManifest second = image_named("doomed as well");
  pusher.push("team/app", second, "doomed-too");
  // After the DELETE of whichever goes first, the other one gets a tag.
  const auto rescue = [&](const BuiltManifest& other) {
    return [this, &other](const WireRequest&) {
      if (pusher.status("team/app", other.digest) == 200) {
        pusher.push("team/app", other, "rescued");
        rescued = &other;
      }
    };
  };
  proxy.after({.method = "DELETE", .target = doomed.digest, .times = 1}, rescue(second));
  proxy.after({.method = "DELETE", .target = second.digest, .times = 1}, rescue(doomed));

  const PurserRun run = prune({"team/app:kept"});

  EXPECT_EQ(run.exit_code(), 3) << run;
  ASSERT_NE(rescued, nullptr);
  EXPECT_EQ(lost("team/app", "rescued", *rescued), "");
  EXPECT_EQ(lost("team/app", "kept", kept), "");
  EXPECT_EQ(run.report().manifests_removed, 1u);
  EXPECT_TRUE(run.report().adds_up());
}

TEST_F(RaceTest, ANewIndexThatComesAfterTheDeleteOfTheOldOne) {
  const BuiltManifest child = image_named("reused child");
  const BuiltManifest old_index = build_index({child});
  const BuiltManifest new_index = build_index({child}, {.annotations = {{"build", "2"}}});
  pusher.push("team/app", old_index, "old-multi");
  proxy.after({.method = "DELETE", .target = old_index.digest, .times = 1},
              [&](const WireRequest&) { pusher.push("team/app", new_index, "new-multi"); });

  const PurserRun run = prune({"team/app:kept"});

  EXPECT_EQ(lost("team/app", "new-multi", new_index), "") << run;
  EXPECT_EQ(lost("team/app", "kept", kept), "");
  EXPECT_EQ(pusher.status("team/app", old_index.digest), 404);
  EXPECT_TRUE(run.report().adds_up());
}

// No look can see this one coming: the tag goes with the digest, and comes back from the journal.
TEST_F(RaceTest, AKeptTagMovedOntoADoomedDigestJustBeforeItsDeleteIsPutBack) {
  just_before_delete_of(doomed, [this] { pusher.push("team/app", doomed, "kept"); });

  const PurserRun run = prune({"team/app:kept"});

  EXPECT_EQ(run.exit_code(), 3) << run;
  EXPECT_EQ(lost("team/app", "kept", doomed), "");
  EXPECT_THAT(run.report().warnings, Contains(HasSubstr("put back")));
  EXPECT_TRUE(run.report().adds_up());
  EXPECT_EQ(pusher.status("team/app", "doomed"), 404);
  // And it stays: the next run sees a kept tag like any other.
  const PurserRun again = prune({"team/app:kept"});
  EXPECT_EQ(again.exit_code(), 0) << again;
  EXPECT_EQ(lost("team/app", "kept", doomed), "");
}

// The answer to a DELETE is lost: what it did is read back (A-92).
TEST_F(RaceTest, ADeleteWhoseAnswerIsLostIsConfirmed) {
  proxy.lose_answer({.method = "DELETE", .target = doomed.digest, .times = 1});

  const PurserRun run = prune({"team/app:kept"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(run.report().outcome("team/app:doomed"), "removed");
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("kept"));
}

TEST_F(RaceTest, ADeleteThatNeverReachedTheRegistryIsNoRemoval) {
  proxy.drop({.method = "DELETE", .target = doomed.digest});

  const PurserRun run = prune({"team/app:kept"});

  EXPECT_EQ(run.exit_code(), 3) << run;
  EXPECT_EQ(run.report().outcome("team/app:doomed"), "failed");
  EXPECT_EQ(lost("team/app", "doomed", doomed), "");
  proxy.clear_rules();
  EXPECT_EQ(prune({"team/app:kept"}).exit_code(), 0);
  EXPECT_EQ(pusher.status("team/app", doomed.digest), 404);
}

// Somebody else removes what was to go: gone is gone.
TEST_F(RaceTest, SomebodyElseRemovesTheDoomedImageFirst) {
  just_before_delete_of(doomed, [this] { pusher.delete_status("team/app", doomed.digest); });

  const PurserRun run = prune({"team/app:kept"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("kept"));
}

// Two runs at once: the second finds the repository held, and says so.
TEST_F(RaceTest, ASecondRunLeavesTheRepositoryOfTheFirstAlone) {
  proxy.stall({.method = "DELETE", .target = doomed.digest, .times = 1});
  Process first(command({"prune", host(), "--keep", "team/app:kept", "--yes", "-o", "json"}),
                environment());
  ASSERT_TRUE(proxy.server().wait_for_stall());

  const PurserRun second = prune({"team/app:kept"});
  EXPECT_EQ(second.exit_code(), 3) << second;
  EXPECT_EQ(second.report().outcome("team/app:doomed"), "skipped");

  proxy.server().release_stalled();
  const PurserRun done{first.wait()};
  EXPECT_EQ(done.exit_code(), 0) << done;
  EXPECT_EQ(done.report().outcome("team/app:doomed"), "removed");
}

}  // namespace
}  // namespace purser::testing
