#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unordered_set>
#include <utility>
#include <variant>

#include "purser/plan.h"
#include "retention/graph.h"
#include "retention/removal_order.h"
#include "retention/selection.h"

namespace purser {
namespace {

class RepositoryPlanner {
 public:
  RepositoryPlanner(const Snapshot& snapshot, const Policy& policy, const Protections& protections)
      : snapshot_(snapshot),
        graph_(snapshot),
        selection_(std::visit(
            [&](const auto& concrete) { return select(graph_, concrete, protections); }, policy)),
        plan_{.repository = snapshot.repository, .gaps = graph_.gaps()} {}

  RepositoryPlan plan();

 private:
  using Digests = std::unordered_set<Digest>;

  void keep_what_nothing_dooms();
  Digests find_doomed() const;
  std::string why_doomed(const Digest& digest) const;
  bool is_doomed(const std::string& tag, const SnapshotTag& entry) const;
  void decide_tags();
  TagDecision decide_tag(const std::string& tag, const SnapshotTag& entry) const;
  TagDecision decide_doomed_tag(const std::string& tag, const SnapshotTag& entry) const;
  void decide_manifests();
  void decide_manifest(ManifestDecision& decision) const;
  std::string unread() const;

  const Snapshot& snapshot_;
  const Graph graph_;
  Selection selection_;
  RepositoryPlan plan_;
};

RepositoryPlan RepositoryPlanner::plan() {
  if (plan_.complete()) keep_what_nothing_dooms();
  decide_tags();
  decide_manifests();
  return std::move(plan_);
}

bool RepositoryPlanner::is_doomed(const std::string& tag, const SnapshotTag& entry) const {
  return entry.digest && !selection_.kept.keeps_tag(tag) && !selection_.kept.keeps(*entry.digest);
}

// What would go as things stand: manifests of doomed tags, those doomed themselves, and what they
// list.
RepositoryPlanner::Digests RepositoryPlanner::find_doomed() const {
  Digests doomed;
  std::vector<Digest> downward;
  auto doom = [&](const Digest& digest) {
    if (!graph_.has(digest) || selection_.kept.keeps(digest)) return;
    if (doomed.insert(digest).second) downward.push_back(digest);
  };
  for (const auto& [digest, reason] : selection_.doomed_manifests) doom(digest);
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (is_doomed(tag, entry)) doom(*entry.digest);
  }
  while (selection_.children_go && !downward.empty()) {
    const Digest at = std::move(downward.back());
    downward.pop_back();
    for (const Digest& child : graph_.children_of(at)) doom(child);
  }
  return doomed;
}

std::string RepositoryPlanner::why_doomed(const Digest& digest) const {
  auto own = selection_.doomed_manifests.find(digest);
  if (own != selection_.doomed_manifests.end()) return own->second;
  if (const auto& tags = graph_.tags_of(digest); !tags.empty()) {
    return fmt::format("nothing that is kept needs it, and its tags go: {}", fmt::join(tags, ", "));
  }
  return fmt::format("listed by {}, which goes, and by nothing that is kept",
                     brief(graph_.parents_of(digest).front()));
}

// A manifest that is known for another reason than a doomed tag, such as the untagged subject of a
// signature, is nobody's to remove. To keep it can save others: again until nothing changes.
void RepositoryPlanner::keep_what_nothing_dooms() {
  for (bool changed = true; changed;) {
    selection_.kept.grow();
    const Digests doomed = find_doomed();
    changed = false;
    for (const auto& [digest, manifest] : snapshot_.manifests) {
      if (doomed.contains(digest) || selection_.kept.keeps(digest) || graph_.is_stand_in(digest))
        continue;
      selection_.kept.keep_manifest(digest, "nothing that goes leads to it");
      changed = true;
    }
  }
}

std::string RepositoryPlanner::unread() const {
  const Gap& gap = plan_.gaps.front();
  return fmt::format("nothing is removed here, because something could not be read: {}: {}",
                     gap.what, gap.why);
}

void RepositoryPlanner::decide_tags() {
  for (const auto& [tag, entry] : snapshot_.tags) {
    TagDecision decision = decide_tag(tag, entry);
    if (decision.action == Action::keep && plan_.complete() && entry.digest && entry.stand_in &&
        entry.stand_in != entry.digest) {
      plan_.restores.push_back({tag, *entry.digest, *entry.stand_in});
    }
    plan_.tags.push_back(std::move(decision));
  }
}

TagDecision RepositoryPlanner::decide_tag(const std::string& tag, const SnapshotTag& entry) const {
  if (entry.state == SnapshotTag::State::ghost) {
    TagDecision ghost{.tag = tag, .action = Action::skip};
    ghost.reasons.emplace_back("listed, but the registry has no manifest for it");
    ghost.broken_and_named = selection_.named_tags.contains(tag);
    if (ghost.broken_and_named) {
      const Reasons& why = selection_.kept.why(tag);
      ghost.reasons.insert(ghost.reasons.end(), why.begin(), why.end());
    }
    return ghost;
  }
  if (selection_.kept.keeps_tag(tag)) {
    return {.tag = tag, .digest = entry.digest, .reasons = selection_.kept.why(tag)};
  }
  if (!plan_.complete()) {
    return {.tag = tag, .digest = entry.digest, .action = Action::skip, .reasons = {unread()}};
  }
  return decide_doomed_tag(tag, entry);
}

TagDecision RepositoryPlanner::decide_doomed_tag(const std::string& tag,
                                                 const SnapshotTag& entry) const {
  TagDecision decision{.tag = tag,
                       .digest = entry.digest,
                       .action = Action::remove,
                       .means = Means::delete_manifest,
                       .reasons = {selection_.doomed_tags.at(tag)}};
  if (selection_.kept.keeps(*entry.digest)) {
    decision.means = Means::untag;
    decision.reasons.push_back(fmt::format("{} stays: {}", brief(*entry.digest),
                                           selection_.kept.why(*entry.digest).front()));
  }
  return decision;
}

void RepositoryPlanner::decide_manifests() {
  for (const Digest& digest : removal_order(graph_)) {
    ManifestDecision decision{.digest = digest,
                              .media_type = snapshot_.manifests.at(digest).media_type,
                              .tags = graph_.tags_of(digest),
                              .parents = graph_.parents_of(digest)};
    decide_manifest(decision);
    if (decision.action == Action::remove) {
      decision.referrers = snapshot_.manifests.at(digest).referrers;
    }
    plan_.manifests.push_back(std::move(decision));
  }
}

void RepositoryPlanner::decide_manifest(ManifestDecision& decision) const {
  if (selection_.kept.keeps(decision.digest)) {
    decision.reasons = selection_.kept.why(decision.digest);
  } else if (graph_.is_stand_in(decision.digest)) {
    decision.action = Action::skip;
    decision.reasons = {"a stand-in: it goes when its tag is settled"};
  } else if (!plan_.complete()) {
    decision.action = Action::skip;
    decision.reasons = {unread()};
  } else {
    decision.action = Action::remove;
    decision.reasons = {why_doomed(decision.digest)};
  }
}

}  // namespace

RepositoryPlan plan_repository(const Snapshot& snapshot, const Policy& policy,
                               const Protections& protections) {
  return RepositoryPlanner(snapshot, policy, protections).plan();
}

}  // namespace purser
