// Plans and reports for people, and as lines of JSON.
#pragma once

#include "cli/output.h"
#include "purser/apply.h"
#include "purser/plan.h"

namespace purser::cli {

// A table for each repository: what goes, what stays, and why; then what each keep entry matched,
// and the totals.
void print_plan(Output& out, const Plan& plan);

// What was done: everything that was to go, with its outcome; and the totals.
void print_report(Output& out, const Report& report);

// How the space comes back, which Purser cannot do.
std::string_view garbage_collection_advice();

// The report as the format asks for it: one document, or for jsonl each decision and then the
// totals (`"summary": true`), a line each.
void print_report_json(Output& out, const Report& report);
// The plan likewise.
void print_plan_json(Output& out, const Plan& plan);

}  // namespace purser::cli
