#include "retention/graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/digest_tag.h"

namespace purser {
namespace {

void sort_and_unify(std::vector<Digest>& digests) {
  std::ranges::sort(digests);
  digests.erase(std::unique(digests.begin(), digests.end()), digests.end());
}

}  // namespace

Graph::Graph(const Snapshot& snapshot) : snapshot_(snapshot), gaps_(snapshot.gaps) {
  add_tags();
  for (const auto& [digest, manifest] : snapshot.manifests) {
    if (!is_stand_in(digest)) add_edges(digest, manifest);
  }
  for (auto& [digest, node] : nodes_) {
    sort_and_unify(node.parents);
    sort_and_unify(node.referrers);
  }
  find_loose_tags();
  find_loose_manifests();
}

void Graph::add_tags() {
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (auto named = parse_digest_tag(tag)) digest_tags_[std::string(named->key)].push_back(tag);
    if (!entry.digest) continue;
    nodes_[*entry.digest].tags.push_back(tag);
    if (!entry.stand_in || entry.stand_in == entry.digest) continue;
    if (!stand_ins_.insert(*entry.stand_in).second) shared_stand_ins_.insert(*entry.stand_in);
  }
  auto share = [this](const Digest& digest) {
    if (stand_ins_.contains(digest)) shared_stand_ins_.insert(digest);
  };
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (entry.digest) share(*entry.digest);
  }
  for (const auto& [digest, manifest] : snapshot_.manifests) {
    for (const Digest& child : manifest.children) share(child);
    if (manifest.subject) share(*manifest.subject);
  }
}

void Graph::add_edges(const Digest& digest, const SnapshotManifest& manifest) {
  for (const Digest& child : manifest.children) {
    nodes_[child].parents.push_back(digest);
    nodes_[digest].children.push_back(child);
  }
  sort_and_unify(nodes_[digest].children);
  if (manifest.subject) nodes_[*manifest.subject].referrers.push_back(digest);
  if (!manifest.referrers) return;
  for (const Digest& referrer : *manifest.referrers) {
    if (has(referrer)) nodes_[digest].referrers.push_back(referrer);
  }
}

bool Graph::is_read(const Digest& digest) const {
  return has(digest) || snapshot_.missing.contains(digest);
}

void Graph::find_loose_tags() {
  std::set<std::string, std::less<>> known_keys;
  if (!digest_tags_.empty()) {
    for (const auto& [digest, manifest] : snapshot_.manifests)
      known_keys.insert(digest_tag_key(digest));
    for (const Digest& digest : snapshot_.missing) known_keys.insert(digest_tag_key(digest));
  }
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (entry.state == SnapshotTag::State::resolved && !entry.digest) {
      gaps_.push_back({"tag " + tag, "nobody knows where it points"});
    } else if (entry.digest && !has(*entry.digest)) {
      gaps_.push_back(
          {"tag " + tag, fmt::format("{}, which it points at, was not read", entry.digest->str())});
    }
    auto named = parse_digest_tag(tag);
    if (named && !known_keys.contains(named->key)) {
      gaps_.push_back({"tag " + tag, "whether the image that it names is still there is unknown"});
    }
  }
}

void Graph::find_loose_manifests() {
  for (const auto& [digest, manifest] : snapshot_.manifests) {
    if (manifest.kind == Manifest::Kind::unknown) {
      gaps_.push_back({digest.str(), fmt::format("what a manifest of type \"{}\" needs is unknown",
                                                 manifest.media_type)});
    }
    note_loose_children(digest, manifest);
    if (manifest.subject && !is_read(*manifest.subject)) {
      gaps_.push_back({manifest.subject->str(),
                       fmt::format("{} refers to it, and it was not read", digest.str())});
    }
  }
}

// One gap an index: it may list tens of thousands.
void Graph::note_loose_children(const Digest& digest, const SnapshotManifest& manifest) {
  const Digest* first = nullptr;
  std::size_t count = 0;
  for (const Digest& child : manifest.children) {
    if (is_read(child)) continue;
    if (first == nullptr) first = &child;
    ++count;
  }
  if (count == 0) return;
  gaps_.push_back({count == 1 ? first->str() : fmt::format("{} manifests", count),
                   fmt::format("{} lists {}, and {} not read", digest.str(),
                               count == 1 ? "it" : "them", count == 1 ? "it was" : "they were")});
}

const Graph::Node& Graph::node(const Digest& digest) const {
  static const Node kNone;
  auto found = nodes_.find(digest);
  return found == nodes_.end() ? kNone : found->second;
}

const std::vector<std::string>& Graph::tags_of(const Digest& digest) const {
  return node(digest).tags;
}
const std::vector<Digest>& Graph::children_of(const Digest& digest) const {
  return node(digest).children;
}
const std::vector<Digest>& Graph::parents_of(const Digest& digest) const {
  return node(digest).parents;
}
const std::vector<Digest>& Graph::referrers_of(const Digest& digest) const {
  return node(digest).referrers;
}

const std::vector<std::string>& Graph::digest_tags_of(const Digest& digest) const {
  static const std::vector<std::string> kNone;
  if (digest_tags_.empty()) return kNone;
  auto found = digest_tags_.find(digest_tag_key(digest));
  return found == digest_tags_.end() ? kNone : found->second;
}

bool Graph::is_stand_in(const Digest& digest) const {
  return stand_ins_.contains(digest) && !shared_stand_ins_.contains(digest);
}

bool Graph::shares_its_stand_in(const std::string& tag) const {
  const SnapshotTag& entry = snapshot_.tags.at(tag);
  return entry.stand_in && shared_stand_ins_.contains(*entry.stand_in);
}

}  // namespace purser
