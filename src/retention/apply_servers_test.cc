// Deleting on each kind of server: what they lock, and what they want gone first.
#include <string>
#include <vector>

#include "retention/apply_servers_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using TagDelete = testing::FakeRegistryOptions::TagDelete;
using Wants = testing::FakeRegistryOptions::DeleteWants;

struct Refusal {
  int status;
  const char* code;
};

class LockTest : public ServersTest, public ::testing::WithParamInterface<Refusal> {
 protected:
  void lock(const std::string& name) {
    change([&](auto& options) {
      options.locked = {name};
      options.locked_status = GetParam().status;
      options.locked_code = GetParam().code;
    });
  }
};

// A-74: it is left, the report says what the server said, and the rest goes on.
TEST_P(LockTest, LeavesALockedManifestAndGoesOn) {
  const Digest locked = registry_->add_image(kRepo, "locked");
  const Digest one = registry_->add_image(kRepo, "one");
  const Digest two = registry_->add_image(kRepo, "two");
  registry_->add_image(kRepo, "kept");
  lock("locked");
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept", "locked"));
  EXPECT_TRUE(registry_->has(kRepo, locked));
  EXPECT_FALSE(registry_->has(kRepo, one));
  EXPECT_FALSE(registry_->has(kRepo, two));
  EXPECT_EQ(deletes_sent(locked.str()), 1u);
  EXPECT_FALSE(report->complete());
  EXPECT_EQ(tag_of(*report, "locked").outcome, Outcome::failed);
  EXPECT_THAT(manifest_of(*report, locked).detail, HasSubstr("The operation is disallowed"));
}

// A-74, A-77: a stand-in is no way around a lock.
TEST_P(LockTest, LeavesALockedTagThatIsToBeUntaggedAndGoesOn) {
  const Digest kept = registry_->add_image(kRepo, "kept");
  for (const char* tag : {"a-locked", "b-sibling"}) registry_->set_tag(kRepo, tag, kept);
  const Digest old = registry_->add_image(kRepo, "old");
  lock("a-locked");
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("a-locked", "kept"));
  EXPECT_EQ(registry_->tag(kRepo, "a-locked"), kept);
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_EQ(registry_->manifest_count(kRepo), 1u) << "a stand-in was left";
  EXPECT_EQ(tag_of(*report, "a-locked").outcome, Outcome::failed);
  EXPECT_THAT(tag_of(*report, "a-locked").detail, HasSubstr("The operation is disallowed"));
  EXPECT_EQ(tag_of(*report, "b-sibling").outcome, Outcome::removed);
}

// A-76: where a delete by tag was seen to conform, the refusal of one tag is no reason to delete it
// by another way.
TEST_P(LockTest, LeavesALockedTagWhereTagsAreDeletedByName) {
  change([](auto& options) { options.tag_delete = TagDelete::conforming; });
  const Digest kept = registry_->add_image(kRepo, "kept");
  for (const char* tag : {"a", "b-locked", "c"}) registry_->set_tag(kRepo, tag, kept);
  lock("b-locked");
  // Only its deletion: a put would go through.
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    EXPECT_FALSE(request.method == "PUT" && request.target.ends_with("/b-locked"));
    return std::nullopt;
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("b-locked", "kept"));
  EXPECT_EQ(deletes_sent("b-locked"), 1u);
  EXPECT_EQ(deletes_sent("c"), 1u) << "by name, as before";
}

INSTANTIATE_TEST_SUITE_P(Answers, LockTest,
                         ::testing::Values(Refusal{405, "REGISTRY_DISALLOWED_OPERATION"},  // ACR
                                           Refusal{412, "PRECONDITION"},                   // Harbor
                                           Refusal{403, "DENIED"}, Refusal{409, "TAG_IMMUTABLE"},
                                           Refusal{423, "LOCKED"}),
                         [](const auto& refusal) { return std::to_string(refusal.param.status); });

