// What must hold of every plan, tried on thousands of generated repositories.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/digest_tag.h"
#include "purser/plan.h"
#include "testing/closure_oracle.h"
#include "testing/matchers.h"
#include "testing/plan_outcome.h"
#include "testing/snapshot_generator.h"

namespace purser {
namespace {

using ::purser::testing::digest_named;
using ::purser::testing::IsOk;
using ::purser::testing::parts_of;
using ::purser::testing::SnapshotGenerator;
using ::purser::testing::what_stays;

constexpr std::uint64_t kSeeds = 2000;

std::set<Digest> removed_manifests(const RepositoryPlan& plan) {
  std::set<Digest> removed;
  for (const ManifestDecision& decision : plan.manifests) {
    if (decision.action == Action::remove) removed.insert(decision.digest);
  }
  return removed;
}

std::set<std::string> tags_that_are(const RepositoryPlan& plan, Action action) {
  std::set<std::string> tags;
  for (const TagDecision& decision : plan.tags) {
    if (decision.action == action) tags.insert(decision.tag);
  }
  return tags;
}

// No digest that is reachable from a tag that stays is removed: for any policy.
void expect_everything_kept_is_whole(const Snapshot& snapshot, const RepositoryPlan& plan) {
  const std::set<Digest> removed = removed_manifests(plan);
  for (const TagDecision& decision : plan.tags) {
    if (decision.action == Action::remove || !decision.digest) continue;
    for (const Digest& part : parts_of(snapshot, *decision.digest)) {
      EXPECT_FALSE(removed.contains(part)) << decision.tag << " needs " << part.str();
    }
  }
  for (const ManifestDecision& decision : plan.manifests) {
    if (decision.action != Action::keep) continue;  // skipped: a stand-in, which goes with its tag
    for (const Digest& part : parts_of(snapshot, decision.digest)) {
      EXPECT_FALSE(removed.contains(part)) << decision.digest.str() << " needs " << part.str();
    }
  }
}

Plan plan_of(const Snapshot& snapshot, const Policy& policy) {
  return make_plan(std::string(testing::kTestRegistry), std::span(&snapshot, 1), policy, {});
}

// What the repository is after the plan was done up to a point: tags that go alone first, then the
// first `deletions` manifests with their tags, as apply does it.
Snapshot after(const Snapshot& before, const RepositoryPlan& plan, std::size_t deletions) {
  Snapshot snapshot = before;
  for (const TagDecision& decision : plan.tags) {
    if (decision.means == Means::untag) snapshot.tags.erase(decision.tag);
  }
  for (const Restore& restore : plan.restores) snapshot.tags.at(restore.tag).stand_in.reset();
  for (const ManifestDecision& decision : plan.manifests) {
    if (decision.action != Action::remove || deletions == 0) continue;
    --deletions;
    snapshot.manifests.erase(decision.digest);
    snapshot.missing.insert(decision.digest);
    for (const std::string& tag : decision.tags) snapshot.tags.erase(tag);
  }
  return snapshot;
}

TEST(PlanPropertyTest, KeepsExactlyWhatTheOracleKeeps) {
  std::size_t removed_in_all = 0;
  std::size_t unread = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    SnapshotGenerator generator(seed, {.stand_ins = false, .cycles = seed % 10 == 0});
    const Snapshot snapshot = generator.snapshot();
    const KeepPolicy policy = generator.keep_policy(snapshot);
    const RepositoryPlan plan = plan_repository(snapshot, policy);
    const auto verdict = what_stays(snapshot, policy);

    ASSERT_EQ(plan.complete(), !verdict.unread);
    const std::set<Digest> removed = removed_manifests(plan);
    if (verdict.unread) {
      ++unread;
      ASSERT_TRUE(removed.empty());
      ASSERT_TRUE(tags_that_are(plan, Action::remove).empty());
      continue;
    }
    for (const auto& [digest, manifest] : snapshot.manifests) {
      ASSERT_NE(removed.contains(digest), verdict.manifests.contains(digest)) << digest.str();
    }
    for (const TagDecision& decision : plan.tags) {
      if (snapshot.tags.at(decision.tag).state == SnapshotTag::State::ghost) {
        ASSERT_EQ(decision.action, Action::skip) << decision.tag;
      } else {
        ASSERT_EQ(decision.action == Action::keep, verdict.tags.contains(decision.tag))
            << decision.tag;
      }
    }
    removed_in_all += removed.size();
  }
  EXPECT_GT(removed_in_all, kSeeds);  // or the generator makes nothing that could go wrong
  EXPECT_GT(unread, kSeeds / 20);
}

TEST(PlanPropertyTest, RemovesNothingThatWhatStaysNeeds) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    SnapshotGenerator generator(seed, {.cycles = seed % 10 == 0});
    const Snapshot snapshot = generator.snapshot();
    for (const Policy& policy :
         {Policy(generator.keep_policy(snapshot)), Policy(generator.remove_policy(snapshot))}) {
      expect_everything_kept_is_whole(snapshot, plan_repository(snapshot, policy));
    }
    if (HasFailure()) return;
  }
}

