// The looking half of RepositoryRun: what became of the last deletion, what came, what moved, what
// went.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/registry_error.h"
#include "registry/tags_on.h"
#include "retention/repository_run.h"

namespace purser {
namespace {

// Reads that follow the tag list may have to wait for a pause of the host to end, and then it is
// looked at again.
constexpr int kMaxStaleLooks = 3;

}  // namespace

// Between two deletions the list is read once: after the one is before the next.
Status RepositoryRun::look_again() {
  auto listed = list_tags();
  if (!listed) return Unexpected(std::move(listed).error());
  looked_at_ = clock_->now();
  just_deleted_.reset();
  confirm_last_deletion(*listed);
  find_vanished(*listed);
  return find_new(*listed);
}

Result<bool> RepositoryRun::look_is_fresh(int& stale_looks) const {
  if (clock_->now() - looked_at_ <= kFreshLook) return true;
  if (++stale_looks < kMaxStaleLooks) return false;
  return Unexpected(
      Error{.code = ErrorCode::unreachable,
            .message = "the registry answers too slowly for a deletion to come soon after its last "
                       "look",
            .operation = "delete anything from",
            .registry = approved_.repository.registry(),
            .subject = approved_.repository.path(),
            .hint = "Run again when it is less busy"});
}

// Empty where the registry does not know the repository. Where a name that is none by the grammar
// points cannot be asked: it may be at what is to go.
Result<std::set<std::string>> RepositoryRun::list_tags() {
  const CallOptions call = {.deadline = options_.call.deadline};
  std::set<std::string> listed;
  NamePager pages = client_.tag_pages(approved_.repository);
  for (;;) {
    auto page = pages.next(call);
    if (!page && page.error().code == ErrorCode::not_found) return listed;
    if (!page) return Unexpected(std::move(page).error());
    if (!*page) break;
    listed.insert((*page)->begin(), (*page)->end());
  }
  if (pages.skipped() > 0) return unreadable_names(pages.skipped());
  return listed;
}

Unexpected RepositoryRun::unreadable_names(std::size_t count) const {
  return unreadable("the tags were listed again",
                    {"the tag list", fmt::format("{} entries are not valid tags", count)});
}

void RepositoryRun::confirm_last_deletion(const std::set<std::string>& listed) {
  if (!last_deletion_) return;
  const Deletion deletion = *std::exchange(last_deletion_, std::nullopt);
  just_deleted_ = deletion.digest;
  manifest_is(deletion.digest, Outcome::removed);
  for (const std::string& tag : deletion.tags) {
    confirm_tag_gone(tag, deletion, listed.contains(tag));
  }
  const bool moved_meanwhile = std::ranges::any_of(deletion.tags, [this](const std::string& tag) {
    return tag_outcomes_[tag].first != Outcome::removed;
  });
  // Clearing a ghost can have left it there again, and somebody can have put it back: then what it
  // lists is needed.
  if (manifest_outcomes_.at(deletion.digest).first != Outcome::removed) {
    unsettled_ = true;
    forget_removed_tags(deletion);
    return hold_back(deletion.digest, manifest_outcomes_.at(deletion.digest).second);
  }
  forget(deletion);
  // Those tags are still there, with something else on them: they come back in as new ones.
  if (moved_meanwhile) reconcile();
}

void RepositoryRun::forget_removed_tags(const Deletion& deletion) {
  for (const std::string& tag : deletion.tags) {
    if (tag_outcomes_[tag].first != Outcome::removed) continue;
    snapshot_.tags.erase(tag);
    current_tags_.erase(tag);
  }
}

// Removed means confirmed gone: a list alone is not enough.
void RepositoryRun::confirm_tag_gone(const std::string& tag, const Deletion& deletion,
                                     bool listed) {
  auto reference = Reference::with_tag(approved_.repository, tag);
  if (!reference) return;
  auto head = client_.head(*reference);
  if (!head && is_confirmed_absence(head.error())) {
    return listed ? clear_ghost(tag, deletion) : tag_is(tag, Outcome::removed);
  }
  if (!head) {
    return tag_is(tag, Outcome::failed, "could not be confirmed gone: " + to_string(head.error()));
  }
  if (head->digest != deletion.digest) {
    return tag_is(tag, Outcome::skipped,
                  fmt::format("it moved to {} while it was being removed", head->digest.str()));
  }
  if (is_gone(deletion.digest)) return remove_surviving_tag(tag, deletion);
  tag_is(tag, Outcome::failed, "it still points at " + deletion.digest.str());
  manifest_is(deletion.digest, Outcome::failed, "it was deleted and is still there");
}

// A tag that was there and is not listed any more: somebody removed it, or had moved it onto a
// digest at the moment that it was deleted.
void RepositoryRun::find_vanished(const std::set<std::string>& listed) {
  std::vector<std::string> vanished;
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (!listed.contains(tag)) vanished.push_back(tag);
  }
  // What they point at may have gone along, and is put back first: then it is known that the tags
  // did not go because they had been moved.
  const bool kept =
      std::ranges::any_of(vanished, [this](const std::string& tag) { return !is_doomed(tag); });
  if (kept) check_neighbours();
  for (const std::string& tag : vanished) note_vanished(tag, "");
  if (!vanished.empty()) reconcile();
}

