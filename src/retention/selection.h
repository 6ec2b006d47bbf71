// What a policy says about one repository, before it is followed to what is needed.
#pragma once

#include <map>
#include <set>
#include <string>

#include "purser/plan.h"
#include "retention/closure.h"
#include "retention/graph.h"

namespace purser {

struct Selection {
  Closure kept;  // what is kept for its own sake; not grown yet
  // The reason for each tag that may go. Every tag is here, or kept, or both.
  std::map<std::string, std::string> doomed_tags = {};
  // The reason for each manifest that may go though no doomed tag leads to it.
  std::map<Digest, std::string> doomed_manifests = {};
  bool children_go = true;                // with their index
  std::set<std::string> named_tags = {};  // that an entry of the keep list names
};

Selection select(const Graph& graph, const KeepPolicy& policy, const Protections& protections);
Selection select(const Graph& graph, const RemovePolicy& policy, const Protections& protections);

}  // namespace purser
