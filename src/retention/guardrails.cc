#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "purser/plan.h"
#include "retention/consistency.h"
#include "retention/entry_matches.h"
#include "retention/named_removal.h"

namespace purser {
namespace {

using Refusals = std::vector<Refusal>;

void check_entries(const Plan& plan, const KeepPolicy& policy, const Guardrails& guardrails,
                   Refusals& refusals) {
  if (policy.entries.empty()) {
    refusals.push_back({"empty_keep_list", "the keep list is empty: everything would go", ""});
  }
  if (guardrails.allow_missing) return;
  const std::vector<EntryMatches> matches = match_entries(policy, plan.repositories);
  for (std::size_t at = 0; at < matches.size(); ++at) {
    if (matches[at].matched || matches[at].unknown) continue;
    if (!is_in_scope(policy.entries[at], plan.scope)) continue;
    refusals.push_back({"unmatched_entry",
                        fmt::format("the keep entry \"{}\" matches nothing", matches[at].entry),
                        "--allow-missing"});
  }
}

void check_emptied(const Plan& plan, const Guardrails& guardrails, Refusals& refusals) {
  if (guardrails.allow_empty) return;
  for (const RepositoryPlan& repository : plan.repositories) {
    auto has = [&](Action action) {
      return std::ranges::any_of(repository.tags, [action](const TagDecision& decision) {
        return decision.action == action;
      });
    };
    if (has(Action::keep) || !has(Action::remove)) continue;
    refusals.push_back({"repository_emptied",
                        fmt::format("{} would have no tag left", repository.repository.str()),
                        "--allow-empty"});
  }
}

// Is `part` of `whole` more than `percent`? Without overflow, whatever the numbers.
bool is_more_than(std::uint64_t part, std::uint64_t whole, std::uint64_t percent) {
  return static_cast<long double>(part) * 100 > static_cast<long double>(whole) * percent;
}

void check_limit(const Plan& plan, const Guardrails& guardrails, Refusals& refusals) {
  if (!guardrails.max_removals) return;
  const MaxRemovals& limit = *guardrails.max_removals;
  const PlanTotals totals = plan.totals();
  const bool over = limit.percent
                        ? is_more_than(totals.tags_to_remove, totals.tags_seen, limit.count)
                        : totals.tags_to_remove > limit.count;
  if (!over) return;
  refusals.push_back({"too_many_removals",
                      fmt::format("{} of {} tags would go, and at most {} may",
                                  totals.tags_to_remove, totals.tags_seen, limit.str()),
                      "--max-removals"});
}

void check_targets(const Plan& plan, const RemovePolicy& policy, Refusals& refusals) {
  std::set<std::string> planned;
  for (const RepositoryPlan& repository : plan.repositories) {
    planned.insert(repository.repository.path());
    Refusals found = resolve_named_removal(view_of(repository), policy, {}).refusals;
    std::ranges::move(found, std::back_inserter(refusals));
  }
  for (const RemovePolicy::Target& target : policy.targets) {
    if (!planned.insert(target.repository).second) continue;
    refusals.push_back(
        {"unread", fmt::format("{}/{} was not looked at", plan.registry, target.repository), ""});
  }
}

}  // namespace

Refusals check_guardrails(const Plan& plan, const Guardrails& guardrails) {
  Refusals refusals;
  if (const auto* keep = std::get_if<KeepPolicy>(&plan.policy)) {
    check_entries(plan, *keep, guardrails, refusals);
    check_emptied(plan, guardrails, refusals);
  } else {
    check_targets(plan, std::get<RemovePolicy>(plan.policy), refusals);
  }
  check_limit(plan, guardrails, refusals);
  std::ranges::move(find_contradictions(plan), std::back_inserter(refusals));
  return refusals;
}

Result<ApprovedPlan> ApprovedPlan::approve(Plan plan, const Guardrails& guardrails) {
  const Refusals refusals = check_guardrails(plan, guardrails);
  if (refusals.empty()) {
    plan.guardrails = guardrails;
    plan.refusals.clear();
    return ApprovedPlan(std::move(plan));
  }
  std::vector<std::string> messages;
  std::set<std::string> flags;
  for (const Refusal& refusal : refusals) {
    messages.push_back(refusal.message);
    if (!refusal.flag.empty()) flags.insert(refusal.flag);
  }
  return Unexpected(
      Error{.code = ErrorCode::refused,
            .message = fmt::format("{}", fmt::join(messages, "; ")),
            .operation = "approve the plan for",
            .registry = plan.registry,
            .hint = flags.empty() ? "Nothing was changed"
                                  : fmt::format("Nothing was changed. If that is what you want: {}",
                                                fmt::join(flags, " "))});
}

}  // namespace purser
