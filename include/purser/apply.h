// Apply: does what an approved plan says, and trusts nothing that it did not just see.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
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
  std::set<std::string> unread = {};   // repositories (paths) in which something could not be read
  std::filesystem::path journal = {};  // empty in a dry run

  // Nothing failed, was skipped or could not be read.
  bool complete() const;
};

// The plan as a report of nothing done.
Report dry_run(const Plan& plan);
std::string to_json(const Report& report);

// What a run is at, as it begins with it.
struct Progress {
  std::string repository = {};  // path; empty: the step is of the run as a whole
  std::string step = {};        // "delete sha256:9f86… (v1, v2)"
  std::uint64_t done = 0;
  // Of a survey: repositories; of an apply: removals, tags and manifests. 0: not known yet.
  std::uint64_t total = 0;
  bool is_count = false;  // the same step, further on: "read 2310 of 10000 tags"
};

struct ApplyOptions {
  std::filesystem::path state_directory = default_state_directory();
  std::size_t repositories_at_once = 4;  // changes within one repository are sent one at a time
  std::function<void(const Progress&)> progress = {};  // called from one thread at a time
  CallOptions call = {};
};

// Does the plan. Before the first change each repository with removals is probed, then what
// interrupted runs left half done is put right. Then for each repository, under its lock: a fresh
// snapshot, a new plan, and only what both plans say; the tag list again before each DELETE;
// everything kept resolved at the end. A repository that another run holds is skipped and reported.
// Errors, each before any change: invalid_argument (a plan of another registry), refused (deletes
// disabled, or nobody knows), forbidden or unauthorized (no right to delete, with the
// repositories), unreachable, io. After the first change the outcome is always a Report.
Result<Report> apply(Client& client, const ApprovedPlan& plan, Journal& journal,
                     const ApplyOptions& options);

// What interrupted runs on this registry were about to delete and are not known to have deleted:
// repository path -> digests. Some of them may have no tag any more, so a snapshot finds them only
// when told (SnapshotOptions::leftovers). Reads local journals alone. Errors: io.
Result<std::map<std::string, std::set<Digest>>> find_leftovers(
    const std::filesystem::path& state_directory, const std::string& registry);

// What settle did, and what it had to leave.
struct Settled {
  // Why a repository was left for a later run. No image should be removed there before that.
  struct Left {
    std::string why = {};
    // Its tags are looked after: open is only what a gap hides. False where another run holds the
    // repository, or settling it ended in an error: then no tag should be removed there either.
    bool only_gaps = false;
  };
  std::vector<std::string> messages = {};  // a sentence for each thing done, or that could not be
  std::map<std::string, Left> left = {};   // by the path of the repository
  // An error that is no one repository's: of the journals (io), or cancelled. Nothing else should
  // be changed anywhere then.
  Status status = {};
};

// Puts right what interrupted runs on this registry left half done: a tag on a stand-in gets its
// original back, a ghost is cleared, a kept tag that a delete took along is put back, and so is a
// manifest that was deleted and that an index lists by now. Deletes no image. A repository that
// cannot be read, or written to, is left, and the others are settled. What was done before an error
// is told like everything else.
Settled settle(Client& client, const ApplyOptions& options);

}  // namespace purser