// A-73: the same answer, to everything: then nothing more is tried.
TEST_F(ServersTest, StopsWhereDeletesWereSwitchedOffMeanwhile) {
  for (int i = 0; i < 8; ++i) registry_->add_image(kRepo, "old-" + std::to_string(i));
  registry_->add_image(kRepo, "kept");
  int deleted = 0;
  registry_->after_request([&](const SeenRequest& request, http::Outcome& outcome) {
    if (request.method != "DELETE" || std::get<http::Response>(outcome).status != 202) return;
    if (++deleted == 2) change([](auto& options) { options.deletes_enabled = false; });
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(report->tags_removed, 2u);
  EXPECT_EQ(report->tags_failed, 1u);
  EXPECT_EQ(report->tags_skipped, 5u);
  EXPECT_EQ(registry_->count("DELETE"), 5u) << "the probe, two that went, one refused, the probe";
}

// What wants its tags gone first -----------------------------------------------------------------

class TagsFirstTest : public ServersTest {
 protected:
  TagsFirstTest() {
    change([](auto& options) {
      options.tag_delete = TagDelete::conforming;
      options.delete_wants = Wants::no_tag;
    });
  }
};

// A-74, A-79: each tag by its own name, journaled and looked at, then the digest.
TEST_F(TagsFirstTest, RemovesTheTagsByNameAndThenTheManifest) {
  const Digest old = registry_->add_image(kRepo, "v1");
  registry_->set_tag(kRepo, "v2", old);
  const Digest older = registry_->add_image(kRepo, "v0");
  const Digest kept = registry_->add_image(kRepo, "kept");
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->complete()) << to_json(*report);
  EXPECT_EQ(report->tags_removed, 3u);
  EXPECT_EQ(report->manifests_removed, 2u);
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept"));
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_FALSE(registry_->has(kRepo, older));
  EXPECT_TRUE(registry_->has(kRepo, kept));
  EXPECT_EQ(registry_->manifest_count(kRepo), 1u) << "a stand-in was left";
  EXPECT_EQ(deletes_sent(old.str()) + deletes_sent(older.str()), 3u)
      << "what it wants was learnt from one refusal";
  for (const char* tag : {"v0", "v1", "v2"}) {
    EXPECT_THAT(journals(), HasSubstr(std::string("\"tag\":\"") + tag + "\""));
  }
}

// zot: a digest with one tag may go with it.
TEST_F(TagsFirstTest, LeavesTheLastTagWhereThatIsAllowed) {
  change([](auto& options) { options.delete_wants = Wants::one_tag_at_most; });
  const Digest old = registry_->add_image(kRepo, "v1");
  for (const char* tag : {"v2", "v3"}) registry_->set_tag(kRepo, tag, old);
  registry_->add_image(kRepo, "kept");
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->complete()) << to_json(*report);
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept"));
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_EQ(deletes_sent("v3"), 0u);
}

TEST_F(TagsFirstTest, LosesNothingWhereTagsCannotBeRemovedByName) {
  for (const TagDelete kind : {TagDelete::unsupported, TagDelete::ignored}) {
    change([&](auto& options) { options.tag_delete = kind; });
    const Digest old = registry_->add_image(kRepo, "v1");
    registry_->set_tag(kRepo, "v2", old);
    registry_->add_image(kRepo, "kept");
    auto report = prune_patiently({kRepo + ":kept"});
    ASSERT_THAT(report, IsOk());
    expect_adds_up(*report);
    EXPECT_FALSE(report->complete());
    EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept", "v1", "v2"));
    EXPECT_EQ(tag_digest("v1"), old);
    EXPECT_EQ(tag_digest("v2"), old);
    EXPECT_TRUE(registry_->has(kRepo, old));
  }
}

TEST_F(TagsFirstTest, LeavesTheManifestWhereOneOfItsTagsIsLocked) {
  const Digest old = registry_->add_image(kRepo, "v1");
  registry_->set_tag(kRepo, "v2", old);
  const Digest other = registry_->add_image(kRepo, "w");
  registry_->add_image(kRepo, "kept");
  change([](auto& options) { options.locked = {"v2"}; });
  // The order matters to the registry before the lock does.
  bool refused = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!deletes(request, old) || std::exchange(refused, true)) return std::nullopt;
    return http::Response{
        400, {}, R"({"errors":[{"code":"GOOGLE_MANIFEST_DANGLING_TAG","message":"tagged"}]})"};
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(tag_digest("v2"), old);
  EXPECT_TRUE(registry_->has(kRepo, old));
  EXPECT_FALSE(registry_->has(kRepo, other));
  EXPECT_EQ(tag_of(*report, "v2").outcome, Outcome::failed);
  EXPECT_THAT(manifest_of(*report, old).detail, HasSubstr("tags gone first"));
}

