#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "purser/plan.h"
#include "retention/plan_format.h"

namespace purser {
namespace {

using nlohmann::ordered_json;

template <class Items, class Convert>
ordered_json to_array(const Items& items, Convert convert) {
  ordered_json array = ordered_json::array();
  for (const auto& item : items) array.push_back(convert(item));
  return array;
}

template <class T, class Convert>
ordered_json or_null(const std::optional<T>& value, Convert convert) {
  return value ? ordered_json(convert(*value)) : ordered_json(nullptr);
}

std::string digest_text(const Digest& digest) { return digest.str(); }

ordered_json digests(const std::vector<Digest>& list) { return to_array(list, digest_text); }

ordered_json to_value(const KeepPolicy& policy) {
  return {{"type", "keep"},
          {"entries", to_array(policy.entries, [](const KeepEntry& e) { return e.text(); })},
          {"keep_referrers", policy.keep_referrers}};
}

ordered_json to_value(const RemovePolicy& policy) {
  auto target = [](const RemovePolicy::Target& t) -> ordered_json {
    return {{"repository", t.repository},
            {"tag", or_null(t.tag, [](const std::string& tag) { return tag; })},
            {"digest", or_null(t.digest, digest_text)}};
  };
  return {{"type", "remove"},
          {"targets", to_array(policy.targets, target)},
          {"all_tags", policy.all_tags},
          {"with_parents", policy.with_parents},
          {"with_children", policy.with_children},
          {"keep_referrers", policy.keep_referrers}};
}

ordered_json to_value(const Guardrails& guardrails) {
  return {{"allow_missing", guardrails.allow_missing},
          {"allow_empty", guardrails.allow_empty},
          {"max_removals",
           or_null(guardrails.max_removals, [](const MaxRemovals& limit) { return limit.str(); })}};
}

ordered_json to_value(const EntryMatches& entry) {
  return {{"entry", entry.entry},
          {"tags", entry.tags},
          {"matched", entry.matched},
          {"unknown", entry.unknown}};
}

ordered_json to_value(const Refusal& refusal) {
  return {{"code", refusal.code}, {"message", refusal.message}, {"flag", refusal.flag}};
}

ordered_json to_value(const RepositoryPlan& repository) {
  auto gap = [](const Gap& g) -> ordered_json { return {{"what", g.what}, {"why", g.why}}; };
  auto restore = [](const Restore& r) -> ordered_json {
    return {{"tag", r.tag}, {"original", r.original.str()}, {"stand_in", r.stand_in.str()}};
  };
  return {{"repository", repository.repository.path()},
          {"gaps", to_array(repository.gaps, gap)},
          {"restores", to_array(repository.restores, restore)}};
}

ordered_json to_value(const std::string& path, const TagDecision& decision) {
  return {{"repository", path},
          {"tag", decision.tag},
          {"digest", or_null(decision.digest, digest_text)},
          {"action", to_string(decision.action)},
          {"means", to_string(decision.means)},
          {"reasons", decision.reasons},
          {"broken_and_named", decision.broken_and_named}};
}

ordered_json to_value(const std::string& path, const ManifestDecision& decision) {
  return {{"repository", path},
          {"digest", decision.digest.str()},
          {"media_type", decision.media_type},
          {"action", to_string(decision.action)},
          {"reasons", decision.reasons},
          {"tags", decision.tags},
          {"parents", digests(decision.parents)},
          {"referrers", or_null(decision.referrers, digests)}};
}

ordered_json to_value(const PlanTotals& totals) {
  return {{"tags_seen", totals.tags_seen},
          {"tags_kept", totals.tags_kept},
          {"tags_to_remove", totals.tags_to_remove},
          {"tags_skipped", totals.tags_skipped},
          {"manifests_to_remove", totals.manifests_to_remove}};
}

std::string rfc3339(std::chrono::sys_seconds time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace

std::string to_json(const Plan& plan) {
  auto convert = [](const auto& item) { return to_value(item); };
  ordered_json decisions = ordered_json::array();
  ordered_json manifests = ordered_json::array();
  for (const RepositoryPlan& repository : plan.repositories) {
    const std::string& path = repository.repository.path();
    for (const TagDecision& tag : repository.tags) decisions.push_back(to_value(path, tag));
    for (const ManifestDecision& m : repository.manifests) manifests.push_back(to_value(path, m));
  }
  const ordered_json document{{"format", kPlanFormat},
                              {"version", kPlanVersion},
                              {"registry", plan.registry},
                              {"created_at", rfc3339(plan.created_at)},
                              {"scope", plan.scope},
                              {"policy", std::visit(convert, plan.policy)},
                              {"guardrails", to_value(plan.guardrails)},
                              {"entries", to_array(plan.entries, convert)},
                              {"refusals", to_array(plan.refusals, convert)},
                              {"totals", to_value(plan.totals())},
                              {"repositories", to_array(plan.repositories, convert)},
                              {"decisions", std::move(decisions)},
                              {"manifests", std::move(manifests)}};
  // Messages of servers are in here: what is not UTF-8 in them must not spoil the document.
  return escape_json_for_terminal(
      document.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

}  // namespace purser
