// What a registry deletes later than it says.
#include <optional>
#include <stop_token>

#include "retention/apply_servers_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;

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

}  // namespace
}  // namespace purser
