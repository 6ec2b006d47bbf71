#include "retention/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace purser {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kept:
      return "kept";
    case Outcome::removed:
      return "removed";
    case Outcome::failed:
      return "failed";
    case Outcome::skipped:
      break;
  }
  return "skipped";
}

Report start_report(const Plan& plan) {
  Report report{.registry = plan.registry, .entries = plan.entries, .refusals = plan.refusals};
  for (const RepositoryPlan& repository : plan.repositories) {
    for (const Gap& gap : repository.gaps) {
      report.warnings.push_back(
          fmt::format("{}: {} could not be read, so nothing is removed there: {}",
                      repository.repository.str(), gap.what, gap.why));
      report.unread.insert(repository.repository.path());
    }
  }
  return report;
}

void add_outcome(Report& report, RepositoryOutcome outcome) {
  if (outcome.unread && !outcome.tags.empty())
    report.unread.insert(outcome.tags.front().repository);
  for (TagReport& tag : outcome.tags) {
    ++report.tags_seen;
    if (tag.decision.action == Action::remove) ++report.tags_to_remove;
    switch (tag.outcome) {
      case Outcome::kept:
        ++report.tags_kept;
        break;
      case Outcome::removed:
        ++report.tags_removed;
        break;
      case Outcome::failed:
        ++report.tags_failed;
        break;
      case Outcome::skipped:
        ++report.tags_skipped;
        break;
    }
    report.tags.push_back(std::move(tag));
  }
  for (ManifestReport& manifest : outcome.manifests) {
    if (manifest.outcome == Outcome::removed) ++report.manifests_removed;
    report.manifests.push_back(std::move(manifest));
  }
  std::ranges::move(outcome.warnings, std::back_inserter(report.warnings));
}

Report dry_run(const Plan& plan) {
  Report report = start_report(plan);
  for (const RepositoryPlan& repository : plan.repositories) {
    add_outcome(report, untouched(repository, "a dry run: it would be removed"));
  }
  return report;
}

bool Report::complete() const {
  if (cancelled || tags_failed > 0 || !unread.empty()) return false;
  const auto undone = [this](const auto& entry) {
    return applied && entry.decision.action == Action::remove && entry.outcome != Outcome::removed;
  };
  const auto not_kept = [](const auto& entry) {
    return entry.decision.action == Action::keep && entry.outcome != Outcome::kept;
  };
  const auto broken = [](const TagReport& tag) { return tag.decision.broken_and_named; };
  return std::ranges::none_of(tags, undone) && std::ranges::none_of(manifests, undone) &&
         std::ranges::none_of(tags, broken) && std::ranges::none_of(tags, not_kept) &&
         std::ranges::none_of(manifests, not_kept);
}

}  // namespace purser