// What keeps a manifest under each of its names (nora #658): the tag is left, and serves it.
class HeldByTagsTest : public ServersTest {
 protected:
  HeldByTagsTest() {
    change([](auto& options) {
      options.tag_delete = TagDelete::conforming;
      options.tags_hold_manifests = true;
    });
  }
};

// A-74.
TEST_F(HeldByTagsTest, RemovesByTheirNamesTheTagsThatOutliveTheirManifest) {
  const Digest a = registry_->add_image(kRepo, "a");
  registry_->set_tag(kRepo, "a-too", a);
  const Digest b = registry_->add_image(kRepo, "b");
  const Digest kept = registry_->add_image(kRepo, "kept");
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->complete()) << to_json(*report);
  EXPECT_EQ(report->tags_removed, 3u);
  EXPECT_EQ(report->manifests_removed, 2u);
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept"));
  EXPECT_FALSE(registry_->has(kRepo, a));
  EXPECT_FALSE(registry_->has(kRepo, b));
  EXPECT_EQ(tag_digest("kept"), kept);
}

TEST_F(HeldByTagsTest, LeavesSuchATagWhereSomebodyPushedToItMeanwhile) {
  const Digest old = registry_->add_image(kRepo, "old");
  registry_->add_image(kRepo, "kept");
  FakeRegistry elsewhere;
  const std::string pushed = *elsewhere.manifest("any", elsewhere.add_image("any", "newer"));
  bool deleted = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    // Between the look that finds it and the one that its delete rests on.
    if (deleted && request.method == "DELETE" &&
        request.target.find("purser-probe") == std::string::npos) {
      ADD_FAILURE() << "it is somebody's image by now: " << request.target;
    }
    deleted = deleted || deletes(request, old);
    return std::nullopt;
  });
  int looks = 0;
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (!deleted || !request.target.ends_with("/manifests/old") || ++looks > 1) return;
    registry_->put(kRepo, "old", pushed, std::string(media_type::kOciManifest));
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "old"), Digest::of(pushed));
  EXPECT_EQ(tag_of(*report, "old").outcome, Outcome::skipped);
}

TEST_F(HeldByTagsTest, SaysSoWhereTheyCannotBeRemovedByName) {
  change([](auto& options) { options.tag_delete = TagDelete::unsupported; });
  registry_->add_image(kRepo, "old");
  registry_->add_image(kRepo, "kept");
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_FALSE(report->complete());
  EXPECT_EQ(tag_of(*report, "old").outcome, Outcome::failed);
  EXPECT_THAT(tag_of(*report, "old").detail, HasSubstr("it still answers"));
}

// What wants its indexes gone first --------------------------------------------------------------

class ParentsTest : public ServersTest, public ::testing::WithParamInterface<Wants> {};

// A-74, A-79: no list shows an index without a tag.
TEST_P(ParentsTest, LeavesAPartOfAnIndexThatNobodySeesAndGoesOn) {
  const Digest part = registry_->add_image(kRepo, "part");
  registry_->add_index(kRepo, "", {part});
  const Digest old = registry_->add_image(kRepo, "z-old");
  registry_->add_image(kRepo, "kept");
  change([](auto& options) { options.delete_wants = GetParam(); });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept", "part"));
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_EQ(deletes_sent(part.str()), 1u);
  EXPECT_EQ(manifest_of(*report, part).outcome, Outcome::failed);
  EXPECT_THAT(manifest_of(*report, part).detail, HasSubstr("An index that is still there"));
}

TEST_P(ParentsTest, TakesAnIndexBeforeItsParts) {
  const Digest part = registry_->add_image(kRepo, "part");
  const Digest inner = registry_->add_index(kRepo, "inner", {part});
  registry_->add_index(kRepo, "outer", {inner});
  registry_->add_image(kRepo, "kept");
  change([](auto& options) { options.delete_wants = GetParam(); });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->complete()) << to_json(*report);
  EXPECT_EQ(registry_->manifest_count(kRepo), 1u);
}

INSTANTIATE_TEST_SUITE_P(Servers, ParentsTest,
                         ::testing::Values(Wants::no_parent_google, Wants::no_parent_gitlab,
                                           Wants::no_parent_zot));

}  // namespace
}  // namespace purser
