// What RepositoryRun makes of a refusal: is it about one manifest or tag, about all of them, or
// about the order?
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "registry/client_core.h"
#include "registry/finishing.h"
#include "registry/guarded_put.h"
#include "registry/manifest_writes.h"
#include "registry/repeated_look.h"
#include "retention/repository_run.h"

namespace purser {

// A lock on one image is no reason to leave the others; deletes that were switched off are. The
// statuses are the same, so the registry is asked again.
bool RepositoryRun::is_its_own_matter(const Error& error) {
  if (error.code == ErrorCode::conflict && !error.http) return true;
  if (!error.http || !quirks::may_be_about_this_one_alone(*error.http)) return false;
  if (!quirks::may_be_about_all(*error.http)) return true;
  const auto support = client_.probe_delete(approved_.repository, {.stop = options_.call.stop});
  probed_ = support ? support->detail : support.error().message;
  return support && support->answer == DeleteSupport::Answer::enabled;
}

// Where deletes are known to be enabled a refusal is taken for a conflict, which they may not be
// any more.
bool RepositoryRun::is_about_this_tag(const Error& error) {
  if (error.code == ErrorCode::changed) return true;
  if (error.http && quirks::may_be_about_all(*error.http)) return is_its_own_matter(error);
  return error.code == ErrorCode::conflict || error.code == ErrorCode::not_found ||
         error.code == ErrorCode::unsupported || is_its_own_matter(error);
}

void RepositoryRun::stop_for(const Error& error) {
  const std::string asked = std::exchange(probed_, {});
  stop(asked.empty() ? to_string(error)
                     : fmt::format("{} (asked again whether it takes deletes, the registry "
                                   "answered: {})",
                                   to_string(error), asked));
}

// True: the refusal was about the order, and the next try has another.
bool RepositoryRun::learn_tags_first(const Deletion& deletion, const Error& refusal) {
  using quirks::TagsFirst;
  if (!refusal.http) return false;
  // Without its tags it could not go either, and would be nobody's.
  if (quirks::wants_its_indexes_gone_first(*refusal.http)) return false;
  const TagsFirst wanted = quirks::tags_that_must_go_first(*refusal.http);
  if (wanted <= tags_first_) return false;  // it is so done, and that was not it
  tags_first_ = wanted;
  return !tags_to_go_first(deletion.tags).empty();
}

std::vector<std::string> RepositoryRun::tags_to_go_first(
    const std::vector<std::string>& tags) const {
  if (tags_first_ == quirks::TagsFirst::no) return {};
  std::vector<std::string> first;
  std::ranges::copy_if(tags, std::back_inserter(first), [this](const std::string& tag) {
    return snapshot_.tags.contains(tag) && current_tag(tag) != nullptr;
  });
  if (tags_first_ == quirks::TagsFirst::all_but_one && !first.empty()) first.pop_back();
  return first;
}

// One by one, as any untag: the manifest and the tags that are left stay whole if the run ends
// here.
bool RepositoryRun::untag_first(const Digest& digest, const std::vector<std::string>& tags) {
  const bool all = std::ranges::all_of(tags, [&](const std::string& tag) {
    if (options_.call.stop.stop_requested()) stop("the run was stopped before it");
    const TagDecision* decision = current_tag(tag);
    if (!stopped_.empty() || decision == nullptr) return false;
    untag_one(TagDecision(*decision));
    if (tag_outcomes_[tag].first != Outcome::removed) return false;
    removed_first_.push_back(tag);
    return true;
  });
  if (all) return true;
  put_first_tags_back({digest, tags});
  leave(digest, "the registry wants its tags gone first, and one of them could not be removed");
  return false;
}

// A list that lags behind, or somebody who pushes it again and again.
bool RepositoryRun::comes_back(const std::vector<std::string>& tags) {
  constexpr int kMaxTimes = 2;
  return std::ranges::any_of(
      tags, [this](const std::string& tag) { return ++went_first_[tag] > kMaxTimes; });
}

// An image that stays must not lose its names: without one, the registry's own cleanup may take
// it.
void RepositoryRun::put_first_tags_back(const Deletion& deletion) {
  auto node = snapshot_.manifests.find(deletion.digest);
  if (node == snapshot_.manifests.end() || !node->second.manifest) return;
  if (removed_first_.empty() || options_.call.stop.stop_requested())
    return;  // the next run goes on
  if (is_gone(deletion.digest)) return;
  const Manifest original = *node->second.manifest;
  for (const std::string& tag : std::exchange(removed_first_, {})) {
    auto reference = Reference::with_tag(approved_.repository, tag);
    if (!reference) continue;
    const Status put = put_if_unchanged(client_, *reference, {}, original, options_.call);
    if (!put && put.error().code == ErrorCode::changed) {
      tag_is(tag, Outcome::skipped, "it had gone first, and somebody has pushed it again");
      continue;
    }
    tag_is(
        tag, put ? Outcome::skipped : Outcome::failed,
        put ? "it had gone first, its manifest could not be deleted, and it was put back"
            : "it went first, its manifest could not be deleted, and it could not be put back: " +
                  to_string(put.error()));
  }
}

// Its manifest is gone, and it goes on serving that: some registries keep one for each of its
// names. Then it goes by its own, and the tags of what is deleted next go before their manifest.
void RepositoryRun::remove_surviving_tag(const std::string& tag, const Deletion& deletion) {
  const Change change{.kind = Change::Kind::untag,
                      .repository = approved_.repository,
                      .tag = tag,
                      .original = *deleted_.find(deletion.digest)};
  Status removed = journal_.before(change);
  if (!removed) return stop(to_string(removed.error()));
  removed = delete_by_name(tag, deletion.digest);
  if (Status written = journal_.after(change, removed); !written) stop(to_string(written.error()));
  if (removed) {
    tags_first_ = quirks::TagsFirst::all;
    return tag_is(tag, Outcome::removed);
  }
  const bool moved = removed.error().code == ErrorCode::changed;
  unsettled_ = unsettled_ || !moved;
  tag_is(tag, moved ? Outcome::skipped : Outcome::failed,
         "its manifest is gone, and it still answers: " + to_string(removed.error()));
}

// Directly after a look, once, and confirmed by another.
Status RepositoryRun::delete_by_name(const std::string& tag, const Digest& digest) {
  auto reference = Reference::with_tag(approved_.repository, tag);
  if (!reference) return Unexpected(std::move(reference).error());
  const Operation operation = core_of(client_).operation("delete the tag", *reference);
  auto head = client_.head(*reference, finishing(options_.call));
  if (!head && is_confirmed_absence(head.error())) return {};
  if (!head) return Unexpected(std::move(head).error());
  if (head->digest != digest) {
    return Unexpected(make_error(operation, ErrorCode::changed,
                                 "it moved to " + head->digest.str() + " meanwhile"));
  }
  // Where a delete of a tag was seen to take more along, it is not used, whatever is lost by that.
  if (core_of(client_).tag_delete() == TagDelete::never) {
    return Unexpected(make_error(operation, ErrorCode::unsupported,
                                 "this registry does not delete a tag by its name alone"));
  }
  auto answer =
      delete_by_tag(core_of(client_), approved_.repository, tag, finishing(options_.call, true));
  RepeatedLook again(client_, options_.call);
  do {
    head = client_.head(*reference, finishing(options_.call));
  } while (head && answer && answer->status < 300 && again.wait());
  if (!head && is_confirmed_absence(head.error())) return {};
  if (!answer) return Unexpected(std::move(answer).error());
  if (answer->status >= 300) {
    return Unexpected(tag_delete_failure(core_of(client_), approved_.repository, tag, *answer));
  }
  if (!head) return Unexpected(std::move(head).error());
  if (again.was_cut_short()) {
    return Unexpected(make_error(operation, ErrorCode::cancelled,
                                 "the registry took the delete, and the run was stopped before the "
                                 "tag was gone"));
  }
  return Unexpected(make_error(operation, ErrorCode::conflict,
                               "the registry took the delete, and the tag still answers"));
}

}  // namespace purser
