// The deleting half of RepositoryRun: each DELETE directly after a look.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "registry/finishing.h"
#include "registry/manifest_writes.h"
#include "registry/registry_error.h"
#include "registry/repeated_look.h"
#include "retention/repository_run.h"

namespace purser {

void RepositoryRun::delete_manifests() {
  std::vector<Digest> order;
  for (const ManifestDecision& decision : current_.manifests) {
    if (decision.action == Action::remove) order.push_back(decision.digest);
  }
  for (const Digest& digest : order) {
    Tries tries = this->tries();
    int stale_looks = 0;
    went_first_.clear();
    removed_first_.clear();
    while (look_and_delete(digest, tries, stale_looks)) {
    }
    if (!stopped_.empty()) break;
  }
  if (!last_deletion_) return;
  if (Status looked = look_again(); !looked) give_up_confirming(looked.error());
}

Tries RepositoryRun::tries() {
  return Tries(client_, options_.call, [this](const std::string& what) { on_step_(what, false); });
}

bool RepositoryRun::look_and_delete(const Digest& digest, Tries& tries, int& stale_looks) {
  if (options_.call.stop.stop_requested()) stop("the run was stopped before it");
  if (!stopped_.empty() || !look_or_stop() || !stopped_.empty()) return false;
  if (!may_delete(digest)) return false;
  // A copy: what is found on the way may make another plan, and end this one.
  if (const auto tags = current_manifest(digest)->tags; has_stand_ins(tags)) {
    if (!comes_back(tags) && leave_stand_ins(tags)) return true;
    leave(digest, "one of its tags could not be taken off its stand-in");
    return false;
  }
  if (const auto first = tags_to_go_first(current_manifest(digest)->tags); !first.empty()) {
    if (!comes_back(first)) return untag_first(digest, first);
    manifest_is(digest, Outcome::failed, "its tags are there again as often as they are removed");
    hold_back(digest, "its tags are there again as often as they are removed");
    return false;
  }
  const Result<bool> fresh = look_is_fresh(stale_looks);
  if (!fresh) stop(to_string(fresh.error()));
  if (!fresh) return false;
  return *fresh ? delete_one(digest, tries) : true;
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
    leave(digest,
          fmt::format("the index {} that lists it is still there", current->parents.front().str()));
    return false;
  }
  for (const std::string& tag : current->tags) {
    const TagDecision* decision = current_tag(tag);
    if (decision != nullptr && agreed(*decision) && decision->means == Means::delete_manifest)
      continue;
    leave(digest, fmt::format("its tag {} is not to be removed", tag));
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

bool RepositoryRun::has_stand_ins(const std::vector<std::string>& tags) const {
  return std::ranges::any_of(tags, [this](const std::string& tag) {
    auto entry = snapshot_.tags.find(tag);
    return entry != snapshot_.tags.end() && entry->second.stand_in && current_tag(tag) != nullptr;
  });
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

// True: it was not sent, or the registry did not act on it, and after the wait that this takes it
// may be looked at and tried again.
bool RepositoryRun::delete_one(const Digest& digest, Tries& tries) {
  const Manifest original = *snapshot_.manifests.at(digest).manifest;
  const std::vector<std::string>& tags = current_manifest(digest)->tags;
  Deletion deletion{digest, {}};
  std::ranges::copy_if(tags, std::back_inserter(deletion.tags),
                       [this](const std::string& tag) { return snapshot_.tags.contains(tag); });
  on_step_(fmt::format("delete {} ({})", digest.str(), fmt::join(deletion.tags, ", ")),
           tries.is_first());
  const Change change{.kind = Change::Kind::delete_manifest,
                      .repository = approved_.repository,
                      .original = original,
                      .tags = deletion.tags};
  Status announced = note_neighbours_of(digest);
  if (announced) announced = journal_.before(change);
  if (!announced) {
    stop(to_string(announced.error()));
    return false;
  }
  Status deleted = delete_and_confirm(digest);
  // Somebody else was faster: what was to go is gone.
  const bool gone = deleted || deleted.error().code == ErrorCode::not_found;
  if (Status written = journal_.after(change, gone ? Status{} : deleted); !written) {
    stop(to_string(written.error()));
  }
  if (gone) {
    unheeded_ = 0;
    deleted_.add(original);
    last_deletion_ = std::move(deletion);
    return false;
  }
  if (deleted.error().not_done && stopped_.empty()) {
    deleted = tries.wait_after(deleted.error());
    if (deleted) return true;
  }
  if (!says_not_done(deleted.error())) {
    deleted_.add(original);
    unconfirmed_.insert(digest);
    unsettled_ = true;
  }
  if (stopped_.empty() && learn_tags_first(deletion, deleted.error())) return true;
  note_not_deleted(deletion, deleted.error());
  return false;
}

void RepositoryRun::note_not_deleted(const Deletion& deletion, const Error& error) {
  const std::string why = to_string(error);
  const Outcome outcome =
      error.code == ErrorCode::cancelled && error.not_done ? Outcome::skipped : Outcome::failed;
  manifest_is(deletion.digest, outcome, why);
  for (const std::string& tag : deletion.tags) tag_is(tag, outcome, why);
  // Ten seconds for each of thousands, with the repository locked.
  constexpr int kMaxUnheeded = 2;
  if (unheeded_ >= kMaxUnheeded) {
    stop("the registry takes deletes here and does not act on them: " + why);
  } else if (!is_its_own_matter(error)) {
    stop_for(error);
  }
  if (says_not_done(error)) put_first_tags_back(deletion);
  hold_back(deletion.digest, why);
}

void RepositoryRun::leave(const Digest& digest, const std::string& why) {
  manifest_is(digest, Outcome::skipped, why);
  hold_back(digest, why);
}

void RepositoryRun::hold_back(const Digest& digest, const std::string& why) {
  held_back_.insert_or_assign(digest, why);
  not_deleted_.insert(digest);
  if (const ManifestDecision* decision = current_manifest(digest)) {
    for (const std::string& tag : decision->tags) {
      if (snapshot_.tags.contains(tag)) tag_outcomes_.try_emplace(tag, Outcome::skipped, why);
    }
  }
  if (!stopped_.empty()) return;
  // To plan anew costs as much as the repository is large, and most images stand alone.
  const bool leads_on = std::ranges::any_of(neighbours_of(digest), [this](const Digest& near) {
    const ManifestDecision* decision = current_manifest(near);
    return decision != nullptr && decision->action == Action::remove;
  });
  if (leads_on) reconcile();
}

// A 202 is a word: what the manifest leads to goes on a look alone, and not while it is served.
Status RepositoryRun::delete_and_confirm(const Digest& digest) {
  Status deleted =
      client_.delete_manifest(approved_.repository, digest, finishing(options_.call, true));
  const bool may_go =
      deleted || (!says_not_done(deleted.error()) && deleted.error().code != ErrorCode::not_found);
  return may_go ? await_absence(digest, std::move(deleted)) : deleted;
}

// Some registries take their time after a 202, and Docker Hub after a 500 (A-81).
Status RepositoryRun::await_absence(const Digest& digest, Status deleted) {
  const Reference reference = Reference::with_digest(approved_.repository, digest);
  RepeatedLook again(client_, options_.call);
  auto head = client_.head(reference, finishing(options_.call));
  if (head) on_step_("wait until " + digest.str() + " is gone", false);
  while (head && again.wait()) head = client_.head(reference, finishing(options_.call));
  if (!head && is_confirmed_absence(head.error())) return {};
  if (head && !again.was_cut_short()) ++unheeded_;
  if (!deleted) return deleted;
  Error error{.operation = "delete the manifest",
              .registry = approved_.repository.registry(),
              .subject = approved_.repository.path() + "@" + digest.str()};
  if (head && again.was_cut_short()) {
    error.code = ErrorCode::cancelled;
    error.message = "the registry took the delete, and the run was stopped before it was gone";
    error.hint = "Run again: the next run looks what has become of it";
  } else if (head) {
    error.code = ErrorCode::conflict;
    error.message = "the registry took the delete, and the manifest still answers";
    error.hint = "It may be locked there, or go in the registry's own time: run again later";
  } else {
    // A 404 that is not the registry's own is no absence.
    error.code =
        head.error().code == ErrorCode::not_found ? ErrorCode::bad_response : head.error().code;
    error.message =
        "the registry took the delete, and whether the manifest is gone could not be "
        "told: " +
        head.error().message;
  }
  return Unexpected(std::move(error));
}

}  // namespace purser
