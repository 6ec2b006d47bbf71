// What another client does while apply runs: what it needs is left alone.
#include <optional>
#include <string>

#include "purser/stand_in.h"
#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;

TEST_F(ApplyTest, LeavesADigestAloneThatGotATagBetweenPlanAndApply) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  PruneOptions options = this->options();
  options.planned = [&](const Plan&) -> Status {
    registry_->set_tag(kRepo, "new", doomed);
    return {};
  };
  Client with = client();
  auto report = prune(with, keep({kRepo + ":kept"}), options);
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(report->tags_skipped, 1u);
  EXPECT_FALSE(report->complete());
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("doomed", "kept", "new"));
}

TEST_F(ApplyTest, LeavesAChildAloneThatANewIndexReuses) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  const Digest other = registry_->add_image(kRepo, "", "other");
  registry_->add_index(kRepo, "old", {child, other});
  registry_->add_image(kRepo, "kept");
  const Digest old = tag_digest("old");
  // The new index comes as late as can be: just before the DELETE of the old one.
  bool done = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(old.hex()) != std::string::npos &&
        !done) {
      done = true;
      registry_->add_index(kRepo, "new", {child});
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_FALSE(registry_->has(kRepo, other));
  EXPECT_TRUE(registry_->has(kRepo, child)) << "the new index needs it";
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept", "new"));
  EXPECT_FALSE(report->complete());
}

TEST_F(ApplyTest, SkipsATagThatMovedSinceThePlan) {
  registry_->add_image(kRepo, "moving", "one");
  registry_->add_image(kRepo, "kept");
  PruneOptions options = this->options();
  Digest fresh = tag_digest("kept");
  options.planned = [&](const Plan&) -> Status {
    fresh = registry_->add_image(kRepo, "moving", "two");
    return {};
  };
  Client with = client();
  auto report = prune(with, keep({kRepo + ":kept"}), options);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->tags_skipped, 1u);
  EXPECT_EQ(tag_digest("moving"), fresh);
  EXPECT_TRUE(registry_->has(kRepo, fresh));
}

TEST_F(ApplyTest, LeavesAChildAloneThatAKeptTagPushedAgainNeeds) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "old", {child});
  const Digest old = tag_digest("old");
  registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(old.hex()) != std::string::npos) {
      registry_->add_index(kRepo, "latest", {child});
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->count("DELETE", std::string(child.hex())), 0u);
  EXPECT_TRUE(registry_->has(kRepo, child));
}

TEST_F(ApplyTest, LeavesATagAloneThatWasPushedWhileItsStandInWasToBeReplaced) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const Manifest stand_in = stand_in_on("v1", original);
  registry_->add_image(kRepo, "old");
  Digest fresh = original;
  int heads = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    // The survey's and apply's own look come first.
    if (request.target.ends_with("/manifests/v1") && request.method == "HEAD" && ++heads == 3) {
      fresh = registry_->add_image(kRepo, "v1", "fresh");
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":v1"});
  ASSERT_THAT(report, IsOk());
  EXPECT_NE(fresh, original);
  EXPECT_EQ(registry_->tag(kRepo, "v1"), fresh);
}

// A doomed tag that is pushed again while it is to be untagged is somebody's image, with all that
// it needs.
TEST_F(ApplyTest, LeavesAChildAloneThatATagPushedAgainDuringItsUntagNeeds) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "old", {child});
  const Digest shared = registry_->add_image(kRepo, "keep");
  registry_->set_tag(kRepo, "drop", shared);
  bool done = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    // A snapshot reads tags by HEAD: this is the untag itself.
    if (request.method == "GET" && request.target.ends_with("/manifests/drop") && !done) {
      done = true;
      registry_->add_index(kRepo, "drop", {child, shared});
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":keep"});
  ASSERT_THAT(report, IsOk());
  ASSERT_TRUE(done);
  EXPECT_EQ(registry_->count("DELETE", std::string(child.hex())), 0u);
  EXPECT_TRUE(registry_->has(kRepo, child));
}

TEST_F(ApplyTest, LeavesADigestAloneThatATagWasPushedOntoDuringItsUntag) {
  const Digest doomed = registry_->add_image(kRepo, "old");
  const Digest shared = registry_->add_image(kRepo, "keep");
  registry_->set_tag(kRepo, "drop", shared);
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "GET" && request.target.ends_with("/manifests/drop")) {
      registry_->set_tag(kRepo, "drop", doomed);
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":keep"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "drop"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_FALSE(report->complete());
}