TEST(PlanPropertyTest, DecidesAboutExactlyWhatTheSnapshotHas) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    SnapshotGenerator generator(seed, {.cycles = seed % 10 == 0});
    const Snapshot snapshot = generator.snapshot();
    for (const Policy& policy :
         {Policy(generator.keep_policy(snapshot)), Policy(generator.remove_policy(snapshot))}) {
      const RepositoryPlan plan = plan_repository(snapshot, policy);
      ASSERT_EQ(plan.tags.size(), snapshot.tags.size());
      auto tag = snapshot.tags.begin();
      for (const TagDecision& decision : plan.tags) {
        ASSERT_EQ(decision.tag, (tag++)->first);
        ASSERT_FALSE(decision.reasons.empty()) << decision.tag;
      }
      std::set<Digest> manifests;
      for (const ManifestDecision& decision : plan.manifests) {
        ASSERT_TRUE(snapshot.manifests.contains(decision.digest));
        ASSERT_TRUE(manifests.insert(decision.digest).second);
        ASSERT_FALSE(decision.reasons.empty()) << decision.digest.str();
      }
      ASSERT_EQ(manifests.size(), snapshot.manifests.size());
    }
  }
}

TEST(PlanPropertyTest, AnEntryMoreNeverRemovesMore) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    SnapshotGenerator generator(seed);
    const Snapshot snapshot = generator.snapshot();
    KeepPolicy policy = generator.keep_policy(snapshot);
    const RepositoryPlan before = plan_repository(snapshot, policy);
    policy.entries.push_back(generator.keep_entry(snapshot));
    const RepositoryPlan now = plan_repository(snapshot, policy);
    ASSERT_TRUE(std::ranges::includes(removed_manifests(before), removed_manifests(now)));
    ASSERT_TRUE(std::ranges::includes(tags_that_are(before, Action::remove),
                                      tags_that_are(now, Action::remove)));
  }
}

TEST(PlanPropertyTest, NeverContradictsItselfAndSurvivesBeingWritten) {
  for (std::uint64_t seed = 0; seed < kSeeds / 4; ++seed) {
    SCOPED_TRACE(seed);
    SnapshotGenerator generator(seed, {.cycles = seed % 10 == 0});
    const Snapshot snapshot = generator.snapshot();
    for (const Policy& policy :
         {Policy(generator.keep_policy(snapshot)), Policy(generator.remove_policy(snapshot))}) {
      const Plan plan = plan_of(snapshot, policy);
      for (const Refusal& refusal : plan.refusals) {
        ASSERT_NE(refusal.code, "inconsistent_plan") << refusal.message;
      }
      const std::string json = to_json(plan);
      ASSERT_EQ(json, to_json(plan_of(snapshot, policy)));  // planned again, the same
      const auto read = parse_plan(json);
      ASSERT_THAT(read, IsOk());
      ASSERT_EQ(to_json(*read), json);
      ASSERT_EQ(check_guardrails(*read, {}).size(), plan.refusals.size());
    }
  }
}

// Do parents and subjects leave any order? An index may refer to its own child.
bool has_an_order(const Snapshot& snapshot) {
  std::set<Digest> ordered;
  auto waits = [&](const Digest& digest) {
    const auto& subject = snapshot.manifests.at(digest).subject;
    if (subject && snapshot.manifests.contains(*subject) && !ordered.contains(*subject))
      return true;
    return std::ranges::any_of(snapshot.manifests, [&](const auto& other) {
      return !ordered.contains(other.first) &&
             std::ranges::find(other.second.children, digest) != other.second.children.end();
    });
  };
  for (std::size_t before = snapshot.manifests.size() + 1; before != ordered.size();) {
    before = ordered.size();
    for (const auto& [digest, manifest] : snapshot.manifests) {
      if (!waits(digest)) ordered.insert(digest);
    }
  }
  return ordered.size() == snapshot.manifests.size();
}

TEST(PlanPropertyTest, OrdersAnIndexBeforeItsChildrenAndASubjectBeforeItsReferrers) {
  std::size_t orders = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    SnapshotGenerator generator(seed, {.stand_ins = false});
    Snapshot snapshot = generator.snapshot();
    std::erase_if(snapshot.tags, [](const auto& tag) { return parse_digest_tag(tag.first); });
    const bool subjects_too = has_an_order(snapshot);
    const RepositoryPlan plan = plan_repository(snapshot, generator.keep_policy(snapshot));
    std::map<Digest, std::size_t> position;
    for (const ManifestDecision& decision : plan.manifests) {
      position.emplace(decision.digest, position.size());
    }
    for (const auto& [digest, manifest] : snapshot.manifests) {
      for (const Digest& child : manifest.children) {
        if (!position.contains(child)) continue;
        ASSERT_LT(position.at(digest), position.at(child));
        ++orders;
      }
      if (subjects_too && manifest.subject && position.contains(*manifest.subject)) {
        ASSERT_LT(position.at(*manifest.subject), position.at(digest));
        ++orders;
      }
    }
  }
  EXPECT_GT(orders, kSeeds);
}

