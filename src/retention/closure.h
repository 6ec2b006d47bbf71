// What is kept, and everything that it needs (docs/safety.md).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "retention/graph.h"

namespace purser {

// Why something is kept: the first reason that was found, and every reason of a policy.
using Reasons = std::vector<std::string>;

// Grows from what is kept for its own sake to a fixed point over
//   - the digest of a kept tag,
//   - the children of a kept manifest, nested or not, tagged or not,
//   - the referrers of a kept manifest, with the tags by which they are found,
//   - the digest tags of a kept manifest, whatever their suffix, with what they point at.
// A referrer does not keep its subject. Thread rule: one thread at a time.
class Closure {
 public:
  // `named` are manifests whose removal was asked for by name: to be somebody's signature does not
  // keep them, to be a part of an index does.
  explicit Closure(const Graph& graph, std::set<Digest> named = {})
      : graph_(graph), named_(std::move(named)) {}

  void keep_tag(const std::string& tag, std::string reason);
  void keep_manifest(const Digest& digest, std::string reason);
  // The manifest with each of its tags, and every index that contains it with theirs: a manifest
  // that is kept for its own sake must not be left for a later collection of untagged ones.
  void keep_manifest_where_it_is(const Digest& digest, const std::string& reason);
  // Follows what was kept to all that it needs.
  void grow();

  bool keeps_tag(const std::string& tag) const { return tags_.contains(tag); }
  bool keeps(const Digest& digest) const { return manifests_.contains(digest); }
  const Reasons& why(const std::string& tag) const { return tags_.at(tag); }
  const Reasons& why(const Digest& digest) const { return manifests_.at(digest); }

 private:
  void need(const Digest& digest, const std::string& why);
  void need_tag(const std::string& tag, const std::string& why);
  void follow(const Digest& digest);

  const Graph& graph_;
  std::set<Digest> named_;
  std::map<std::string, Reasons> tags_;
  std::map<Digest, Reasons> manifests_;
  std::vector<Digest> unfollowed_;
};

// "sha256:9f86d081884c": enough of a digest for a reason.
std::string brief(const Digest& digest);

}  // namespace purser
