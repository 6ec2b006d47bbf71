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
  const Manifest image =
      *Manifest::parse(*registry_->manifest(kRepo, original), media_type::kOciManifest);
  const Manifest stand_in = *make_stand_in(image, "v1");
  registry_->put(kRepo, "v1", stand_in.raw(), stand_in.media_type());
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

}  // namespace
}  // namespace purser
