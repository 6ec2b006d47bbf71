#include "purser/plan.h"

#include <utility>

#include "retention/entry_matches.h"

namespace purser {

std::string_view to_string(Action action) {
  switch (action) {
    case Action::keep:
      return "keep";
    case Action::remove:
      return "remove";
    case Action::skip:
      return "skip";
  }
  return "unknown";  // a value from outside the enumeration
}

std::string_view to_string(Means means) {
  switch (means) {
    case Means::none:
      return "none";
    case Means::untag:
      return "untag";
    case Means::delete_manifest:
      return "delete_manifest";
  }
  return "unknown";  // a value from outside the enumeration
}

PlanTotals Plan::totals() const {
  PlanTotals totals;
  for (const RepositoryPlan& repository : repositories) {
    for (const TagDecision& decision : repository.tags) {
      ++totals.tags_seen;
      if (decision.action == Action::keep) ++totals.tags_kept;
      if (decision.action == Action::remove) ++totals.tags_to_remove;
      if (decision.action == Action::skip) ++totals.tags_skipped;
    }
    for (const ManifestDecision& decision : repository.manifests) {
      if (decision.action == Action::remove) ++totals.manifests_to_remove;
    }
  }
  return totals;
}

Plan make_plan(std::string registry, std::span<const Snapshot> snapshots, const Policy& policy,
               const PlanOptions& options) {
  Plan plan{.registry = std::move(registry),
            .created_at = options.now,
            .scope = options.scope,
            .policy = policy,
            .guardrails = options.guardrails};
  for (const Snapshot& snapshot : snapshots) {
    plan.repositories.push_back(plan_repository(snapshot, policy));
  }
  if (const auto* keep = std::get_if<KeepPolicy>(&policy)) {
    plan.entries = match_entries(*keep, plan.repositories);
  }
  plan.refusals = check_guardrails(plan, options.guardrails);
  return plan;
}

std::set<Digest> digests_named(const Policy& policy, std::string_view repository_path) {
  std::set<Digest> digests;
  if (const auto* keep = std::get_if<KeepPolicy>(&policy)) {
    for (const KeepEntry& entry : keep->entries) {
      if (entry.digest() && entry.matches_repository(repository_path)) {
        digests.insert(*entry.digest());
      }
    }
  } else {
    for (const RemovePolicy::Target& target : std::get<RemovePolicy>(policy).targets) {
      if (target.digest && target.repository == repository_path) digests.insert(*target.digest);
    }
  }
  return digests;
}

}  // namespace purser
