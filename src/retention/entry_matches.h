// What the entries of a keep list speak of.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "purser/plan.h"

namespace purser {

// Of each entry, in the order of the policy. From the plan's decisions alone, so that a plan that
// was read from a file is judged by what it says.
std::vector<EntryMatches> match_entries(const KeepPolicy& policy,
                                        const std::vector<RepositoryPlan>& repositories);

// Does the entry speak of a repository that the run looks at? `scope` as in Plan.
bool is_in_scope(const KeepEntry& entry, const std::vector<std::string>& scope);

}  // namespace purser
