// What a plan does, as sets of names: for tests.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "purser/plan.h"
#include "testing/snapshot_builder.h"

namespace purser::testing {

using NameSet = std::set<std::string>;

struct PlanOutcome {
  NameSet kept = {};      // tags
  NameSet untagged = {};  // tags that go alone
  NameSet deleted = {};   // tags that go with their manifest
  NameSet skipped = {};   // tags
  NameSet removed = {};   // manifests
  NameSet stays = {};     // manifests
};

inline PlanOutcome outcome_of(const RepositoryPlan& plan, const SnapshotBuilder& names) {
  PlanOutcome outcome;
  for (const TagDecision& decision : plan.tags) {
    EXPECT_FALSE(decision.reasons.empty()) << decision.tag;
    const std::string name = names.name_of_tag(decision.tag);
    if (decision.action == Action::keep) outcome.kept.insert(name);
    if (decision.action == Action::skip) outcome.skipped.insert(name);
    if (decision.means == Means::untag) outcome.untagged.insert(name);
    if (decision.means == Means::delete_manifest) outcome.deleted.insert(name);
  }
  for (const ManifestDecision& decision : plan.manifests) {
    EXPECT_FALSE(decision.reasons.empty()) << decision.digest.str();
    (decision.action == Action::remove ? outcome.removed : outcome.stays)
        .insert(names.name_of(decision.digest));
  }
  return outcome;
}

inline KeepPolicy keeping(const std::vector<std::string>& entries) {
  KeepPolicy policy;
  for (const std::string& entry : entries) {
    policy.entries.push_back(KeepEntry::parse(entry, kTestRegistry).value());
  }
  return policy;
}

inline RemovePolicy removing(const std::vector<std::string>& tags) {
  RemovePolicy policy;
  for (const std::string& tag : tags) policy.targets.push_back({.repository = "app", .tag = tag});
  return policy;
}

inline const TagDecision& decision_on(const RepositoryPlan& plan, const std::string& tag) {
  for (const TagDecision& decision : plan.tags) {
    if (decision.tag == tag) return decision;
  }
  ADD_FAILURE() << "the plan says nothing about " << tag;
  static const TagDecision kNone;
  return kNone;
}

inline const ManifestDecision& decision_on(const RepositoryPlan& plan, const Digest& digest) {
  for (const ManifestDecision& decision : plan.manifests) {
    if (decision.digest == digest) return decision;
  }
  ADD_FAILURE() << "the plan says nothing about " << digest.str();
  static const ManifestDecision kNone{.digest = Digest::of("")};
  return kNone;
}

}  // namespace purser::testing
