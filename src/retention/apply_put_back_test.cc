// There is no compare-and-swap on the wire: what slips through the window is put back.
#include <optional>
#include <string>
#include <vector>

#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;

// the window between the last look and the DELETE.
TEST_F(ApplyTest, PutsBackAKeptTagThatWasMovedOntoADigestAsItWasDeleted) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos) {
      registry_->set_tag(kRepo, "latest", doomed);
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("latest"));
  EXPECT_EQ(tag_digest("latest"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_THAT(report->warnings, Contains(HasSubstr("latest")));
  EXPECT_FALSE(report->complete());
}

TEST_F(ApplyTest, PutsBackAKeptTagThatTheDeleteTurnedIntoAGhost) {
  FakeRegistryOptions leaves_ghosts;
  leaves_ghosts.delete_leaves_tags = true;
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const bool is_it =
        request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos;
    if (is_it) registry_->set_tag(kRepo, "latest", doomed);
    registry_->set_options(is_it ? leaves_ghosts : FakeRegistryOptions{});
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(tag_digest("latest"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
}

// listed, and 404.
TEST_F(ApplyTest, ClearsAGhostThatADeleteLeftBehind) {
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
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept"));
  EXPECT_EQ(report->tags_removed, 1u);
  EXPECT_TRUE(report->complete());
}

// A kept tag is pushed again as an index that needs a child of one that goes.
TEST_F(ApplyTest, PutsBackAChildThatAKeptTagPushedAgainNeeds) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "old", {child});
  registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(child.hex()) != std::string::npos) {
      registry_->add_index(kRepo, "latest", {child});
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, child));
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->warnings, Contains(HasSubstr("needs it")));
}

TEST_F(ApplyTest, PutsTheImageBackThatATagWasMovedOntoHoweverManyWereDeletedBefore) {
  const Digest one = registry_->add_image(kRepo, "one");
  const Digest two = registry_->add_image(kRepo, "two");
  registry_->add_image(kRepo, "latest");
  // Onto whichever goes second.
  std::optional<Digest> second;
  int deletes = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    for (const Digest& digest : {one, two}) {
      if (request.method != "DELETE" || request.target.find(digest.hex()) == std::string::npos)
        continue;
      if (++deletes == 2) {
        second = digest;
        registry_->set_tag(kRepo, "latest", digest);
      }
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  ASSERT_TRUE(second);
  EXPECT_EQ(registry_->tag(kRepo, "latest"), second);
  EXPECT_FALSE(report->complete());
}

// Where tags can be deleted by name, one that vanished did not go with a digest.
TEST_F(ApplyTest, PutsNoOtherImageOntoATagThatSomebodyDeletedByName) {
  FakeRegistryOptions by_name;
  by_name.tag_delete = FakeRegistryOptions::TagDelete::conforming;
  use(by_name);
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  registry_->add_image(kRepo, "other");
  const Digest kept = tag_digest("kept");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos) {
      registry_->remove_tag(kRepo, "kept");
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept", kRepo + ":other"});
  ASSERT_THAT(report, IsOk());
  EXPECT_NE(registry_->tag(kRepo, "kept"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, kept));
  EXPECT_FALSE(report->complete());
}

// What the last deletion took along is not what a tag had that an earlier one left broken.
TEST_F(ApplyTest, PutsNoUnrelatedImageOntoAKeptTagThatWasLeftAGhost) {
  const Digest one = registry_->add_image(kRepo, "one");
  const Digest two = registry_->add_image(kRepo, "two");
  const Digest kept = registry_->add_image(kRepo, "latest");
  std::vector<Digest> deleted;
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    for (const Digest& digest : {one, two}) {
      if (request.method != "DELETE" || request.target.find(digest.hex()) == std::string::npos)
        continue;
      deleted.push_back(digest);
      if (deleted.size() == 1) registry_->set_tag(kRepo, "latest", digest);
    }
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  ASSERT_EQ(deleted.size(), 2u);
  EXPECT_EQ(registry_->tag(kRepo, "latest"), kept);
  EXPECT_FALSE(report->complete());
}

}  // namespace
}  // namespace purser
