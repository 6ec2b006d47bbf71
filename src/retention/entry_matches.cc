#include "retention/entry_matches.h"

#include <algorithm>

namespace purser {
namespace {

void add_matches(const KeepEntry& entry, const RepositoryPlan& repository, EntryMatches& matches) {
  const std::string& path = repository.repository.path();
  if (!entry.matches_repository(path)) return;
  matches.unknown |= !repository.complete();
  for (const TagDecision& decision : repository.tags) {
    const bool matched =
        entry.digest() ? decision.digest == entry.digest() : entry.matches_tag(path, decision.tag);
    if (matched) ++matches.tags;
  }
  matches.matched |= matches.tags > 0;
  if (!entry.digest() || matches.matched) return;
  matches.matched = std::ranges::any_of(
      repository.manifests,
      [&](const ManifestDecision& decision) { return decision.digest == *entry.digest(); });
}

}  // namespace

std::vector<EntryMatches> match_entries(const KeepPolicy& policy,
                                        const std::vector<RepositoryPlan>& repositories) {
  std::vector<EntryMatches> all;
  all.reserve(policy.entries.size());
  for (const KeepEntry& entry : policy.entries) {
    EntryMatches matches{.entry = entry.text()};
    for (const RepositoryPlan& repository : repositories) add_matches(entry, repository, matches);
    all.push_back(std::move(matches));
  }
  return all;
}

bool is_in_scope(const KeepEntry& entry, const std::vector<std::string>& scope) {
  return scope.empty() || std::ranges::any_of(scope, [&](const std::string& path) {
           return entry.matches_repository(path);
         });
}

}  // namespace purser
