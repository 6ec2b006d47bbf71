// The part of RepositoryRun that takes kept tags off the stand-ins that an interrupted untag left.
#include <fmt/format.h>

#include <utility>

#include "purser/stand_in.h"
#include "registry/guarded_put.h"
#include "retention/repository_run.h"
#include "retention/stand_in_cleanup.h"

namespace purser {

void RepositoryRun::restore_stand_ins() {
  // A copy: what a restore sees may change the plan of this moment.
  const std::vector<Restore> restores = current_.restores;
  for (const Restore& restore : restores) {
    if (options_.call.stop.stop_requested()) stop("the run was stopped before it");
    if (!stopped_.empty()) return;
    restore_one(restore);
  }
}

void RepositoryRun::restore_one(const Restore& restore) {
  auto node = snapshot_.manifests.find(restore.original);
  auto reference = Reference::with_tag(approved_.repository, restore.tag);
  if (!reference || node == snapshot_.manifests.end() || !node->second.manifest) return;
  on_step_("restore " + restore.tag, false);  // removes nothing that was planned
  const Manifest original = *node->second.manifest;
  // To the next run it is the untag once more: it puts the original back, and removes what is left.
  const Change change{.kind = Change::Kind::untag,
                      .repository = approved_.repository,
                      .tag = restore.tag,
                      .original = original};
  if (Status written = journal_.before(change); !written) return stop(to_string(written.error()));
  Status restored =
      put_if_unchanged(client_, *reference, restore.stand_in, original, options_.call);
  const bool is_back = restored.has_value();
  const bool moved = !restored && restored.error().code == ErrorCode::changed;
  if (restored) {
    warnings_.push_back(
        fmt::format("{}: an untag that was interrupted had left it on a stand-in; the original {} "
                    "is back on it",
                    reference->str(), restore.original.str()));
    snapshot_.tags.at(restore.tag).stand_in.reset();
    restored = clear_stand_in(restore, original);
  } else {
    warnings_.push_back(fmt::format(
        "{}: it is on a stand-in that an interrupted untag left, and its original could "
        "not be put back: {}",
        reference->str(), to_string(restored.error())));
    tag_is(restore.tag, moved ? Outcome::skipped : Outcome::failed, to_string(restored.error()));
  }
  steps_open_ = steps_open_ || !restored;
  unsettled_ = unsettled_ || (!restored && !moved && !is_back);
  // Whatever was sent: as long as the stand-in is there, the next run looks at it.
  if (!restored) restored.error().not_done = false;
  if (Status written = journal_.after(change, restored); !written) {
    stop(to_string(written.error()));
  }
  if (moved) take_in(restore.tag);
}

// Somebody may have used the stand-in since the look that found it, as what it looks like: an
// image.
Status RepositoryRun::clear_stand_in(const Restore& restore, const Manifest& original) {
  auto stand_in = make_stand_in(original, restore.tag);
  if (!stand_in || stand_in->digest() != restore.stand_in) return {};
  Tries tries = this->tries();
  Status removed = look_and_clear(original, *stand_in, restore.tag);
  while (!removed && removed.error().not_done) {
    removed = tries.wait_after(removed.error());
    if (!removed) break;
    removed = look_and_clear(original, *stand_in, restore.tag);
  }
  if (!removed) {
    warnings_.push_back("a stand-in that nothing uses was left: " + to_string(removed.error()));
  }
  return removed;
}

Status RepositoryRun::look_and_clear(const Manifest& original, const Manifest& stand_in,
                                     const std::string& tag) {
  Status read;
  const Status followed = follow_tags([&](const std::string&, const Error& error) {
    if (read) read = Unexpected(error);
  });
  if (!followed) return followed;
  if (!read) return read;
  // After the look at each tag, which takes as long as there are tags.
  int stale_looks = 0;
  for (Result<bool> fresh = false; !*fresh;) {
    if (Status looked = look_again(); !looked) return looked;
    fresh = look_is_fresh(stale_looks);
    if (!fresh) return Unexpected(fresh.error());
  }
  auto deleted = remove_stand_in(client_, snapshot_, stand_in, journal_);
  if (!deleted) return Unexpected(std::move(deleted).error());
  if (*deleted) deleted_.add_stand_in(original, tag);
  return {};
}

}  // namespace purser
