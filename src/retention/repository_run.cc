#include "retention/repository_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "registry/manifest_writes.h"
#include "registry/registry_error.h"

namespace purser {
namespace {

std::string first_reason(const std::vector<std::string>& reasons) {
  return reasons.empty() ? std::string("no reason was recorded") : reasons.front();
}

Outcome untouched_outcome(Action action) {
  return action == Action::keep ? Outcome::kept : Outcome::skipped;
}

}  // namespace

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
  on_step_("untag " + decision.tag);
  auto pinned = Reference::parse(reference->str() + "@" + decision.digest->str());
  if (!pinned) return tag_is(decision.tag, Outcome::failed, to_string(pinned.error()));
  auto untagged = client_.untag(*pinned, &journal_);
  if (untagged) {
    auto node = snapshot_.manifests.find(*decision.digest);
    if (*untagged == UntagMethod::stand_in && node != snapshot_.manifests.end() &&
        node->second.manifest) {
      deleted_.add_stand_in(*node->second.manifest, decision.tag);
    }
    snapshot_.tags.erase(decision.tag);
    return tag_is(decision.tag, Outcome::removed);
  }
  untag_failed_ = true;
  const Error& error = untagged.error();
  // Begun or not: the next run looks whether the tag is as it was.
  unsettled_ = true;
  const bool moved = error.code == ErrorCode::changed;
  tag_is(decision.tag, moved ? Outcome::skipped : Outcome::failed, to_string(error));
  const bool its_own_matter = moved || error.code == ErrorCode::conflict ||
                              error.code == ErrorCode::not_found ||
                              error.code == ErrorCode::unsupported;
  if (!its_own_matter) stop(to_string(error));
  if (moved) take_in(decision.tag);
}

void RepositoryRun::delete_manifests() {
  std::vector<Digest> order;
  for (const ManifestDecision& decision : current_.manifests) {
    if (decision.action == Action::remove) order.push_back(decision.digest);
  }
  for (const Digest& digest : order) {
    if (options_.call.stop.stop_requested()) stop("the run was stopped before it");
    if (!stopped_.empty()) break;
    if (!look_or_stop()) break;
    if (!stopped_.empty()) break;
    if (may_delete(digest)) delete_one(digest);
  }
  if (!last_deletion_) return;
  if (Status looked = look_again(); !looked) give_up_confirming(looked.error());
}

bool RepositoryRun::look_or_stop() {
  const Status looked = look_again();
  if (looked) return true;
  // What could not be read may need what was deleted.
  unsettled_ = unsettled_ || !deleted_.empty();
  stop(to_string(looked.error()));
  return false;
}

void RepositoryRun::give_up_confirming(const Error& seen) {
  const std::string why = to_string(seen);
  note_unchecked("what the last deletion took along could not be looked at: " + why);
  if (!last_deletion_) return;
  const Deletion deletion = *std::exchange(last_deletion_, std::nullopt);
  for (const std::string& tag : deletion.tags) {
    tag_is(tag, Outcome::failed, "could not be confirmed gone: " + why);
  }
  manifest_is(deletion.digest, Outcome::removed);
  forget(deletion);
}

// The last question before a DELETE, asked of the plan of this very moment.
bool RepositoryRun::may_delete(const Digest& digest) {
  auto node = snapshot_.manifests.find(digest);
  if (node == snapshot_.manifests.end() || !node->second.manifest) return false;
  if (Status read = read_referrers_again(digest); !read) {
    stop(to_string(read.error()));
    return false;
  }
  const ManifestDecision* current = current_manifest(digest);
  if (current == nullptr) return false;
  if (current->tags.empty() && !looked_at_tags_) {
    looked_at_tags_ = true;
    Status seen;
    const Status followed = follow_tags([&](const std::string&, const Error& error) {
      if (seen) seen = Unexpected(error);
    });
    if (!followed || !seen) {
      stop(to_string(followed ? seen.error() : followed.error()));
      return false;
    }
    current = current_manifest(digest);
    if (current == nullptr) return false;
  }
  if (current->action != Action::remove) {
    manifest_is(digest, Outcome::skipped, first_reason(current->reasons));
    return false;
  }
  // A parent that is still listed here was not confirmed gone: without this child it would be
  // broken.
  if (!current->parents.empty()) {
    manifest_is(
        digest, Outcome::skipped,
        fmt::format("the index {} that lists it is still there", current->parents.front().str()));
    return false;
  }
  for (const std::string& tag : current->tags) {
    const TagDecision* decision = current_tag(tag);
    if (decision != nullptr && agreed(*decision) && decision->means == Means::delete_manifest)
      continue;
    manifest_is(digest, Outcome::skipped, fmt::format("its tag {} is not to be removed", tag));
    return false;
  }
  return true;
}

