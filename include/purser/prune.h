// A whole run of retention in one call: from the repositories of a registry to a plan, and from a
// plan to a report.
//
//   SurveyOptions look;                            // the whole registry
//   auto plan = survey(*client, KeepPolicy{*entries}, look);   // changes nothing
//   ...
//   auto report = prune(*client, KeepPolicy{*entries}, {});    // looks, checks, does it
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "purser/apply.h"
#include "purser/client.h"
#include "purser/plan.h"
#include "purser/policy.h"
#include "purser/result.h"

namespace purser {

struct SurveyOptions {
  // Paths of the repositories to look at; empty: every one of the registry's catalog.
  std::vector<std::string> repositories = {};
  // `repositories` stands in for the catalog of a registry that has none: a keep entry that speaks
  // of a repository which is not among them matches nothing (and is no longer out of scope).
  bool stands_for_catalog = false;
  Guardrails guardrails = {};
  // What interrupted runs were about to delete (find_leftovers): path -> digests.
  std::map<std::string, std::set<Digest>> leftovers = {};
  std::size_t repositories_at_once = 4;
  std::function<void(const Progress&)> progress = {};  // called from one thread at a time
  CallOptions call = {};
};

// Looks at every repository of the run and plans. Reads only. What could not be read is a gap of
// its repository, in which the plan then removes nothing.
// Errors: those of the catalog (unsupported where the registry has none: it is never an empty
// list); cancelled; and, where not one repository could be read, the reason of that (unauthorized,
// forbidden, unreachable, rate_limited).
Result<Plan> survey(const Reader& reader, const Policy& policy, const SurveyOptions& options);

// Takes what a policy removes into a survey's scope: the repositories that the targets name.
std::vector<std::string> repositories_named(const RemovePolicy& policy);

// Approves the plan under these guardrails, opens a journal and applies. Errors: as approve and
// apply.
Result<Report> apply_plan(Client& client, Plan plan, const Guardrails& guardrails,
                          const ApplyOptions& options);

struct PruneOptions {
  SurveyOptions survey = {};  // its leftovers are filled in by prune
  ApplyOptions apply = {};
  // Shown the plan before anything of it is done; an error ends the run there.
  std::function<Status(const Plan&)> planned = {};
};

// Surveys, with what interrupted runs left to delete, and applies the plan if it passes its
// guardrails. Errors: as find_leftovers, survey and apply_plan, each before the first change of the
// plan; after it the outcome is always a Report.
Result<Report> prune(Client& client, const Policy& policy, const PruneOptions& options);

}  // namespace purser
