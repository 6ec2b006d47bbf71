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

// it left the other tags alone before, and takes one along now.
TEST_F(ApplyTest, PutsAKeptTagBackThatWentWithAnUntagByItsName) {
  use({.tag_delete = FakeRegistryOptions::TagDelete::conforming});
  const Digest image = registry_->add_image(kRepo, "kept");
  for (const char* tag : {"a", "b", "c"}) registry_->set_tag(kRepo, tag, image);
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (request.method == "DELETE" && request.target.ends_with("/manifests/c")) {
      registry_->remove_tag(kRepo, "kept");
    }
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "kept"), image);
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->warnings, Contains(HasSubstr("was put back")));
}

// the index that needs the child comes under a new name.
TEST_F(ApplyTest, PutsBackAChildThatATagPushedDuringItsDeleteNeeds) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "old", {child});
  registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, child)) registry_->add_index(kRepo, "new", {child});
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest", kRepo + ":new"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, child));
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->warnings, Contains(HasSubstr("needs it")));
}

// What a manifest lists that is put back is not deleted after it.
TEST_F(ApplyTest, PutsAnIndexBackWithoutLosingItsChildrenThatAreStillThere) {
  const Digest leaf = registry_->add_image(kRepo, "", "leaf");
  const Digest inner = registry_->add_index(kRepo, "", {leaf});
  registry_->add_index(kRepo, "old", {inner});
  registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, inner)) registry_->add_index(kRepo, "new", {inner});
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, inner));
  EXPECT_TRUE(registry_->has(kRepo, leaf));
  EXPECT_EQ(registry_->count("DELETE", std::string(leaf.hex())), 0u);
}

// C.1-23: what was read may need something, whatever else could not be read.
TEST_F(ApplyTest, PutsBackAChildThatIsNeededBesideAnIndexThatIsTooLongToRead) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "old", {child});
  registry_->add_image(kRepo, "latest");
  registry_->add_image(kRepo, "nightly");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, child)) {
      registry_->add_index(kRepo, "latest", {child});
      registry_->add_index(kRepo, "nightly", nowhere(50));
    }
    return std::nullopt;
  });
  Client bounded = client({.manifests = 10});
  auto report = prune(bounded, keep({kRepo + ":latest", kRepo + ":nightly"}), options());
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, child));
  EXPECT_FALSE(report->complete());
}

// without a list after it, a deletion has happened all the same.
TEST_F(ApplyTest, PutsBackAChildThatIsNeededWhereTheTagListCannotBeReadAnyMore) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "old", {child});
  registry_->add_image(kRepo, "latest");
  bool deleted = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, child)) {
      registry_->add_index(kRepo, "latest", {child});
      deleted = true;
    } else if (deleted && request.target.find("/tags/list") != std::string::npos) {
      return http::Response{500, {}, ""};
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, child));
  EXPECT_FALSE(report->complete());
}

// "somebody else removed it" is said where nothing that the run did explains it.
TEST_F(ApplyTest, PutsBackAKeptTagThatWasMovedOntoADigestAsItWasDeletedAndHasNoOtherImage) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  const Digest former = registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, doomed)) {
      registry_->set_tag(kRepo, "latest", doomed);
      registry_->remove_manifest(kRepo, former);
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "latest"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_FALSE(report->complete());
  // Both may also have been removed on purpose: who did that is told.
  EXPECT_THAT(report->warnings, Contains(HasSubstr(former.str())));
}

// what somebody pushes is theirs, up to the look directly before the PUT.
TEST_F(ApplyTest, LeavesAKeptTagAloneThatIsPushedWhileItIsToBePutBack) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "latest");
  std::optional<Digest> fresh;
  bool deleted = false;
  int looks = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, doomed)) {
      registry_->set_tag(kRepo, "latest", doomed);
      deleted = true;
    }
    const bool is_look = request.method == "HEAD" && request.target.ends_with("/manifests/latest");
    if (deleted && is_look && ++looks == 2) fresh = registry_->add_image(kRepo, "latest", "fresh");
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  ASSERT_TRUE(fresh);
  EXPECT_EQ(registry_->tag(kRepo, "latest"), fresh);
  EXPECT_FALSE(registry_->has(kRepo, doomed));
  EXPECT_EQ(registry_->count("PUT", "/manifests/latest"), 0u);
}

