// Deletes that a registry finishes later, and what holds for deletes on every kind of server.
#include <algorithm>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "retention/apply_servers_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using TagDelete = testing::FakeRegistryOptions::TagDelete;

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

//
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

// and no longer than ten seconds. What it lists stays, and the next run goes on from there.
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

// it is there for all that anybody knows, and its signature stays with it.
TEST_P(LaterTest, LeavesTheSignatureOfWhatMayGoLater) {
  const Digest signature = registry_->add_image(kRepo, digest_tag(*index_, ".sig"));
  lag(1'000);
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_TRUE(registry_->has(kRepo, signature));
  EXPECT_EQ(manifest_of(*report, signature).outcome, Outcome::skipped);
}

// nor ten seconds for each of many.
TEST_F(ServersTest, StopsWhereTheRegistryTakesDeletesAndDoesNotActOnThem) {
  for (int i = 0; i < 20; ++i) registry_->add_image(kRepo, "old-" + std::to_string(i));
  registry_->add_image(kRepo, "kept");
  change([](auto& options) { options.delete_lag = 10'000; });
  const auto began = clock_->now();
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(clock_->now() - began, std::chrono::seconds(20));
  EXPECT_EQ(report->tags_failed, 2u);
  EXPECT_EQ(report->tags_skipped, 18u);
  EXPECT_THAT(tag_of(*report, "old-7").detail + tag_of(*report, "old-8").detail +
                  tag_of(*report, "old-9").detail,
              ::testing::HasSubstr("does not act on them"));
}

// the wait can be stopped, and what was sent is told as what it is.
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
  if (GetParam() == 202) {  // the wait has told nothing about the registry
    EXPECT_THAT(manifest_of(*report, *index_).detail, ::testing::HasSubstr("was stopped before"));
  }
  EXPECT_EQ(manifest_of(*report, *part_).outcome, Outcome::skipped);
  EXPECT_TRUE(registry_->has(kRepo, *part_));
}

// the stand-in goes later.
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

//
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

//
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
