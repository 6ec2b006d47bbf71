#include "retention/selection.h"

#include <fmt/format.h>

#include <utility>

#include "core/digest_tag.h"
#include "retention/named_removal.h"

namespace purser {
namespace {

void keep_what_is_protected(const Protections& protections, Closure& kept) {
  for (const auto& [tag, reason] : protections.tags) kept.keep_tag(tag, reason);
  for (const auto& [digest, reason] : protections.manifests) {
    kept.keep_manifest_where_it_is(digest, reason);
  }
}

void keep_what_cannot_be_removed(const Graph& graph, Closure& kept) {
  for (const auto& [tag, entry] : graph.snapshot().tags) {
    if (entry.state == SnapshotTag::State::schema1) {
      kept.keep_tag(tag, "a Docker schema 1 manifest, which Purser does not read");
    } else if (graph.shares_its_stand_in(tag)) {
      kept.keep_tag(tag, fmt::format("on the stand-in {}, which something else uses too",
                                     entry.stand_in->str()));
    }
  }
}

// Orphans too: what stayed in this run must not go in the next.
void keep_digest_tags(const Snapshot& snapshot, Closure& kept) {
  for (const auto& [tag, entry] : snapshot.tags) {
    if (parse_digest_tag(tag)) kept.keep_tag(tag, "digest tags are to be kept");
  }
}

void doom_leftovers(const Graph& graph, std::map<Digest, std::string>& doomed) {
  for (const Digest& digest : graph.snapshot().leftovers) {
    if (graph.has(digest) && !graph.is_stand_in(digest)) {
      doomed.emplace(digest, "its removal was begun before");
    }
  }
}

void keep_entry(const Graph& graph, const KeepEntry& entry, Selection& selection) {
  const Snapshot& snapshot = graph.snapshot();
  const std::string& path = snapshot.repository.path();
  if (!entry.matches_repository(path)) return;
  const std::string reason = fmt::format("kept by \"{}\"", entry.text());
  if (entry.digest()) {
    if (!snapshot.missing.contains(*entry.digest())) {
      selection.kept.keep_manifest_where_it_is(*entry.digest(), reason);
    }
    return;
  }
  for (const auto& [tag, target] : snapshot.tags) {
    if (!entry.matches_tag(path, tag)) continue;
    selection.kept.keep_tag(tag, reason);
    selection.named_tags.insert(tag);
  }
}

// A removal takes a subject first and its digest tags later. When it is planned again in between,
// or by the run after an interruption, the subject is gone and the rest is known as left over.
void doom_leftover_digest_tags(const Graph& graph, std::map<std::string, std::string>& doomed) {
  const std::set<Digest>& leftovers = graph.snapshot().leftovers;
  for (const Digest& subject : leftovers) {
    for (const std::string& tag : graph.digest_tags_of(subject)) {
      const auto& target = graph.snapshot().tags.at(tag).digest;
      if (!target || !leftovers.contains(*target)) continue;
      if (!goes_with_its_subject(*parse_digest_tag(tag))) continue;
      doomed.emplace(tag, "its removal was begun before");
    }
  }
}

// Where something is unread, what was named is not decided about at all.
void doom_named_tags(const Snapshot& snapshot, const RemovePolicy& policy,
                     std::map<std::string, std::string>& doomed) {
  for (const RemovePolicy::Target& target : policy.targets) {
    if (target.repository != snapshot.repository.path()) continue;
    for (const auto& [tag, entry] : snapshot.tags) {
      if (target.tag ? target.tag == tag : target.digest == entry.digest) {
        doomed.emplace(tag, "named for removal");
      }
    }
  }
}

// The digest tags of what is named for removal go along, and theirs: the signature of an
// attestation. Whether what they point at goes too is another question.
class Companions {
 public:
  Companions(const Graph& graph, const RemovePolicy& policy, Selection& selection)
      : graph_(graph), policy_(policy), selection_(selection) {}

  void follow(const Digest& start);

 private:
  void visit(const Digest& digest) {
    if (seen_.insert(digest).second) queue_.push_back(digest);
  }
  void doom_digest_tags(const Digest& subject);

  const Graph& graph_;
  const RemovePolicy& policy_;
  Selection& selection_;
  std::set<Digest> seen_;
  std::vector<Digest> queue_;
};

void Companions::follow(const Digest& start) {
  visit(start);
  while (!queue_.empty()) {
    const Digest digest = std::move(queue_.back());
    queue_.pop_back();
    if (!policy_.keep_referrers) doom_digest_tags(digest);
    if (!policy_.with_children) continue;
    for (const Digest& child : graph_.children_of(digest)) visit(child);
  }
}

void Companions::doom_digest_tags(const Digest& subject) {
  for (const std::string& tag : graph_.digest_tags_of(subject)) {
    if (!goes_with_its_subject(*parse_digest_tag(tag))) continue;
    selection_.doomed_tags.emplace(tag, fmt::format("names {}, which goes", brief(subject)));
    if (const auto& target = graph_.snapshot().tags.at(tag).digest) visit(*target);
  }
}

}  // namespace

Selection select(const Graph& graph, const KeepPolicy& policy, const Protections& protections) {
  Selection selection{.kept = Closure(graph)};
  for (const KeepEntry& entry : policy.entries) keep_entry(graph, entry, selection);
  keep_what_is_protected(protections, selection.kept);
  keep_what_cannot_be_removed(graph, selection.kept);
  if (policy.keep_referrers) keep_digest_tags(graph.snapshot(), selection.kept);
  for (const auto& [tag, entry] : graph.snapshot().tags) {
    selection.doomed_tags.emplace(tag, "no entry of the keep list names it");
  }
  doom_leftovers(graph, selection.doomed_manifests);
  return selection;
}

Selection select(const Graph& graph, const RemovePolicy& policy, const Protections& protections) {
  const NamedRemoval named = resolve_named_removal(view_of(graph), policy, protections);
  std::set<Digest> manifests;
  for (const auto& [digest, reason] : named.manifests) manifests.insert(digest);

  Selection selection{.kept = Closure(graph, std::move(manifests)),
                      .doomed_manifests = named.manifests,
                      .children_go = policy.with_children};
  for (const auto& [digest, reason] : named.manifests) {
    for (const std::string& tag : graph.tags_of(digest)) selection.doomed_tags.emplace(tag, reason);
  }
  if (!graph.gaps().empty()) doom_named_tags(graph.snapshot(), policy, selection.doomed_tags);
  Companions companions(graph, policy, selection);
  for (const auto& [digest, reason] : named.manifests) companions.follow(digest);
  if (!policy.keep_referrers) doom_leftover_digest_tags(graph, selection.doomed_tags);
  keep_what_is_protected(protections, selection.kept);
  keep_what_cannot_be_removed(graph, selection.kept);
  for (const auto& [tag, entry] : graph.snapshot().tags) {
    if (selection.doomed_tags.contains(tag)) continue;
    auto blocked = entry.digest ? named.blocked.find(*entry.digest) : named.blocked.end();
    selection.kept.keep_tag(tag, blocked == named.blocked.end()
                                     ? "not named for removal"
                                     : "not removed: " + blocked->second);
  }
  doom_leftovers(graph, selection.doomed_manifests);
  return selection;
}

}  // namespace purser