// A push puts the tag last, and a list can show it a moment before its manifest answers.
TEST_F(ApplyTest, LeavesAChildAloneThatATagNeedsWhosePushEndsAfterItWasListed) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  const Digest old = registry_->add_index(kRepo, "old", {child});
  registry_->add_image(kRepo, "latest");
  bool deleted = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(old.hex()) != std::string::npos) {
      deleted = true;
      registry_->set_tag(kRepo, "new", Digest::of("on its way"));
    } else if (deleted && request.target.ends_with("/manifests/latest")) {
      registry_->add_index(kRepo, "new", {child});
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->count("DELETE", std::string(child.hex())), 0u);
  EXPECT_TRUE(registry_->has(kRepo, child));
}

TEST_F(ApplyTest, LeavesAStandInAloneThatGotAnotherTagMeanwhile) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const Manifest stand_in = stand_in_on("v1", original);
  registry_->add_image(kRepo, "other");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "PUT" && request.target.ends_with("/manifests/v1")) {
      registry_->set_tag(kRepo, "other", stand_in.digest());
      registry_->set_tag(kRepo, "another", stand_in.digest());
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":v1", kRepo + ":other"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
  EXPECT_EQ(registry_->tag(kRepo, "other"), stand_in.digest());
  EXPECT_EQ(registry_->tag(kRepo, "another"), stand_in.digest());
  EXPECT_TRUE(registry_->has(kRepo, stand_in.digest()));
}

// the bytes go onto a ghost, and onto nothing else.
TEST_F(ApplyTest, LeavesATagAloneThatWasPushedWhileItsGhostWasToBeCleared) {
  for (int at = 1; at <= 2; ++at) {
    SCOPED_TRACE("pushed before look " + std::to_string(at));
    use({});
    FakeRegistryOptions leaves_ghosts;
    leaves_ghosts.delete_leaves_tags = true;
    const Digest doomed = registry_->add_image(kRepo, "doomed");
    registry_->add_image(kRepo, "kept");
    std::optional<Digest> fresh;
    int deletes = 0;
    int looks = 0;
    registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
      const bool is_it =
          request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos;
      registry_->set_options(is_it && deletes++ == 0 ? leaves_ghosts : FakeRegistryOptions{});
      const bool looks_at_it =
          request.method == "HEAD" && request.target.ends_with("/manifests/doomed");
      if (deletes > 0 && looks_at_it && ++looks == at) {
        fresh = registry_->add_image(kRepo, "doomed", "fresh");
      }
      return std::nullopt;
    });
    auto report = prune_keeping({kRepo + ":kept"});
    ASSERT_THAT(report, IsOk());
    ASSERT_TRUE(fresh);
    EXPECT_EQ(registry_->tag(kRepo, "doomed"), fresh);
    EXPECT_TRUE(registry_->has(kRepo, *fresh));
    EXPECT_FALSE(report->complete());
  }
}

// with its bytes back, somebody can tag them before they are deleted again.
TEST_F(ApplyTest, DeletesAGhostsBytesNotAgainWhenSomebodyTaggedThem) {
  FakeRegistryOptions leaves_ghosts;
  leaves_ghosts.delete_leaves_tags = true;
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  int deletes = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const bool is_it =
        request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos;
    registry_->set_options(is_it && deletes++ == 0 ? leaves_ghosts : FakeRegistryOptions{});
    return std::nullopt;
  });
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (request.method == "PUT") registry_->set_tag(kRepo, "release", doomed);
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "release"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_FALSE(report->complete());
}

// a copy of the tag, made as the stand-in that was left behind is deleted.
TEST_F(ApplyTest, PutsBackAKeptTagThatWasMovedOntoALeftStandInAsThatWasDeleted) {
  const Digest original = registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "stable");
  const Manifest stand_in = stand_in_on("v1", original);
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, stand_in.digest())) {
      registry_->set_tag(kRepo, "stable", stand_in.digest());
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":v1", kRepo + ":stable"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
  EXPECT_EQ(registry_->tag(kRepo, "stable"), original);
  EXPECT_FALSE(report->complete());
}

// The plan that the deletion began with is another one by then.
TEST_F(ApplyTest, GoesOnWhereADoomedTagIsPushedWhileItsStandInIsToBeLeft) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const std::string sibling = "v2-with-a-name-that-takes-memory-of-its-own";
  registry_->set_tag(kRepo, sibling, original);
  stand_in_on("v1", original);
  registry_->add_image(kRepo, "kept");
  bool pushed = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!pushed && request.method == "GET" && request.target.ends_with("/manifests/v1")) {
      pushed = true;
      registry_->add_image(kRepo, "v1", "fresh");
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_TRUE(pushed);
  EXPECT_TRUE(registry_->has(kRepo, tag_digest("v1")));
  EXPECT_TRUE(registry_->tags(kRepo).contains("v1"));
}

}  // namespace
}  // namespace purser
