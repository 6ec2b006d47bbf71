// Apply: does what an approved plan says, and trusts nothing that it did not just see.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "purser/client.h"
#include "purser/journal.h"
#include "purser/plan.h"
#include "purser/result.h"

namespace purser {

enum class Outcome {
  kept,
  removed,  // confirmed gone
  failed,   // its removal was tried and did not happen, or could not be confirmed
  skipped,  // left alone: it changed since the plan, could not be read, or the run stopped before
            // it
};
std::string_view to_string(Outcome outcome);

struct TagReport {
  std::string repository = {};  // path
  TagDecision decision = {};
  Outcome outcome = Outcome::kept;
  std::string detail = {};  // why it failed or was skipped; empty otherwise
};
struct ManifestReport {
  std::string repository = {};
  ManifestDecision decision;
  Outcome outcome = Outcome::kept;
  std::string detail = {};
};

// tags_seen = tags_kept + tags_removed + tags_failed + tags_skipped, always.
struct Report {
  std::string registry = {};
  bool applied = false;  // false: a dry run
  bool cancelled = false;
  std::uint64_t tags_seen = 0;
  std::uint64_t tags_kept = 0;
  std::uint64_t tags_removed = 0;
  std::uint64_t tags_failed = 0;
  std::uint64_t tags_skipped = 0;    // in a dry run: what would be removed is among them
  std::uint64_t tags_to_remove = 0;  // by the plan
  std::uint64_t manifests_removed = 0;
  std::vector<TagReport> tags = {};
  std::vector<ManifestReport> manifests = {};
  std::vector<EntryMatches> entries = {};
  std::vector<Refusal> refusals = {};
  std::vector<std::string> warnings =
      {};                              // what was put back, restored or left on the server; gaps
  std::filesystem::path journal = {};  // empty in a dry run

  // Nothing failed, was skipped or could not be read.
  bool complete() const;
};

// The plan as a report of nothing done.
Report dry_run(const Plan& plan);
std::string to_json(const Report& report);

struct Progress {
  std::string repository = {};
  std::string step = {};  // "delete sha256:9f86… (v1, v2)"
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // removals of the run: tags and manifests
};

struct ApplyOptions {
  std::filesystem::path state_directory = default_state_directory();
  std::size_t repositories_at_once = 4;  // changes within one repository are sent one at a time
  std::function<void(const Progress&)> progress = {};  // called from one thread at a time
  CallOptions call = {};
};

// Does the plan. Before the first change: a lock on every repository with removals, unfinished
// journals of the registry settled, and a probe of each repository. Then for each
// repository: a fresh snapshot, a new plan, and only what both say; the tag list again before each
// DELETE; everything kept resolved at the end. Errors, each before any change: refused (deletes
// disabled, another run holds a lock), forbidden or unauthorized (no right to delete, with the
// repositories), unreachable, io. After the first change the outcome is always a Report.
Result<Report> apply(Client& client, const ApprovedPlan& plan, Journal& journal,
                     const ApplyOptions& options);

// Settles what interrupted runs on this registry left behind: tags on stand-ins get their original
// back, kept tags that vanished are put back, ghosts are cleared. Returns a sentence for each thing
// done. What was still to delete is not deleted here: it is returned by leftovers() for the next
// plan.
struct Settled {
  std::vector<std::string> messages = {};
  // Manifests that an interrupted run was about to delete and that have no tag any more: path ->
  // digests. The next plan of that repository may remove them, by the same closure as everything
  // else.
  std::map<std::string, std::set<Digest>> leftovers = {};
  std::vector<Unfinished> open = {};  // to be marked as settled once the next run is through
};
Result<Settled> settle(Client& client, const ApplyOptions& options);

}  // namespace purser
