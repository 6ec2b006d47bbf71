// Builds a Report from what happened in each repository.
#pragma once

#include "purser/apply.h"
#include "retention/repository_run.h"

namespace purser {

// What a report of this plan has before anything is counted: its registry, entries, refusals and
// gaps.
Report start_report(const Plan& plan);
// Adds a repository and counts its tags and manifests.
void add_outcome(Report& report, RepositoryOutcome outcome);

}  // namespace purser