// Apply stops anywhere, and plans again: what is left is what was left, and nothing else.
TEST(PlanPropertyTest, PlannedAgainHalfWayRemovesTheRestAndNothingElse) {
  std::size_t deletes_of_several = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    SnapshotGenerator generator(seed, {.gaps = false, .stand_ins = false});
    const Snapshot snapshot = generator.snapshot();
    for (const Policy& policy :
         {Policy(generator.keep_policy(snapshot)), Policy(generator.remove_policy(snapshot))}) {
      const bool is_delete = std::holds_alternative<RemovePolicy>(policy);
      if (is_delete && !plan_of(snapshot, policy).refusals.empty()) continue;  // never applied
      const RepositoryPlan plan = plan_repository(snapshot, policy);
      const std::set<Digest> approved = removed_manifests(plan);
      if (is_delete && approved.size() > 1) ++deletes_of_several;
      Protections protections;
      for (const TagDecision& decision : plan.tags) {
        if (decision.action != Action::remove) protections.tags[decision.tag] = "the plan keeps it";
      }
      for (std::size_t done = 0; done <= approved.size(); ++done) {
        Snapshot halfway = after(snapshot, plan, done);
        halfway.leftovers = approved;
        std::set<Digest> rest;
        for (const Digest& digest : approved) {
          if (halfway.manifests.contains(digest)) rest.insert(digest);
        }
        ASSERT_EQ(removed_manifests(plan_repository(halfway, policy, protections)), rest)
            << "after " << done << " of " << approved.size();
      }
    }
  }
  EXPECT_GT(deletes_of_several, kSeeds / 40);
}

TEST(PlanPropertyTest, ASecondRunFindsNothingToDo) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    SnapshotGenerator generator(seed, {.gaps = false, .stand_ins = false});
    Snapshot snapshot = generator.snapshot();
    const KeepPolicy policy = generator.keep_policy(snapshot);
    const RepositoryPlan plan = plan_repository(snapshot, policy);
    snapshot = after(snapshot, plan, plan.manifests.size());
    const RepositoryPlan second = plan_repository(snapshot, policy);
    ASSERT_TRUE(removed_manifests(second).empty());
    ASSERT_TRUE(tags_that_are(second, Action::remove).empty());
  }
}

TEST(PlanPropertyTest, AProtectionNeverRemovesMoreAndHolds) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    SnapshotGenerator generator(seed);
    const Snapshot snapshot = generator.snapshot();
    for (const Policy& policy :
         {Policy(generator.keep_policy(snapshot)), Policy(generator.remove_policy(snapshot))}) {
      const RepositoryPlan plan = plan_repository(snapshot, policy);
      Protections protections;
      for (const std::string& tag : tags_that_are(plan, Action::remove)) {
        if (generator.chance(20)) protections.tags[tag] = "it moved";
      }
      for (const Digest& digest : removed_manifests(plan)) {
        if (generator.chance(20)) protections.manifests[digest] = "it got a new referrer";
      }
      const RepositoryPlan now = plan_repository(snapshot, policy, protections);
      const std::set<Digest> removed = removed_manifests(now);
      const std::set<std::string> removed_tags = tags_that_are(now, Action::remove);
      ASSERT_TRUE(std::ranges::includes(removed_manifests(plan), removed));
      ASSERT_TRUE(std::ranges::includes(tags_that_are(plan, Action::remove), removed_tags));
      for (const auto& [tag, reason] : protections.tags) ASSERT_FALSE(removed_tags.contains(tag));
      for (const auto& [digest, reason] : protections.manifests)
        ASSERT_FALSE(removed.contains(digest));
      expect_everything_kept_is_whole(snapshot, now);
      if (HasFailure()) return;
    }
  }
}

// What `delete` takes is named, or allowed by a flag, or a companion of what is.
TEST(PlanPropertyTest, ADeleteTakesNoTagThatNobodyNamedOrAllowed) {
  std::size_t removals = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    SnapshotGenerator generator(seed);
    Snapshot snapshot = generator.snapshot();
    snapshot.leftovers.clear();
    const RemovePolicy policy = generator.remove_policy(snapshot);
    const RepositoryPlan plan = plan_repository(snapshot, policy);
    for (const TagDecision& decision : plan.tags) {
      if (decision.action != Action::remove) continue;
      ++removals;
      const bool named = std::ranges::any_of(policy.targets, [&](const auto& target) {
        return target.repository == "app" && target.tag == decision.tag;
      });
      const auto digest_tag = parse_digest_tag(decision.tag);
      const bool companion =
          digest_tag && goes_with_its_subject(*digest_tag) && !policy.keep_referrers;
      ASSERT_TRUE(named || companion || policy.all_tags) << decision.tag;
    }
    if (policy.with_parents || policy.all_tags) continue;
    for (const ManifestDecision& decision : plan.manifests) {
      if (decision.action == Action::remove && !policy.with_children) {
        ASSERT_TRUE(std::ranges::none_of(snapshot.tags, [&](const auto& tag) {
          return tag.second.digest == decision.digest &&
                 !tags_that_are(plan, Action::remove).contains(tag.first);
        }));
      }
    }
  }
  EXPECT_GT(removals, kSeeds / 4);
}

}  // namespace
}  // namespace purser