// To go, and as it was when that was decided: somebody's new image is not.
bool RepositoryRun::is_doomed(const std::string& tag) const {
  auto approved = approved_tags_.find(tag);
  if (approved == approved_tags_.end() || approved->second->action != Action::remove) return false;
  const std::optional<Digest>& digest = snapshot_.tags.at(tag).digest;
  return !digest || digest == approved->second->digest;
}

void RepositoryRun::note_vanished(const std::string& tag, const std::string& seen) {
  is_doomed(tag) ? note_vanished_doomed(tag) : put_back(tag, seen);
}

void RepositoryRun::note_vanished_doomed(const std::string& tag) {
  auto reference = Reference::with_tag(approved_.repository, tag);
  if (!reference) return;
  auto head = client_.head(*reference);
  // A ghost has no digest.
  const std::optional<Digest> digest = snapshot_.tags.at(tag).digest;
  // By a request of which only the answer was lost.
  const bool ours = digest && deleted_.find(*digest) != nullptr;
  if (!head && is_confirmed_absence(head.error())) {
    snapshot_.tags.erase(tag);
    return tag_is(tag, Outcome::removed, ours ? "" : "somebody else had removed it");
  }
  if (digest) {
    held_back_[*digest] = "its tag " + tag + " is not in the list any more";
  }
  tag_is(tag, ours ? Outcome::failed : Outcome::skipped,
         head ? "it is not in the list any more, and still answers"
              : "whether it is still there could not be told: " + to_string(head.error()));
}

Status RepositoryRun::find_new(const std::set<std::string>& listed) {
  std::vector<std::string> came;
  for (const std::string& tag : listed) {
    if (!snapshot_.tags.contains(tag)) came.push_back(tag);
  }
  // A tag whose push was not finished when the list was made is a ghost for that moment only.
  return read_tags(came, "new tags came");
}

RepositoryRun::TagsNow RepositoryRun::look_at_tags() {
  std::vector<Reference> tags;
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (auto reference = Reference::with_tag(approved_.repository, tag)) tags.push_back(*reference);
  }
  TagsNow now;
  auto next = [&, at = std::size_t{0}]() mutable -> std::optional<Reference> {
    return at == tags.size() ? std::nullopt : std::optional(tags[at++]);
  };
  now.status = client_.head_each(next, [&](const Reference& reference, Result<Descriptor> head) {
    note_tag_now(*reference.tag(), std::move(head), now);
  });
  return now;
}

void RepositoryRun::note_tag_now(const std::string& tag, Result<Descriptor> head, TagsNow& now) {
  using State = SnapshotTag::State;
  const SnapshotTag& known = snapshot_.tags.at(tag);
  if (!head) {
    if (!is_confirmed_absence(head.error())) {
      now.unread.emplace_back(tag, std::move(head).error());
    } else if (known.state != State::ghost) {
      now.vanished.emplace_back(tag, std::move(head).error());
    }
    return;
  }
  const bool still_schema1 =
      known.state == State::schema1 && media_type::is_schema1(head->media_type);
  const bool still_there = known.digest && head->digest == known.stand_in.value_or(*known.digest);
  // A ghost that answers now was a push that had not ended.
  if (!still_schema1 && !still_there) now.moved.push_back(tag);
}

Status RepositoryRun::follow_tags(const OnUnread& unread) {
  // A tag that is still listed may have broken with any deletion, not only with the last.
  just_deleted_.reset();
  TagsNow now = look_at_tags();
  Status followed = std::move(now.status);
  if (followed) followed = read_tags(now.moved, "tags moved");
  for (const auto& [tag, error] : now.unread) unread(tag, error);
  for (const auto& [tag, error] : now.vanished) {
    note_vanished(tag, error.http ? error.http->server_message : "");
  }
  if (!now.vanished.empty()) reconcile();
  return followed;
}

// A tag that another client pushed in the meantime may need what is to go, or what has gone.
Status RepositoryRun::read_tags(const std::vector<std::string>& tags, std::string_view what) {
  if (tags.empty()) return {};
  Snapshot wider = snapshot_;
  wider.leftovers = approved_removals_;
  Status read = refresh_tags(client_, wider, tags);
  // First: what was read may need something, whatever else could not be read.
  if (revive_what_is_needed(wider) && read) read = refresh_tags(client_, wider, {});
  if (!read) return read;
  if (!wider.gaps.empty()) return unreadable(what, wider.gaps.front());
  snapshot_ = std::move(wider);
  followers_.reset();
  walked_.clear();
  reconcile();
  return {};
}

void RepositoryRun::note_unchecked(std::string warning) {
  warnings_.push_back(std::move(warning));
  unsettled_ = true;
  unread_ = true;
}

Unexpected RepositoryRun::unreadable(std::string_view what, const Gap& gap) const {
  return Unexpected(Error{.code = ErrorCode::incomplete,
                          .message = fmt::format("{} and could not be read: {}", what, gap.why),
                          .operation = "look again at",
                          .registry = approved_.repository.registry(),
                          .subject = approved_.repository.path()});
}

}  // namespace purser