Status RepositoryRun::read_referrers_again(const Digest& digest) {
  const SnapshotManifest& node = snapshot_.manifests.at(digest);
  if (!node.referrers) return {};  // no such API there
  const std::optional<std::vector<Digest>> before = node.referrers;
  const std::size_t gaps = snapshot_.gaps.size();
  if (Status read = read_referrers(client_, snapshot_, {digest}, options_.call); !read) return read;
  if (snapshot_.gaps.size() != gaps)
    return unreadable("the referrers were asked for again", snapshot_.gaps.back());
  // To plan anew costs as much as the repository is large.
  if (node.referrers != before) reconcile();
  return {};
}

// A doomed tag may be on a stand-in that an interrupted untag left: that goes first, by its own
// digest.
bool RepositoryRun::leave_stand_ins(const std::vector<std::string>& tags) {
  for (const std::string& tag : tags) {
    const TagDecision* decision = current_tag(tag);
    auto entry = snapshot_.tags.find(tag);
    if (decision == nullptr || entry == snapshot_.tags.end() || !entry->second.stand_in) continue;
    untag_one(TagDecision(*decision));
    if (tag_outcomes_[tag].first != Outcome::removed) return false;
  }
  return true;
}

void RepositoryRun::delete_one(const Digest& digest) {
  const Manifest original = *snapshot_.manifests.at(digest).manifest;
  const std::vector<std::string> tags = current_manifest(digest)->tags;
  if (!leave_stand_ins(tags)) {
    return manifest_is(digest, Outcome::skipped,
                       "one of its tags could not be taken off its stand-in");
  }
  Deletion deletion{digest, {}};
  std::ranges::copy_if(tags, std::back_inserter(deletion.tags),
                       [this](const std::string& tag) { return snapshot_.tags.contains(tag); });
  on_step_(fmt::format("delete {} ({})", digest.str(), fmt::join(deletion.tags, ", ")));
  const Change change{.kind = Change::Kind::delete_manifest,
                      .repository = approved_.repository,
                      .original = original,
                      .tags = deletion.tags};
  Status announced = note_neighbours_of(digest);
  if (announced) announced = journal_.before(change);
  if (!announced) return stop(to_string(announced.error()));
  const Status deleted = delete_and_confirm(digest);
  // Somebody else was faster: what was to go is gone.
  const bool gone = deleted || deleted.error().code == ErrorCode::not_found;
  if (Status written = journal_.after(change, gone ? Status{} : deleted); !written) {
    stop(to_string(written.error()));
  }
  const bool refused = !gone && says_not_done(deleted.error());
  if (!refused) deleted_.add(original);
  if (!gone) {
    const std::string why = to_string(deleted.error());
    unsettled_ = unsettled_ || !refused;
    manifest_is(digest, Outcome::failed, why);
    for (const std::string& tag : deletion.tags) tag_is(tag, Outcome::failed, why);
    if (deleted.error().code != ErrorCode::conflict) stop(why);
    return;
  }
  last_deletion_ = std::move(deletion);
}

// A 202 is a word: what the manifest leads to goes on a look alone, and not while it is served.
Status RepositoryRun::delete_and_confirm(const Digest& digest) {
  Status deleted = client_.delete_manifest(approved_.repository, digest);
  if (!deleted) return deleted;
  auto head = client_.head(Reference::with_digest(approved_.repository, digest));
  if (!head && is_confirmed_absence(head.error())) return {};
  Error error{.operation = "delete the manifest",
              .registry = approved_.repository.registry(),
              .subject = approved_.repository.path() + "@" + digest.str()};
  if (head) {
    error.code = ErrorCode::conflict;
    error.message = "the registry took the delete, and the manifest still answers";
    error.hint = "It may be locked there, or go in the registry's own time: run again later";
  } else {
    error.code = head.error().code;
    error.message =
        "the registry took the delete, and whether the manifest is gone could not be "
        "told: " +
        head.error().message;
  }
  return Unexpected(std::move(error));
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
  const bool work_left = std::ranges::any_of(
      current_manifests_, [](const auto& entry) { return entry.second->action == Action::remove; });
  if (unsettled_) return outcome;
  const Status written = work_left ? journal_.verified(approved_.repository)
                                   : journal_.end_repository(approved_.repository);
  if (!written) outcome.warnings.push_back(to_string(written.error()));
  return outcome;
}

}  // namespace purser
