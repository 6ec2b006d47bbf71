// What must be kept, found out in the slowest and plainest way, apart from the planner.
#pragma once

#include <set>
#include <string>

#include "purser/plan.h"
#include "purser/snapshot.h"

namespace purser::testing {

struct OracleVerdict {
  bool unread = false;              // nothing may be removed
  std::set<std::string> tags = {};  // that stay
  std::set<Digest> manifests = {};  // that stay; also digests without a manifest in the snapshot
};

// Applies the rules of docs/safety.md one after another, to everything, until none adds anything.
// Knows no stand-ins: make snapshots for it without them.
OracleVerdict what_stays(const Snapshot& snapshot, const KeepPolicy& policy);

// Everything that an index needs: itself and what it lists, nested or not.
std::set<Digest> parts_of(const Snapshot& snapshot, const Digest& digest);

}  // namespace purser::testing
