// What registries lock: it is left, with all that it leads to, and the rest goes on.
#include <set>
#include <string>

#include "retention/apply_servers_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using TagDelete = testing::FakeRegistryOptions::TagDelete;

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

// A-74, A-79: an image that is still there keeps its signature, and what that leads to.
TEST_P(LockTest, LeavesWhatRefersToALockedManifest) {
  const Digest locked = registry_->add_image(kRepo, "locked");
  const Digest signature = registry_->add_image(kRepo, digest_tag(locked, ".sig"));
  const Digest sbom = add_referrer("sbom", locked);
  const Digest of_it = registry_->add_image(kRepo, digest_tag(sbom, ".sig"));
  const Digest old = registry_->add_image(kRepo, "old");
  registry_->add_image(kRepo, digest_tag(old, ".sig"), "its signature");
  registry_->add_image(kRepo, "kept");
  lock("locked");
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(registry_->manifests(kRepo),
            (std::set<Digest>{locked, signature, sbom, of_it, tag_digest("kept")}));
  EXPECT_EQ(registry_->tags(kRepo).size(), 5u);
  EXPECT_EQ(manifest_of(*report, signature).outcome, Outcome::skipped);
  EXPECT_THAT(tag_of(*report, digest_tag(locked, ".sig")).detail, HasSubstr("which is kept"));
  // Once it is not locked any more, the next run takes them all.
  change([](auto& options) { options.locked = {}; });
  EXPECT_THAT(prune_patiently({kRepo + ":kept"}), IsOk());
  EXPECT_EQ(registry_->manifest_count(kRepo), 1u);
}

// A-74, A-79: the parts of a locked index, and their signatures.
TEST_P(LockTest, LeavesThePartsOfALockedIndexWithTheirSignatures) {
  const Digest part = registry_->add_image(kRepo, "", "part");
  const Digest locked = registry_->add_index(kRepo, "locked", {part});
  const Digest signature = registry_->add_image(kRepo, digest_tag(part, ".sig"));
  registry_->add_image(kRepo, "kept");
  lock("locked");
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  for (const Digest& digest : {part, locked, signature}) {
    EXPECT_TRUE(registry_->has(kRepo, digest)) << digest.str();
  }
  EXPECT_EQ(registry_->tag(kRepo, digest_tag(part, ".sig")), signature);
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

// A-73: the same where tags are to go off a kept image, of which the first refusal looks like a
// lock.
TEST_F(ServersTest, StopsUntaggingWhereDeletesWereSwitchedOffMeanwhile) {
  const Digest kept = registry_->add_image(kRepo, "kept");
  for (const char* tag : {"a", "b", "c", "d"}) registry_->set_tag(kRepo, tag, kept);
  registry_->after_request([&](const SeenRequest& request, http::Outcome& outcome) {
    if (request.method != "DELETE" || std::get<http::Response>(outcome).status != 202) return;
    change([](auto& options) { options.deletes_enabled = false; });
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(report->tags_removed, 1u);
  EXPECT_EQ(report->tags_failed, 1u);
  EXPECT_EQ(report->tags_skipped, 2u);
  EXPECT_THAT(tag_of(*report, "c").detail, HasSubstr("the registry answered: 405"));
  EXPECT_EQ(registry_->count("PUT"), 3u) << "two stand-ins, and the second tag back";
  for (const char* tag : {"b", "c", "d"}) EXPECT_EQ(registry_->tag(kRepo, tag), kept);
}

// A-73, A-77: the probe is answered 404 and stand-ins 403: no more are put.
TEST_F(ServersTest, PutsNoMoreStandInsWhereTheFirstCouldNotBeDeleted) {
  const Digest kept = registry_->add_image(kRepo, "kept");
  for (const char* tag : {"a", "b", "c"}) registry_->set_tag(kRepo, tag, kept);
  const Digest old = registry_->add_image(kRepo, "old");
  const Digest stand_in =
      make_stand_in(*Manifest::parse(*registry_->manifest(kRepo, kept), media_type::kOciManifest),
                    "a")
          ->digest();
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!deletes(request, stand_in)) return std::nullopt;
    return http::Response{403, {}, R"({"errors":[{"code":"DENIED","message":"not you"}]})"};
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(registry_->count("PUT"), 2u) << "one stand-in, and the tag back";
  for (const char* tag : {"a", "b", "c"}) EXPECT_EQ(registry_->tag(kRepo, tag), kept);
  EXPECT_EQ(tag_of(*report, "b").outcome, Outcome::skipped);
  EXPECT_THAT(tag_of(*report, "b").detail, HasSubstr("could be put here and not deleted"));
  EXPECT_FALSE(registry_->has(kRepo, old)) << "what needs no stand-in goes on";
}

// A-77: whatever the put that fails is answered.
TEST_F(ServersTest, StopsWhereATagCouldNotBePutBack) {
  const Digest kept = registry_->add_image(kRepo, "kept");
  for (const char* tag : {"a", "b"}) registry_->set_tag(kRepo, tag, kept);
  const Digest old = registry_->add_image(kRepo, "old");
  registry_->fail({.method = "DELETE", .contains = "sha256", .skip = 1, .status = 409});
  registry_->fail({.method = "PUT", .contains = "/manifests/a", .skip = 1, .status = 409});
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_THAT(tag_of(*report, "a").detail, HasSubstr("COULD NOT BE PUT BACK"));
  EXPECT_EQ(registry_->count("PUT"), 2u);
  EXPECT_TRUE(registry_->has(kRepo, old));
}

}  // namespace
}  // namespace purser