// `crane copy repo:drop repo:stable`, at the moment that drop is on its stand-in.
TEST_F(ApplyTest, PutsBackAKeptTagThatWasMovedOntoAStandInAsThatWasDeleted) {
  const Digest shared = registry_->add_image(kRepo, "keep");
  registry_->set_tag(kRepo, "drop", shared);
  registry_->add_image(kRepo, "stable");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const std::optional<Digest> now = registry_->tag(kRepo, "drop");
    if (now && now != shared && deletes(request, *now)) registry_->set_tag(kRepo, "stable", *now);
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":keep", kRepo + ":stable"});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("keep", "stable"));
  EXPECT_EQ(registry_->tag(kRepo, "stable"), shared);
  EXPECT_FALSE(report->complete());
}

// Which of several it was is not known: its own image is never a wrong one.
TEST_F(ApplyTest, PutsItsOwnImageBackOntoAKeptTagThatWentWithOneOfSeveralStandIns) {
  const Digest shared = registry_->add_image(kRepo, "keep");
  registry_->set_tag(kRepo, "drop", shared);
  registry_->set_tag(kRepo, "drop-too", shared);
  const Digest former = registry_->add_image(kRepo, "stable");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const std::optional<Digest> now = registry_->tag(kRepo, "drop");
    if (now && now != shared && deletes(request, *now)) registry_->set_tag(kRepo, "stable", *now);
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":keep", kRepo + ":stable"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "stable"), former);
  EXPECT_FALSE(report->complete());
}

// the first delete by name is tried on a stand-in, which goes by its digest.
TEST_F(ApplyTest, PutsBackAKeptTagThatWentWithAStandInWhoseTagWentByItsName) {
  use({.tag_delete = FakeRegistryOptions::TagDelete::conforming});
  const Digest shared = registry_->add_image(kRepo, "keep");
  registry_->set_tag(kRepo, "drop", shared);
  const Digest former = registry_->add_image(kRepo, "prod");
  const Digest stand_in =
      make_stand_in(*Manifest::parse(*registry_->manifest(kRepo, shared), ""), "drop")->digest();
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, stand_in)) registry_->set_tag(kRepo, "prod", stand_in);
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":keep", kRepo + ":prod"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "prod"), former);
  EXPECT_FALSE(report->complete());
}

// what was deleted and still answered may be what took the tag along.
TEST_F(ApplyTest, BlamesNoLaterDeletionWhileAnEarlierOneIsUnderWay) {
  const Digest slow = registry_->add_image(kRepo, "slow");
  const Digest other = registry_->add_image(kRepo, "other");
  const Digest first = std::min(slow, other);
  const Digest second = std::max(slow, other);
  const Digest own = registry_->add_image(kRepo, "kept");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, first)) return http::Response{202, {}, ""};
    if (deletes(request, second)) {
      registry_->remove_manifest(kRepo, first);
      registry_->remove_tag(kRepo, "kept");  // somebody had moved it onto the first
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(registry_->has(kRepo, second));
  EXPECT_EQ(registry_->tag(kRepo, "kept"), own);
}

TEST_F(ApplyTest, SaysThatSomebodyElseRemovedAKeptTagWhereNothingOfItsOwnFits) {
  const Digest one = registry_->add_image(kRepo, "one");
  const Digest two = registry_->add_image(kRepo, "two");
  const Digest kept = registry_->add_image(kRepo, "latest");
  registry_->add_image(kRepo, "other");
  int count = 0;
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (!deletes(request, one) && !deletes(request, two)) return;
    if (++count < 2) return;
    registry_->remove_manifest(kRepo, kept);  // listed, and gone: with neither of the two
  });
  auto report = prune_keeping({kRepo + ":latest", kRepo + ":other"});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(report->warnings, Contains(HasSubstr("somebody else removed it")));
  EXPECT_FALSE(registry_->has(kRepo, kept));
  EXPECT_FALSE(report->complete());
}

}  // namespace
}  // namespace purser
