// One request in five fails: 500, 503, 429, a reset before or after the server acted, a truncated
// answer. A prune then ends as it would have, or stops with a report that is true. In both cases
// the next run without faults ends where a run without any fault ends.
//
// A failure names its seed. PURSER_TEST_SEEDS=17 runs that one alone, PURSER_TEST_SEEDS=1000-4999
// as many as you have time for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "testing/flaky_prune.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using testing::FakeRegistryOptions;
using testing::FlakyPrune;
using testing::IsOk;

constexpr int kOneInFive = 5;

struct Server {
  std::string name = {};
  FakeRegistryOptions options = {};
  std::uint64_t first_seed = 0;
  // It takes more than it is asked to: what is kept may be gone until it is put back, and a run
  // stops where it sees that.
  bool takes_more = false;
  int most_runs() const { return takes_more ? 20 : 1; }
};
void PrintTo(const Server& server, std::ostream* out) { *out << server.name; }

constexpr std::uint64_t kSeedsOfAServer = 20;

// [first, last]
std::pair<std::uint64_t, std::uint64_t> seeds_of(const Server& server) {
  const char* chosen = std::getenv("PURSER_TEST_SEEDS");
  if (chosen == nullptr) {
    return {server.first_seed, server.first_seed + kSeedsOfAServer - 1};
  }
  char* end = nullptr;
  const std::uint64_t first = std::strtoull(chosen, &end, 10);
  return {first, *end == '-' ? std::strtoull(end + 1, nullptr, 10) : first};
}

std::vector<Server> servers() {
  using TagDelete = FakeRegistryOptions::TagDelete;
  return {
      {"LikeDistribution2", {}, 0},
      {"LikeDistribution3", {.tag_delete = TagDelete::conforming, .tags_page = 4}, 100},
      {"WithReferrers", {.tag_delete = TagDelete::conforming, .referrers_api = true}, 200},
      {"WithoutDigestsOrHead",
       {.refuses_annotations = true, .sends_digest = false, .head_manifests = false},
       300},
      {"ThatTakesSiblings", {.tag_delete = TagDelete::deletes_siblings}, 400, true},
      {"ThatTakesTheManifest", {.tag_delete = TagDelete::deletes_manifest}, 500},
  };
}

// Each thing that the report says, against what is in the registry now.
void expect_true(const Report& report, const FlakyPrune& prune) {
  EXPECT_EQ(report.tags_seen,
            report.tags_kept + report.tags_removed + report.tags_failed + report.tags_skipped);
  for (const TagReport& tag : report.tags) {
    SCOPED_TRACE(tag.repository + ":" + tag.decision.tag + " is reported as " +
                 std::string(to_string(tag.outcome)) + " " + tag.detail);
    if (tag.outcome == Outcome::failed || tag.outcome == Outcome::skipped) {
      EXPECT_FALSE(tag.detail.empty() && report.unread.empty());
    }
    if (!tag.decision.digest) {  // unread, so nothing is done to it
      EXPECT_TRUE(tag.outcome == Outcome::kept || tag.outcome == Outcome::skipped);
      EXPECT_TRUE(prune.tag(tag.repository, tag.decision.tag));
      continue;
    }
    const Digest& digest = *tag.decision.digest;
    switch (tag.outcome) {
      case Outcome::kept:
        EXPECT_EQ(prune.tag(tag.repository, tag.decision.tag), digest);
        EXPECT_TRUE(prune.has(tag.repository, digest));
        break;
      case Outcome::removed:
        EXPECT_EQ(prune.tag(tag.repository, tag.decision.tag), std::nullopt);
        break;
      case Outcome::skipped:
        EXPECT_TRUE(prune.pulls(tag.repository, tag.decision.tag, digest));
        break;
      case Outcome::failed:
        break;  // it says why, and that it is not known
    }
  }
  for (const ManifestReport& manifest : report.manifests) {
    SCOPED_TRACE(manifest.repository + "@" + manifest.decision.digest.str() + " is reported as " +
                 std::string(to_string(manifest.outcome)) + " " + manifest.detail);
    const bool there = prune.has(manifest.repository, manifest.decision.digest);
    if (manifest.outcome == Outcome::failed) continue;
    EXPECT_EQ(there, manifest.outcome != Outcome::removed);
  }
}

// What came of the runs of all seeds: were they what they are meant to be?
struct Tally {
  std::size_t complete = 0;
  std::size_t partly = 0;
  std::size_t not_begun = 0;
  std::size_t faults = 0;
};

void run_with_faults(FlakyPrune& prune, bool first, Tally& tally) {
  const testing::RegistryContent before = prune.content();
  const auto report = prune.run(kOneInFive);
  if (!report) {
    ++tally.not_begun;
    // Errors are told before the first change. What a run before it left may be mended by then.
    const std::string change = difference(before, prune.content());
    EXPECT_TRUE(change.empty() || !first) << change << to_string(report.error());
    return;
  }
  expect_true(*report, prune);
  ++(report->complete() ? tally.complete : tally.partly);
  if (!report->complete()) return;
  // A stand-in that is on no tag any more is nobody's image: the next run takes it away.
  const std::string other = difference(prune.goal(), prune.content_without_left_stand_ins());
  EXPECT_EQ(other, "") << to_json(*report);
  if (prune.content_without_left_stand_ins() != prune.content()) {
    EXPECT_THAT(report->warnings, ::testing::Contains(::testing::HasSubstr("stays behind")));
  }
}

class RandomFaultsTest : public ::testing::TestWithParam<Server> {};

TEST_P(RandomFaultsTest, APruneEndsAsWithoutThemOrStopsWithAReportThatIsTrue) {
  Tally tally;
  const auto [first, last] = seeds_of(GetParam());
  for (std::uint64_t seed = first; seed <= last && !HasFailure(); ++seed) {
    SCOPED_TRACE("alone: PURSER_TEST_SEEDS=" + std::to_string(seed));
    FlakyPrune prune(seed, GetParam().options, GetParam().most_runs());
    for (std::uint64_t run = 0; run <= seed % 3; ++run) run_with_faults(prune, run == 0, tally);
    EXPECT_TRUE(prune.lost().empty() || GetParam().takes_more) << prune.lost();
    tally.faults += prune.faults();

    const auto end = prune.finish(GetParam().most_runs());
    ASSERT_THAT(end, IsOk());
    EXPECT_TRUE(end->complete()) << to_json(*end);
    expect_true(*end, prune);
    EXPECT_EQ(difference(prune.goal(), prune.content()), "") << to_json(*end);
  }
  RecordProperty("complete", std::to_string(tally.complete));
  RecordProperty("partly", std::to_string(tally.partly));
  RecordProperty("not_begun", std::to_string(tally.not_begun));
  RecordProperty("faults", std::to_string(tally.faults));
  if (last - first + 1 < kSeedsOfAServer) return;
  EXPECT_GT(tally.complete, 0u);
  EXPECT_GT(tally.partly, 0u);
  EXPECT_GT(tally.faults, 5 * kSeedsOfAServer);
}

INSTANTIATE_TEST_SUITE_P(Servers, RandomFaultsTest, ::testing::ValuesIn(servers()),
                         [](const auto& server) { return server.param.name; });

}  // namespace
}  // namespace purser
