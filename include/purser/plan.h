// Plans: what would be done and why, as data. Making one reads nothing and writes nothing.
//
//   snapshots + policy  --make_plan-->  Plan  --approve-->  ApprovedPlan  --apply-->  Report
//
// The rules of the closure (what a kept image needs, and what goes with a removed one) are in
// docs/safety.md.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "purser/policy.h"
#include "purser/result.h"
#include "purser/snapshot.h"

namespace purser {

enum class Action {
  keep,
  remove,
  skip,  // neither decided to keep nor removable: unread repository, ghost
};
enum class Means {
  none,             // nothing is done to it
  untag,            // the tag alone goes; its manifest is still needed
  delete_manifest,  // the manifest goes, and the tag with it
};
std::string_view to_string(Action action);
std::string_view to_string(Means means);

struct TagDecision {
  std::string tag = {};
  std::optional<Digest> digest = {};  // no value: ghost, schema1 or unread
  Action action = Action::keep;
  Means means = Means::none;
  std::vector<std::string> reasons = {};  // at least one
  bool broken_and_named = false;  // a ghost that the keep list names: what it had is lost already
};

struct ManifestDecision {
  Digest digest;
  std::string media_type = {};
  Action action = Action::keep;
  std::vector<std::string> reasons = {};              // at least one
  std::vector<std::string> tags = {};                 // that it has
  std::vector<Digest> parents = {};                   // indexes of the snapshot that list it
  std::optional<std::vector<Digest>> referrers = {};  // by the API, where there is one; of removals
};

// A kept tag that an interrupted untag left on a stand-in: the original goes back onto it.
struct Restore {
  std::string tag = {};
  Digest original;
  Digest stand_in;
};

struct RepositoryPlan {
  Repository repository;
  std::vector<Gap> gaps = {};          // not empty: every action is keep or skip
  std::vector<TagDecision> tags = {};  // every tag of the snapshot, by name
  std::vector<ManifestDecision> manifests =
      {};  // every manifest of the snapshot, in the order of removal:
           // an index before its children, a subject before its referrers
  std::vector<Restore> restores = {};
  bool complete() const { return gaps.empty(); }
};

struct EntryMatches {
  std::string entry = {};
  std::uint64_t tags = 0;  // that it matched by name, or that have its digest
  bool matched = false;    // it matched a tag or a digest that is there
  bool unknown = false;    // a repository that it speaks of could not be read
};

// A reason not to run the plan at all.
struct Refusal {
  std::string code = {};     // "empty_keep_list", "unmatched_entry", "repository_emptied",
                             // "too_many_removals", "inconsistent_plan", "other_tags",
                             // "needed_by_index", "unread", "not_found", "tag_moved"
  std::string message = {};  // a sentence with the names in it
  std::string flag = {};     // what would allow it ("--allow-missing"); empty: nothing does
};

struct PlanTotals {
  std::uint64_t tags_seen = 0;
  std::uint64_t tags_kept = 0;
  std::uint64_t tags_to_remove = 0;
  std::uint64_t tags_skipped = 0;
  std::uint64_t manifests_to_remove = 0;
};

struct Plan {
  std::string registry = {};  // host[:port]
  std::chrono::sys_seconds created_at = {};
  std::vector<std::string> scope = {};  // repository paths asked for; empty: the whole registry
  Policy policy = {};
  Guardrails guardrails = {};
  std::vector<EntryMatches> entries = {};  // of a keep policy, in its order
  std::vector<RepositoryPlan> repositories = {};
  std::vector<Refusal> refusals = {};

  PlanTotals totals() const;
};

struct PlanOptions {
  std::vector<std::string> scope = {};  // as in Plan
  Guardrails guardrails = {};
  std::chrono::sys_seconds now = {};
};

// Pure and total: the same snapshots and policy give the same plan. A snapshot that refers to a
// manifest which it neither has nor knows to be missing is treated as unread.
Plan make_plan(std::string registry, std::span<const Snapshot> snapshots, const Policy& policy,
               const PlanOptions& options);

// What a plan of one repository must leave alone besides what its policy keeps: what apply found to
// have changed.
struct Protections {
  std::map<std::string, std::string> tags = {};  // tag -> reason
  std::map<Digest, std::string> manifests = {};  // digest -> reason
};
RepositoryPlan plan_repository(const Snapshot& snapshot, const Policy& policy,
                               const Protections& protections = {});

// The digests of this repository that the policy names: a snapshot must be asked for them.
std::set<Digest> digests_named(const Policy& policy, std::string_view repository_path);

// The plan's refusals under (perhaps other) guardrails.
std::vector<Refusal> check_guardrails(const Plan& plan, const Guardrails& guardrails);

// A plan that passed its checks: the only thing that apply takes. Thread rule: a value.
class ApprovedPlan {
 public:
  // Errors: refused, with every refusal in the message and the flags that would allow them in the
  // hint.
  static Result<ApprovedPlan> approve(Plan plan, const Guardrails& guardrails);
  const Plan& plan() const noexcept { return plan_; }

 private:
  explicit ApprovedPlan(Plan plan) : plan_(std::move(plan)) {}
  Plan plan_;
};

// One JSON document (docs/plan-format.md). A plan that was written and read back is equal in all
// that apply uses.
std::string to_json(const Plan& plan);
// Errors: invalid_argument, with what is wrong where; a plan of a later format version is one.
Result<Plan> parse_plan(std::string_view json);

}  // namespace purser
