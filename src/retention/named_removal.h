// Which manifests a RemovePolicy removes by name, and what forbids it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "purser/plan.h"
#include "retention/graph.h"

namespace purser {

// As much of a repository as the question needs; a snapshot has it, and so has a plan that was read
// from a file.
struct RepositoryView {
  Repository repository;
  std::map<std::string, SnapshotTag> tags = {};
  std::map<Digest, std::vector<std::string>> tags_of = {};  // of each manifest that is there
  std::map<Digest, std::vector<Digest>> parents_of = {};
  std::vector<Gap> gaps = {};
};
RepositoryView view_of(const Graph& graph);
RepositoryView view_of(const RepositoryPlan& plan);

struct NamedRemoval {
  // What goes, each with every tag that it has: the named manifests, and with `with_parents` the
  // indexes above them. One that a refusal concerns is not among them, nor is anything below it.
  std::map<Digest, std::string> manifests = {};  // with the reason
  std::map<Digest, std::string> blocked = {};    // named, or above a named one, and why it stays
  std::vector<Refusal> refusals = {};
};
NamedRemoval resolve_named_removal(const RepositoryView& view, const RemovePolicy& policy,
                                   const Protections& protections);

}  // namespace purser
