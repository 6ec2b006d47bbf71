// Random repositories, the same for the same seed: with everything in them that makes pruning
// dangerous.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "purser/plan.h"
#include "purser/snapshot.h"

namespace purser::testing {

struct GeneratorOptions {
  bool gaps = true;       // unread tags, manifests and loose ends now and then
  bool stand_ins = true;  // tags that an interrupted untag left behind
  bool cycles = false;    // what no registry can hold, because digests forbid it
};

// Shared digests, nested and shared indexes, sparse ones, referrers of referrers, digest tags with
// and without odd suffixes, ghosts, schema 1, leftovers.
class SnapshotGenerator {
 public:
  explicit SnapshotGenerator(std::uint64_t seed, GeneratorOptions options = {})
      : random_(seed), options_(options) {}

  Snapshot snapshot();
  // Policies that name what is in the snapshot, and now and then what is not.
  KeepPolicy keep_policy(const Snapshot& snapshot);
  RemovePolicy remove_policy(const Snapshot& snapshot);
  KeepEntry keep_entry(const Snapshot& snapshot);
  bool chance(int percent) { return below(100) < percent; }
  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }

 private:
  Digest some(const std::vector<Digest>& digests) {
    return digests[static_cast<std::size_t>(below(static_cast<int>(digests.size())))];
  }
  SnapshotManifest manifest_over(const std::vector<Digest>& below);
  void add_manifests(Snapshot& snapshot);
  void add_tags(Snapshot& snapshot);
  void add_stand_ins(Snapshot& snapshot);
  void add_gaps(Snapshot& snapshot);
  void add_api_referrers(Snapshot& snapshot);

  std::mt19937_64 random_;
  GeneratorOptions options_;
  std::vector<Digest> present_;
};

}  // namespace purser::testing
