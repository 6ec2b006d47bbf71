// What registries want gone before they delete a manifest: its tags, or the indexes that list it.
#include <optional>
#include <string>
#include <utility>

#include "retention/apply_servers_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using TagDelete = testing::FakeRegistryOptions::TagDelete;
using Wants = testing::FakeRegistryOptions::DeleteWants;

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
    EXPECT_EQ(registry_->tag(kRepo, "v1"), old);
    EXPECT_EQ(registry_->tag(kRepo, "v2"), old);
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
  EXPECT_EQ(registry_->tag(kRepo, "v2"), old);
  EXPECT_TRUE(registry_->has(kRepo, old));
  EXPECT_FALSE(registry_->has(kRepo, other));
  EXPECT_EQ(tag_of(*report, "v2").outcome, Outcome::failed);
  EXPECT_THAT(manifest_of(*report, old).detail, HasSubstr("tags gone first"));
}

// A-74, A-79: it is still there, so its signature is too.
TEST_F(TagsFirstTest, LeavesTheSignatureOfAManifestWhoseTagIsLocked) {
  const Digest old = registry_->add_image(kRepo, "v1");
  for (const char* tag : {"v2", "v3"}) registry_->set_tag(kRepo, tag, old);
  const Digest signature = registry_->add_image(kRepo, digest_tag(old, ".sig"));
  registry_->add_image(kRepo, "kept");
  // Only the delete of the tag by its name.
  registry_->on_request([](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method != "DELETE" || !request.target.ends_with("/v2")) return std::nullopt;
    return http::Response{412, {}, R"({"errors":[{"code":"PRECONDITION","message":"no"}]})"};
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_TRUE(registry_->has(kRepo, old));
  EXPECT_TRUE(registry_->has(kRepo, signature));
  EXPECT_EQ(registry_->tag(kRepo, digest_tag(old, ".sig")), signature);
  EXPECT_EQ(registry_->tag(kRepo, "v3"), old);
  EXPECT_THAT(tag_of(*report, "v3").detail, HasSubstr("tags gone first"));
}

// A-74: what stays keeps its names, and the report says so.
TEST_F(TagsFirstTest, PutsBackTheTagsThatWentFirstWhereTheManifestCannotGo) {
  const Digest part = registry_->add_image(kRepo, "v1");
  for (const char* tag : {"v2", "v3"}) registry_->set_tag(kRepo, tag, part);
  registry_->add_index(kRepo, "", {part});
  registry_->add_image(kRepo, "kept");
  int refused = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!deletes(request, part) || ++refused < 2) return std::nullopt;
    return http::Response{
        400, {}, R"({"errors":[{"code":"GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE","message":"p"}]})"};
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(refused, 2);
  for (const char* tag : {"v1", "v2", "v3"}) {
    EXPECT_EQ(registry_->tag(kRepo, tag), part) << tag;
    EXPECT_THAT(tag_of(*report, tag).detail, HasSubstr("was put back"));
  }
  EXPECT_EQ(report->tags_removed, 0u);
}

// A-74: nor do they go where the same answer says that it would not help.
TEST_F(TagsFirstTest, TakesNoTagOffAPartOfAnIndexThatNobodySees) {
  const Digest part = registry_->add_image(kRepo, "v1");
  registry_->add_index(kRepo, "", {part});
  registry_->add_image(kRepo, "kept");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!deletes(request, part)) return std::nullopt;
    return http::Response{400,
                          {},
                          R"({"errors":[{"code":"GOOGLE_MANIFEST_DANGLING_TAG"},)"
                          R"({"code":"GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE"}]})"};
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(deletes_sent(part.str()), 1u);
  EXPECT_EQ(deletes_sent("v1"), 0u);
  EXPECT_EQ(registry_->tag(kRepo, "v1"), part);
}

// The names that went before a locked one come back.
TEST_F(TagsFirstTest, PutsBackTheTagsThatWentBeforeALockedOne) {
  const Digest old = registry_->add_image(kRepo, "v1");
  registry_->set_tag(kRepo, "v2", old);
  registry_->add_image(kRepo, "kept");
  registry_->on_request([](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method != "DELETE" || !request.target.ends_with("/v2")) return std::nullopt;
    return http::Response{412, {}, R"({"errors":[{"code":"PRECONDITION","message":"no"}]})"};
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(registry_->tag(kRepo, "v1"), old);
  EXPECT_EQ(tag_of(*report, "v1").outcome, Outcome::skipped);
}

// A-92: a tag that is there again each time that it went ends the tries.
TEST_F(TagsFirstTest, GivesUpOnATagThatComesBackEachTime) {
  const Digest old = registry_->add_image(kRepo, "v1");
  const Digest other = registry_->add_image(kRepo, "w");
  // By the untag of which the registry's own delete of a tag is known when the others go.
  registry_->set_tag(kRepo, "a-sibling", registry_->add_image(kRepo, "kept"));
  int back = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const bool looks = request.target.find("/tags/list") != std::string::npos;
    if (looks && !registry_->tag(kRepo, "v1") && registry_->has(kRepo, old) && back < 50) {
      ++back;
      registry_->set_tag(kRepo, "v1", old);
    }
    return std::nullopt;
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_GE(back, 2);
  EXPECT_LT(back, 10);
  EXPECT_EQ(registry_->tag(kRepo, "v1"), old);
  EXPECT_FALSE(registry_->has(kRepo, other));
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
  EXPECT_EQ(registry_->tag(kRepo, "kept"), kept);
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

// A-74, A-79.
TEST_P(ParentsTest, LeavesTheSignatureOfSuchAPart) {
  const Digest part = registry_->add_image(kRepo, "part");
  registry_->add_index(kRepo, "", {part});
  const Digest signature = registry_->add_image(kRepo, digest_tag(part, ".sig"));
  registry_->add_image(kRepo, "kept");
  change([](auto& options) { options.delete_wants = GetParam(); });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_TRUE(registry_->has(kRepo, signature));
  EXPECT_EQ(registry_->tag(kRepo, digest_tag(part, ".sig")), signature);
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
