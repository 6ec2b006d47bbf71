#include "retention/repository_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/client_core.h"
#include "registry/manifest_writes.h"
#include "retention/watched_log.h"

namespace purser {
namespace {

Outcome untouched_outcome(Action action) {
  return action == Action::keep ? Outcome::kept : Outcome::skipped;
}

}  // namespace

std::string first_reason(const std::vector<std::string>& reasons) {
  return reasons.empty() ? std::string("no reason was recorded") : reasons.front();
}

RepositoryOutcome untouched(const RepositoryPlan& approved, const std::string& undone) {
  RepositoryOutcome outcome;
  for (const TagDecision& decision : approved.tags) {
    outcome.tags.push_back({approved.repository.path(), decision,
                            untouched_outcome(decision.action),
                            decision.action == Action::remove ? undone : ""});
  }
  for (const ManifestDecision& decision : approved.manifests) {
    outcome.manifests.push_back({approved.repository.path(), decision,
                                 untouched_outcome(decision.action),
                                 decision.action == Action::remove ? undone : ""});
    if (decision.action == Action::remove) outcome.not_removed.insert(decision.digest);
  }
  return outcome;
}

RepositoryRun::RepositoryRun(Client& client, const RepositoryPlan& approved, const Policy& policy,
                             Journal& journal, const ApplyOptions& options, OnStep on_step)
    : client_(client),
      approved_(approved),
      policy_(policy),
      journal_(journal),
      options_(options),
      on_step_(std::move(on_step)),
      clock_(clock_of(client)),
      snapshot_{.repository = approved.repository},
      current_{.repository = approved.repository} {
  for (const TagDecision& decision : approved.tags) approved_tags_[decision.tag] = &decision;
  for (const ManifestDecision& decision : approved.manifests) {
    if (decision.action == Action::remove) approved_removals_.insert(decision.digest);
  }
}

RepositoryOutcome RepositoryRun::run() {
  auto lock = RepositoryLock::take(options_.state_directory, approved_.repository);
  if (!lock) return untouched(approved_, to_string(lock.error()));
  on_step_("look again", false);
  if (Status looked = look(); !looked) return untouched(approved_, to_string(looked.error()));
  if (!current_.complete()) {
    return untouched(approved_, "could not be read again: " + current_.gaps.front().what + ": " +
                                    current_.gaps.front().why);
  }
  std::map<std::string, Digest> kept;
  for (const TagDecision& decision : current_.tags) {
    if (decision.action == Action::keep && decision.digest)
      kept.emplace(decision.tag, *decision.digest);
  }
  std::vector<Digest> to_delete;
  for (const ManifestDecision& decision : current_.manifests) {
    if (decision.action == Action::remove) to_delete.push_back(decision.digest);
  }
  if (Status begun = journal_.begin_repository(approved_.repository, kept, to_delete); !begun) {
    return untouched(approved_, to_string(begun.error()));
  }
  restore_stand_ins();
  untag_tags();
  delete_manifests();
  on_step_("look at everything that is kept", false);
  check_everything_kept();
  return finish();
}

// The fresh look that apply starts from.
Status RepositoryRun::look() {
  auto snapshot = take_snapshot(client_, approved_.repository,
                                {.asked = digests_named(policy_, approved_.repository.path()),
                                 .leftovers = approved_removals_,
                                 .call = options_.call});
  if (!snapshot) return Unexpected(std::move(snapshot).error());
  snapshot_ = std::move(*snapshot);
  std::vector<Digest> with_referrers;
  for (const ManifestDecision& decision : approved_.manifests) {
    if (decision.action == Action::remove && decision.referrers)
      with_referrers.push_back(decision.digest);
  }
  if (Status read = read_referrers(client_, snapshot_, with_referrers, options_.call); !read)
    return read;
  reconcile();
  return {};
}

// Plans again from what is there now, with everything protected that the approved plan does not
// remove. So the plan of this moment can only say less than the approved one.
void RepositoryRun::reconcile() {
  Protections protections{.manifests = held_back_};
  for (const auto& [tag, entry] : snapshot_.tags) {
    auto approved = approved_tags_.find(tag);
    if (approved == approved_tags_.end()) {
      protections.tags[tag] = "it came after the plan was made";
    } else if (approved->second->action != Action::remove) {
      protections.tags[tag] = "the plan keeps it";
    } else if (entry.digest != approved->second->digest) {
      protections.tags[tag] = "it moved since the plan was made";
    }
  }
  for (const ManifestDecision& decision : approved_.manifests) {
    auto node = snapshot_.manifests.find(decision.digest);
    if (node == snapshot_.manifests.end() || !decision.referrers) continue;
    // Unread is not absent: who named them then has an API for it.
    if (!node->second.referrers) {
      protections.manifests[decision.digest] = "its referrers could not be read again";
      continue;
    }
    for (const Digest& referrer : *node->second.referrers) {
      if (std::ranges::find(*decision.referrers, referrer) == decision.referrers->end()) {
        protections.manifests[decision.digest] = "it got a new referrer since the plan was made";
      }
    }
  }
  for (bool widened = true; widened;) {
    widened = false;
    current_ = plan_repository(snapshot_, policy_, protections);
    for (const ManifestDecision& decision : current_.manifests) {
      if (decision.action != Action::remove || approved_removals_.contains(decision.digest))
        continue;
      protections.manifests[decision.digest] = "the plan does not remove it";
      widened = true;
    }
  }
  current_tags_.clear();
  current_manifests_.clear();
  for (const TagDecision& decision : current_.tags) current_tags_[decision.tag] = &decision;
  for (ManifestDecision& decision : current_.manifests)
    current_manifests_[decision.digest] = &decision;
}

const TagDecision* RepositoryRun::current_tag(const std::string& tag) const {
  auto found = current_tags_.find(tag);
  return found == current_tags_.end() ? nullptr : found->second;
}

const ManifestDecision* RepositoryRun::current_manifest(const Digest& digest) const {
  auto found = current_manifests_.find(digest);
  return found == current_manifests_.end() ? nullptr : found->second;
}

// What a deletion that is confirmed changes in the plan of this moment, without planning anew.
void RepositoryRun::forget(const Deletion& deletion) {
  for (const Digest& child : snapshot_.manifests.at(deletion.digest).children) {
    auto decision = current_manifests_.find(child);
    if (decision != current_manifests_.end())
      std::erase(decision->second->parents, deletion.digest);
  }
  current_manifests_.erase(deletion.digest);
  snapshot_.manifests.erase(deletion.digest);
  snapshot_.missing.insert(deletion.digest);
  for (const std::string& tag : deletion.tags) {
    snapshot_.tags.erase(tag);
    current_tags_.erase(tag);
  }
}

// Do the approved plan and the one of this moment say the same about a tag's removal?
bool RepositoryRun::agreed(const TagDecision& decision) const {
  auto approved = approved_tags_.find(decision.tag);
  return approved != approved_tags_.end() && decision.action == Action::remove &&
         approved->second->action == Action::remove && approved->second->means == decision.means;
}

void RepositoryRun::tag_is(const std::string& tag, Outcome outcome, std::string detail) {
  tag_outcomes_[tag] = {outcome, std::move(detail)};
}

void RepositoryRun::manifest_is(const Digest& digest, Outcome outcome, std::string detail) {
  manifest_outcomes_[digest] = {outcome, std::move(detail)};
}

void RepositoryRun::untag_tags() {
  std::vector<TagDecision> planned;
  for (const TagDecision& decision : current_.tags) {
    if (agreed(decision) && decision.means == Means::untag) planned.push_back(decision);
  }
  for (const TagDecision& decision : planned) {
    if (options_.call.stop.stop_requested()) stop("the run was stopped before it");
    if (!stopped_.empty()) return;
    // What an untag has seen may have changed the plan for the next.
    const TagDecision* now = current_tag(decision.tag);
    if (now != nullptr && agreed(*now) && now->means == Means::untag) untag_one(decision);
  }
}

void RepositoryRun::untag_one(const TagDecision& decision) {
  auto reference = Reference::with_tag(approved_.repository, decision.tag);
  if (!reference || !decision.digest) return;
  // Off its stand-in alone, it goes with its manifest, and that is what is counted.
  on_step_("untag " + decision.tag, decision.means == Means::untag);
  auto pinned = Reference::parse(reference->str() + "@" + decision.digest->str());
  if (!pinned) return tag_is(decision.tag, Outcome::failed, to_string(pinned.error()));
  const TagDelete by_name = core_of(client_).tag_delete();
  if (!stand_ins_refused_.empty() && by_name != TagDelete::conforms &&
      by_name != TagDelete::keeps_manifests) {
    return tag_is(decision.tag, Outcome::skipped, stand_ins_refused_);
  }
  WatchedLog log(journal_);
  auto untagged = client_.untag(*pinned, &log, options_.call);
  if (log.left_open() && !log.left_open()->not_done) steps_open_ = true;
  if (untagged) {
    if (log.left_open()) warnings_.push_back(to_string(*log.left_open()));
    auto node = snapshot_.manifests.find(*decision.digest);
    // The first delete by name is tried on a stand-in.
    const bool had_stand_in =
        *untagged == UntagMethod::stand_in ||
        (*untagged == UntagMethod::tag_delete && by_name == TagDelete::untried);
    if (had_stand_in && node != snapshot_.manifests.end() && node->second.manifest) {
      deleted_.add_stand_in(*node->second.manifest, decision.tag);
    }
    if (*untagged == UntagMethod::tag_delete) untagged_by_name_.insert(*decision.digest);
    snapshot_.tags.erase(decision.tag);
    return tag_is(decision.tag, Outcome::removed);
  }
  untag_failed_ = true;
  const Error& error = untagged.error();
  const bool moved = error.code == ErrorCode::changed;
  const bool left = moved || error.code == ErrorCode::cancelled;
  tag_is(decision.tag, left ? Outcome::skipped : Outcome::failed, to_string(error));
  // Nobody locks what was put a moment ago: this account, or this registry, deletes no stand-ins.
  if (error.http && error.http->method == "DELETE" && says_not_done(error) &&
      error.http->url.find("sha256:") != std::string::npos) {
    stand_ins_refused_ = "a stand-in could be put here and not deleted: " + to_string(error);
  }
  if (!is_about_this_tag(error)) stop_for(error);
  if (moved) take_in(decision.tag);
}

// Some removals can not have happened: the plan is reported against what was approved.
RepositoryOutcome RepositoryRun::finish() {
  RepositoryOutcome outcome{.warnings = warnings_, .unread = unread_};
  const std::string not_reached =
      stopped_.empty() ? "it changed since the plan was made" : stopped_;
  for (const TagDecision& decision : approved_.tags) {
    TagReport report{approved_.repository.path(), decision, untouched_outcome(decision.action), ""};
    if (auto known = tag_outcomes_.find(decision.tag); known != tag_outcomes_.end()) {
      std::tie(report.outcome, report.detail) = known->second;
    } else if (decision.action == Action::remove) {
      const TagDecision* current = current_tag(decision.tag);
      const bool kept_now = current != nullptr && !agreed(*current);
      report.detail = kept_now ? first_reason(current->reasons) : not_reached;
    }
    outcome.tags.push_back(std::move(report));
  }
  for (const ManifestDecision& decision : approved_.manifests) {
    ManifestReport report{approved_.repository.path(), decision, untouched_outcome(decision.action),
                          ""};
    if (auto known = manifest_outcomes_.find(decision.digest); known != manifest_outcomes_.end()) {
      std::tie(report.outcome, report.detail) = known->second;
    } else if (decision.action == Action::remove) {
      report.detail = not_reached;
    }
    if (decision.action == Action::remove && report.outcome != Outcome::removed) {
      outcome.not_removed.insert(decision.digest);
    }
    outcome.manifests.push_back(std::move(report));
  }
  // What is still to be deleted keeps the journal open, so that the next run knows of it.
  const bool work_left =
      !not_deleted_.empty() || std::ranges::any_of(current_manifests_, [](const auto& entry) {
        return entry.second->action == Action::remove;
      });
  if (unsettled_) return outcome;
  const Status written = steps_open_ ? journal_.verified_but_steps(approved_.repository)
                         : work_left ? journal_.verified(approved_.repository)
                                     : journal_.end_repository(approved_.repository);
  if (!written) outcome.warnings.push_back(to_string(written.error()));
  return outcome;
}

}  // namespace purser
