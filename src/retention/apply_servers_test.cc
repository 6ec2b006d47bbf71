// Deleting on each kind of server: what they lock, what they want gone first, and what they finish
// later.
#include <algorithm>
#include <stop_token>
#include <string>
#include <vector>

#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using TagDelete = testing::FakeRegistryOptions::TagDelete;
using Wants = testing::FakeRegistryOptions::DeleteWants;

class ServersTest : public ApplyTest {
 protected:
  void change(const std::function<void(FakeRegistryOptions&)>& how) {
    FakeRegistryOptions options = registry_->options();
    how(options);
    registry_->set_options(std::move(options));
  }

  Result<Report> prune_patiently(const std::vector<std::string>& entries,
                                 std::stop_token stop = {}) {
    Client with = patient();
    PruneOptions how = options();
    how.apply.call.stop = stop;
    return prune(with, keep(entries), how);
  }

  std::size_t deletes_sent(const std::string& reference) const {
    return registry_->count("DELETE", "/manifests/" + reference);
  }

  static const TagReport& tag_of(const Report& report, const std::string& tag) {
    return *std::ranges::find_if(report.tags,
                                 [&](const TagReport& t) { return t.decision.tag == tag; });
  }
  static const ManifestReport& manifest_of(const Report& report, const Digest& digest) {
    return *std::ranges::find_if(
        report.manifests, [&](const ManifestReport& m) { return m.decision.digest == digest; });
  }
};

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

// What finishes later ----------------------------------------------------------------------------

class LaterTest : public ServersTest, public ::testing::WithParamInterface<int> {
 protected:
  // An index with a part of its own, which may go only after it.
  LaterTest() {
    part_ = registry_->add_image(kRepo, "", "part");
    index_ = registry_->add_index(kRepo, "old", {*part_});
    registry_->add_image(kRepo, "kept");
  }
  void lag(int reads) {
    change([&](auto& options) {
      options.delete_lag = reads;
      options.delete_status = GetParam();
    });
  }

  std::optional<Digest> part_;
  std::optional<Digest> index_;
};

// A-81.
TEST_P(LaterTest, WaitsUntilWhatWasDeletedIsGone) {
  lag(5);
  const auto began = clock_->now();
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->complete()) << to_json(*report);
  EXPECT_FALSE(registry_->has(kRepo, *index_));
  EXPECT_FALSE(registry_->has(kRepo, *part_));
  EXPECT_EQ(deletes_sent(index_->str()), 1u);
  EXPECT_GT(clock_->now(), began) << "it was asked again and again without a pause";
  EXPECT_LE(clock_->now() - began, std::chrono::seconds(20)) << "two deletes, ten seconds each";
}

// A-81: and no longer than ten seconds. What it lists stays, and the next run goes on from there.
TEST_P(LaterTest, DoesNotWaitForEver) {
  lag(1'000);
  const auto began = clock_->now();
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(clock_->now() - began, std::chrono::seconds(10));
  EXPECT_EQ(manifest_of(*report, *index_).outcome, Outcome::failed);
  EXPECT_TRUE(registry_->has(kRepo, *part_));
  EXPECT_FALSE(report->complete());
  registry_->remove_manifest(kRepo, *index_);
  registry_->remove_tag(kRepo, "old");
  lag(0);
  auto next = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(next, IsOk());
  EXPECT_FALSE(registry_->has(kRepo, *part_)) << "nothing leads to it but the journal";
}

// A registry that takes every delete and does none is not waited for a thousand times.
TEST_P(LaterTest, WaitsInVainOnce) {
  for (int i = 0; i < 8; ++i) registry_->add_image(kRepo, "old-" + std::to_string(i));
  lag(100'000);
  const auto began = clock_->now();
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(report->tags_removed, 0u);
  EXPECT_FALSE(report->complete());
  EXPECT_EQ(clock_->now() - began, std::chrono::seconds(10));
}

// A-95: the wait can be stopped, and what was sent is told as what it is.
TEST_P(LaterTest, StopsWaitingWhenItIsToldTo) {
  lag(1'000);
  std::stop_source stop;
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (deletes(request, *index_)) stop.request_stop();
  });
  const auto began = clock_->now();
  auto report = prune_patiently({kRepo + ":kept"}, stop.get_token());
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(clock_->now(), began);
  EXPECT_TRUE(report->cancelled);
  EXPECT_EQ(manifest_of(*report, *index_).outcome, Outcome::failed);
  EXPECT_EQ(manifest_of(*report, *part_).outcome, Outcome::skipped);
  EXPECT_TRUE(registry_->has(kRepo, *part_));
}

// A-77, A-81: the stand-in goes later.
TEST_P(LaterTest, WaitsUntilAnUntaggedTagIsGone) {
  registry_->set_tag(kRepo, "sibling", tag_digest("kept"));
  const Digest kept = tag_digest("kept");
  lag(4);
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->complete()) << to_json(*report);
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept"));
  EXPECT_EQ(tag_digest("kept"), kept);
  EXPECT_EQ(registry_->manifest_count(kRepo), 1u);
}

