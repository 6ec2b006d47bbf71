// The edges of a snapshot, both ways.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "purser/snapshot.h"

namespace purser {

// What leads where in a repository. Digests without a manifest in the snapshot have edges too: a
// child that is missing has parents, and signatures may name it. Thread rule: immutable; must not
// outlive the snapshot.
class Graph {
 public:
  explicit Graph(const Snapshot& snapshot);

  const Snapshot& snapshot() const { return snapshot_; }
  bool has(const Digest& digest) const { return snapshot_.manifests.contains(digest); }

  // Tags that point at it. A tag on a stand-in counts for its original.
  const std::vector<std::string>& tags_of(const Digest& digest) const;
  // What an index lists.
  const std::vector<Digest>& children_of(const Digest& digest) const;
  // The indexes that list it.
  const std::vector<Digest>& parents_of(const Digest& digest) const;
  // Manifests of the snapshot that refer to it: by their `subject` field, or by the referrers API.
  const std::vector<Digest>& referrers_of(const Digest& digest) const;
  // Tags `<alg>-<hex>…` that name it, whatever their suffix.
  const std::vector<std::string>& digest_tags_of(const Digest& digest) const;
  // A manifest that is there only because a tag was left on it half-way through an untag. It needs
  // nothing: what it lists, its original lists too.
  bool is_stand_in(const Digest& digest) const;
  // Is the tag on a stand-in that something else has or lists as well? It cannot be taken off it
  // then: a delete of the stand-in would take that along.
  bool shares_its_stand_in(const std::string& tag) const;

  // The snapshot's gaps, and its loose ends: what it refers to and neither has nor knows to be
  // missing, and what nobody can read. Not empty: nothing may be removed.
  const std::vector<Gap>& gaps() const { return gaps_; }

 private:
  struct Node {
    std::vector<std::string> tags = {};
    std::vector<Digest> children = {};
    std::vector<Digest> parents = {};
    std::vector<Digest> referrers = {};
  };

  void add_tags();
  void add_edges(const Digest& digest, const SnapshotManifest& manifest);
  void find_loose_tags();
  void find_loose_manifests();
  void note_loose_children(const Digest& digest, const SnapshotManifest& manifest);
  bool is_read(const Digest& digest) const;
  const Node& node(const Digest& digest) const;

  const Snapshot& snapshot_;
  std::unordered_map<Digest, Node> nodes_;
  std::map<std::string, std::vector<std::string>, std::less<>> digest_tags_;  // by key
  std::set<Digest> stand_ins_;
  std::set<Digest> shared_stand_ins_;
  std::vector<Gap> gaps_;
};

}  // namespace purser
