#include "retention/consistency.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/digest_tag.h"

namespace purser {
namespace {

class RepositoryChecker {
 public:
  RepositoryChecker(const Plan& plan, const RepositoryPlan& repository,
                    std::vector<Refusal>& refusals)
      : plan_(plan), repository_(repository), refusals_(refusals) {}

  void check();

 private:
  void index_decisions();
  void check_tag(const TagDecision& decision);
  void check_removed_tag(const TagDecision& decision);
  void check_removed_manifest(const ManifestDecision& decision);
  void check_removed_digest_tags();
  void check_policy(const KeepPolicy& policy);
  void check_restores();
  bool is_removed(const Digest& digest) const {
    auto found = manifests_.find(digest);
    return found != manifests_.end() && found->second->action == Action::remove;
  }
  void contradiction(const std::string& message) {
    refusals_.push_back(
        {"inconsistent_plan",
         fmt::format("the plan contradicts itself: {}: {}", repository_.repository.str(), message),
         ""});
  }

  const Plan& plan_;
  const RepositoryPlan& repository_;
  std::vector<Refusal>& refusals_;
  std::map<std::string, const TagDecision*> tags_;
  std::map<Digest, const ManifestDecision*> manifests_;
};

void RepositoryChecker::check() {
  if (repository_.repository.registry() != plan_.registry) {
    contradiction(fmt::format("it does not belong to {}", plan_.registry));
  }
  index_decisions();
  for (const TagDecision& decision : repository_.tags) check_tag(decision);
  for (const ManifestDecision& decision : repository_.manifests) {
    if (decision.action == Action::remove) check_removed_manifest(decision);
  }
  check_restores();
  if (const auto* keep = std::get_if<KeepPolicy>(&plan_.policy)) {
    check_policy(*keep);
    check_removed_digest_tags();
  }
}

void RepositoryChecker::index_decisions() {
  for (const TagDecision& decision : repository_.tags) {
    if (!tags_.emplace(decision.tag, &decision).second) {
      contradiction(fmt::format("tag {} is decided twice", decision.tag));
    }
  }
  for (const ManifestDecision& decision : repository_.manifests) {
    if (!manifests_.emplace(decision.digest, &decision).second) {
      contradiction(fmt::format("{} is decided twice", decision.digest.str()));
    }
  }
}

void RepositoryChecker::check_tag(const TagDecision& decision) {
  const bool removed = decision.action == Action::remove;
  if (removed != (decision.means != Means::none)) {
    contradiction(fmt::format("tag {} is to be treated as \"{}\" by \"{}\"", decision.tag,
                              to_string(decision.action), to_string(decision.means)));
  }
  if (removed) check_removed_tag(decision);
  const bool goes_with_manifest = removed && decision.means == Means::delete_manifest;
  if (decision.digest && !goes_with_manifest && is_removed(*decision.digest)) {
    contradiction(fmt::format("{} is to be removed, and tag {}, which points at it, is not",
                              decision.digest->str(), decision.tag));
  }
}

void RepositoryChecker::check_removed_tag(const TagDecision& decision) {
  if (!repository_.complete()) {
    contradiction(fmt::format("tag {} is to be removed where something is unread", decision.tag));
  }
  if (!decision.digest) {
    contradiction(fmt::format("tag {} is to be removed, and points at nothing", decision.tag));
  } else if (decision.means == Means::delete_manifest && !is_removed(*decision.digest)) {
    contradiction(
        fmt::format("tag {} is to go with {}, which stays", decision.tag, decision.digest->str()));
  } else if (decision.means == Means::untag && !manifests_.contains(*decision.digest)) {
    contradiction(fmt::format("tag {} points at {}, about which nothing is decided", decision.tag,
                              decision.digest->str()));
  }
}

void RepositoryChecker::check_removed_manifest(const ManifestDecision& decision) {
  if (!repository_.complete()) {
    contradiction(
        fmt::format("{} is to be removed where something is unread", decision.digest.str()));
  }
  for (const std::string& tag : decision.tags) {
    auto found = tags_.find(tag);
    if (found == tags_.end() || found->second->digest != decision.digest) {
      contradiction(fmt::format("{} is to be removed, and its tag {} does not point at it",
                                decision.digest.str(), tag));
    }
  }
  for (const Digest& parent : decision.parents) {
    if (is_removed(parent)) continue;
    contradiction(fmt::format("{} is to be removed, and the index {} that lists it is not",
                              decision.digest.str(), parent.str()));
  }
}

// A digest tag stays with what it names.
void RepositoryChecker::check_removed_digest_tags() {
  std::set<std::string, std::less<>> kept_keys;
  for (const auto& [digest, decision] : manifests_) {
    if (decision->action == Action::keep) kept_keys.insert(digest_tag_key(digest));
  }
  for (const TagDecision& decision : repository_.tags) {
    auto named = parse_digest_tag(decision.tag);
    if (decision.action != Action::remove || !named || !kept_keys.contains(named->key)) continue;
    contradiction(fmt::format("tag {} is to be removed, and what it names is kept", decision.tag));
  }
}

void RepositoryChecker::check_policy(const KeepPolicy& policy) {
  const std::string& path = repository_.repository.path();
  for (const KeepEntry& entry : policy.entries) {
    if (!entry.matches_repository(path)) continue;
    if (entry.digest() && is_removed(*entry.digest())) {
      contradiction(fmt::format("{} is to be removed, and \"{}\" keeps it", entry.digest()->str(),
                                entry.text()));
    }
    for (const TagDecision& decision : repository_.tags) {
      if (decision.action != Action::remove) continue;
      const bool kept = entry.digest() ? decision.digest == entry.digest()
                                       : entry.matches_tag(path, decision.tag);
      if (!kept) continue;
      contradiction(
          fmt::format("tag {} is to be removed, and \"{}\" keeps it", decision.tag, entry.text()));
    }
  }
}

void RepositoryChecker::check_restores() {
  for (const Restore& restore : repository_.restores) {
    auto found = tags_.find(restore.tag);
    if (found == tags_.end() || found->second->action != Action::keep ||
        found->second->digest != restore.original || !repository_.complete()) {
      contradiction(fmt::format("tag {} is to be put back on {}, and is not kept there",
                                restore.tag, restore.original.str()));
    }
  }
}

}  // namespace

std::vector<Refusal> find_contradictions(const Plan& plan) {
  std::vector<Refusal> refusals;
  std::set<std::string> paths;
  for (const RepositoryPlan& repository : plan.repositories) {
    if (!paths.insert(repository.repository.path()).second) {
      refusals.push_back({"inconsistent_plan",
                          fmt::format("the plan contradicts itself: {} is in it twice",
                                      repository.repository.str()),
                          ""});
    }
    RepositoryChecker(plan, repository, refusals).check();
  }
  return refusals;
}

}  // namespace purser
