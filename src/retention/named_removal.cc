#include "retention/named_removal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace purser {
namespace {

constexpr std::string_view kNamed = "named for removal";

class Resolver {
 public:
  Resolver(const RepositoryView& view, const RemovePolicy& policy, const Protections& protections)
      : view_(view), policy_(policy), protections_(protections) {}

  NamedRemoval resolve();

 private:
  std::optional<Digest> find(const RemovePolicy::Target& target);
  std::optional<Digest> find_tag(const RemovePolicy::Target& target);
  void add_parents();
  void check(const Digest& digest);
  void block(const Digest& digest, std::string reason) {
    result_.blocked.emplace(digest, std::move(reason));
  }
  void block_below_what_stays();
  void drop_what_is_blocked();
  const std::vector<Digest>& parents_of(const Digest& digest) const;
  std::string name_with_tags(const Digest& digest) const;
  void refuse(std::string code, std::string message, std::string flag = {}) {
    result_.refusals.push_back({std::move(code), std::move(message), std::move(flag)});
  }

  const RepositoryView& view_;
  const RemovePolicy& policy_;
  const Protections& protections_;
  std::set<std::string> named_tags_;
  NamedRemoval result_;
};

NamedRemoval Resolver::resolve() {
  std::vector<RemovePolicy::Target> targets;
  std::ranges::copy_if(policy_.targets, std::back_inserter(targets), [this](const auto& target) {
    return target.repository == view_.repository.path();
  });
  if (!targets.empty() && !view_.gaps.empty()) {
    const Gap& gap = view_.gaps.front();
    refuse("unread", fmt::format("{} could not be read whole, so nobody knows what else needs what "
                                 "is to be removed: {}: {}",
                                 view_.repository.str(), gap.what, gap.why));
    return std::move(result_);
  }
  for (const auto& target : targets) {
    if (auto digest = find(target)) result_.manifests.emplace(*digest, kNamed);
  }
  if (policy_.with_parents) add_parents();
  for (const auto& [digest, reason] : result_.manifests) check(digest);
  block_below_what_stays();
  drop_what_is_blocked();
  return std::move(result_);
}

std::optional<Digest> Resolver::find(const RemovePolicy::Target& target) {
  if (target.tag) return find_tag(target);
  if (!target.digest) return std::nullopt;
  if (view_.tags_of.contains(*target.digest)) return target.digest;
  refuse("not_found",
         fmt::format("{}@{} is not there", view_.repository.str(), target.digest->str()));
  return std::nullopt;
}

std::optional<Digest> Resolver::find_tag(const RemovePolicy::Target& target) {
  const std::string name = view_.repository.str() + ":" + *target.tag;
  auto found = view_.tags.find(*target.tag);
  if (found == view_.tags.end()) {
    refuse("not_found", fmt::format("{} is not there", name));
    return std::nullopt;
  }
  const SnapshotTag& tag = found->second;
  if (tag.state == SnapshotTag::State::schema1) {
    refuse("unread",
           fmt::format("{} is a Docker schema 1 manifest, which Purser does not read", name));
    return std::nullopt;
  }
  if (!tag.digest) {
    refuse("not_found", fmt::format("{} is listed, but the registry has no manifest for it", name));
    return std::nullopt;
  }
  if (target.digest && target.digest != tag.digest) {
    refuse("tag_moved", fmt::format("{} points at {} and not at {}", name, tag.digest->str(),
                                    target.digest->str()));
    return std::nullopt;
  }
  named_tags_.insert(*target.tag);
  return tag.digest;
}

void Resolver::add_parents() {
  std::vector<Digest> upward;
  for (const auto& [digest, reason] : result_.manifests) upward.push_back(digest);
  while (!upward.empty()) {
    const Digest at = std::move(upward.back());
    upward.pop_back();
    for (const Digest& parent : parents_of(at)) {
      const bool added =
          result_.manifests.emplace(parent, fmt::format("lists {}, which goes", at.str())).second;
      if (added) upward.push_back(parent);
    }
  }
}

// Refuses what somebody did not name and would lose.
void Resolver::check(const Digest& digest) {
  if (auto found = protections_.manifests.find(digest); found != protections_.manifests.end()) {
    block(digest, found->second);
  }
  std::vector<std::string> others;
  if (auto found = view_.tags_of.find(digest); found != view_.tags_of.end()) {
    for (const std::string& tag : found->second) {
      if (auto kept = protections_.tags.find(tag); kept != protections_.tags.end()) {
        block(digest, fmt::format("tag {}: {}", tag, kept->second));
      }
      if (!named_tags_.contains(tag)) others.push_back(tag);
    }
  }
  if (!others.empty() && !policy_.all_tags) {
    block(digest, "it has tags that were not named for removal");
    refuse("other_tags",
           fmt::format("{}@{} has tags that were not named: {}", view_.repository.str(),
                       digest.str(), fmt::join(others, ", ")),
           "--all-tags");
  }
  if (policy_.with_parents) return;
  for (const Digest& parent : parents_of(digest)) {
    if (result_.manifests.contains(parent)) continue;
    block(digest, fmt::format("the index {} lists it", parent.str()));
    refuse("needed_by_index",
           fmt::format("{}@{} is a part of the index {}", view_.repository.str(), digest.str(),
                       name_with_tags(parent)),
           "--with-parents");
  }
}

void Resolver::block_below_what_stays() {
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [digest, reason] : result_.manifests) {
      if (result_.blocked.contains(digest)) continue;
      for (const Digest& parent : parents_of(digest)) {
        if (!result_.blocked.contains(parent)) continue;
        block(digest, fmt::format("the index {}, which lists it, stays", parent.str()));
        changed = true;
      }
    }
  }
}