INSTANTIATE_TEST_SUITE_P(Answers, LaterTest, ::testing::Values(202, 500),  // 500: Docker Hub
                         [](const auto& status) { return std::to_string(status.param); });

// Everywhere -------------------------------------------------------------------------------------

// An image of each kind to go, and a tag to go off a kept one.
void fill(testing::FakeRegistry& registry, const std::string& repo) {
  const Digest kept = registry.add_image(repo, "kept");
  registry.set_tag(repo, "sibling", kept);
  const Digest part = registry.add_image(repo, "part");
  const Digest own = registry.add_image(repo, "", "own");
  registry.add_index(repo, "old-index", {part, own});
  registry.set_tag(repo, "old-index-too", *registry.tag(repo, "old-index"));
  const Digest old = registry.add_image(repo, "old");
  std::string name = old.str();
  std::ranges::replace(name, ':', '-');
  registry.add_image(repo, name + ".sig", "signature");
}

constexpr TagDelete kTagDeletes[] = {TagDelete::unsupported, TagDelete::conforming,
                                     TagDelete::deletes_manifest, TagDelete::deletes_siblings,
                                     TagDelete::ignored};

// A-78.
TEST_F(ServersTest, DeletesNoDigestThatItDidNotReadWithTheFullAccept) {
  for (const TagDelete kind : kTagDeletes) {
    use({.tag_delete = kind});
    fill(*registry_, kRepo);
    std::set<std::string> read;  // the hashes of bodies
    registry_->after_request([&](const SeenRequest& request, http::Outcome& outcome) {
      const auto& response = std::get<http::Response>(outcome);
      if (request.method != "GET" || response.status != 200) return;
      const std::string accept(request.headers.get("Accept").value_or(""));
      for (std::string_view type : {media_type::kOciIndex, media_type::kOciManifest,
                                    media_type::kDockerList, media_type::kDockerManifest}) {
        if (accept.find(type) == std::string::npos) return;
      }
      read.insert(Digest::of(response.body).str());
    });
    ASSERT_THAT(prune_patiently({kRepo + ":kept"}), IsOk());
    std::size_t deleted = 0;
    for (const SeenRequest& request : registry_->log()) {
      if (request.method == "PUT") read.insert(Digest::of(request.body).str());  // a stand-in
      const std::size_t at = request.target.find("sha256:");
      if (request.method != "DELETE" || request.status != 202 || at == std::string::npos) continue;
      EXPECT_TRUE(read.contains(request.target.substr(at))) << request.target;
      ++deleted;
    }
    EXPECT_GE(deleted, 5u);
  }
}

// Artifactory answers 406 to a DELETE with an Accept (containers/image #1009).
TEST_F(ServersTest, SendsNoAcceptWithADelete) {
  fill(*registry_, kRepo);
  ASSERT_THAT(prune_patiently({kRepo + ":kept"}), IsOk());
  std::size_t deletes = 0;
  for (const SeenRequest& request : registry_->log()) {
    if (request.method != "DELETE") continue;
    EXPECT_FALSE(request.headers.get("Accept"));
    ++deletes;
  }
  EXPECT_GE(deletes, 6u);
}

// A-82.
TEST_F(ServersTest, DeletesNothingButManifests) {
  for (const TagDelete kind : kTagDeletes) {
    use({.tag_delete = kind});
    fill(*registry_, kRepo);
    ASSERT_THAT(prune_patiently({kRepo + ":kept"}), IsOk());
    EXPECT_GE(registry_->count("DELETE"), 6u);
    EXPECT_EQ(registry_->count("DELETE"), registry_->count("DELETE", kRepo + "/manifests/"));
  }
}

}  // namespace
}  // namespace purser