// An index that would go only for the sake of something below it stays with that.
void Resolver::drop_what_is_blocked() {
  std::map<Digest, std::string> candidates = std::exchange(result_.manifests, {});
  for (const auto& [digest, reason] : candidates) {
    if (reason == kNamed && !result_.blocked.contains(digest)) {
      result_.manifests.emplace(digest, reason);
    }
  }
  if (policy_.with_parents) add_parents();
  for (const auto& [digest, reason] : candidates) {
    if (!result_.manifests.contains(digest)) block(digest, "what it lists stays");
  }
}

const std::vector<Digest>& Resolver::parents_of(const Digest& digest) const {
  static const std::vector<Digest> kNone;
  auto found = view_.parents_of.find(digest);
  return found == view_.parents_of.end() ? kNone : found->second;
}

std::string Resolver::name_with_tags(const Digest& digest) const {
  auto found = view_.tags_of.find(digest);
  if (found == view_.tags_of.end() || found->second.empty()) {
    return digest.str() + " (no tag)";
  }
  return fmt::format("{} ({})", digest.str(), fmt::join(found->second, ", "));
}

}  // namespace

RepositoryView view_of(const Graph& graph) {
  const Snapshot& snapshot = graph.snapshot();
  RepositoryView view{.repository = snapshot.repository, .tags = snapshot.tags};
  for (const auto& [digest, manifest] : snapshot.manifests) {
    view.tags_of[digest] = graph.tags_of(digest);
    view.parents_of[digest] = graph.parents_of(digest);
  }
  view.gaps = graph.gaps();
  return view;
}

RepositoryView view_of(const RepositoryPlan& plan) {
  RepositoryView view{.repository = plan.repository, .gaps = plan.gaps};
  for (const ManifestDecision& decision : plan.manifests) {
    view.tags_of[decision.digest];
    view.parents_of[decision.digest] = decision.parents;
  }
  for (const TagDecision& decision : plan.tags) {
    SnapshotTag& tag = view.tags[decision.tag];
    tag.digest = decision.digest;
    if (decision.digest) {
      view.tags_of[*decision.digest].push_back(decision.tag);
    } else {
      tag.state =
          decision.action == Action::keep ? SnapshotTag::State::schema1 : SnapshotTag::State::ghost;
    }
  }
  return view;
}

NamedRemoval resolve_named_removal(const RepositoryView& view, const RemovePolicy& policy,
                                   const Protections& protections) {
  return Resolver(view, policy, protections).resolve();
}

}  // namespace purser
