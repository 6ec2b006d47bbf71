#include "retention/settlement.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "purser/snapshot.h"
#include "purser/stand_in.h"
#include "registry/guarded_put.h"
#include "registry/registry_error.h"
#include "registry/tags_on.h"
#include "registry/tries.h"
#include "retention/stand_in_cleanup.h"

namespace purser {
namespace {

// An answer that asking again would not change.
bool is_final_answer(ErrorCode code) {
  return code == ErrorCode::not_found || code == ErrorCode::invalid_argument ||
         code == ErrorCode::conflict || code == ErrorCode::unsupported ||
         code == ErrorCode::bad_response;
}

}  // namespace

Settlement::Settlement(Client& client, const Unfinished& unfinished, ChangeLog& log,
                       std::vector<std::string>& messages, const CallOptions& call)
    : client_(client), unfinished_(unfinished), log_(log), messages_(messages), call_(call) {}

Status Settlement::settle() {
  for (const Unfinished::Step& step : unfinished_.steps) {
    auto original = Manifest::parse(step.bytes, step.media_type, step.digest);
    if (!original) return Unexpected(std::move(original).error());
    last_.reset();
    if (Status settled = settle_step(step, *original); !settled) return settled;
  }
  // Nothing of it happened, so nothing can have been lost by it.
  if (deleted_.empty()) return {};
  // Confirmed as a deletion may be, nobody has looked since whether something kept went with it.
  if (Status found = find_lost_tags(); !found) return found;
  return put_back_what_is_needed();
}

Status Settlement::settle_step(const Unfinished::Step& step, const Manifest& original) {
  if (step.kind == Change::Kind::untag) {
    if (step.refused) return {};
    if (!step.finished) return settle_untag(step, original);
    deleted_.add_stand_in(original, step.tag);
    return {};
  }
  // Nobody's image, and the same for every tag: as long as it is there, no tag can go by way of it.
  if (original.raw() == kEmptyStandIn) {
    return step.finished ? Status{} : remove_if_there_and_unused(original);
  }
  // It did not happen. What has become of the manifest since is somebody else's doing.
  if (step.refused) return is_stand_in(original) ? remove_if_there_and_unused(original) : Status{};
  if (!step.finished) return settle_deletion(step, original);
  deleted_.add(original);
  last_ = original.digest();
  return {};
}

Result<bool> Settlement::answers(const Reference& reference) {
  auto head = client_.head(reference);
  if (head) return true;
  if (is_confirmed_absence(head.error())) return false;
  return Unexpected(std::move(head).error());
}

Status Settlement::put_back(const std::string& tag, const std::optional<Digest>& seen,
                            const Manifest& manifest, std::string_view why) {
  auto reference = tagged(tag);
  if (!reference) return Unexpected(std::move(reference).error());
  Status put = put_if_unchanged(client_, *reference, seen, manifest);
  if (put) {
    messages_.push_back(
        fmt::format("{}: {}; {} is back on it", reference->str(), why, manifest.digest().str()));
    return {};
  }
  if (put.error().code == ErrorCode::changed) return {};  // somebody's image by now
  if (!is_final_answer(put.error().code)) return put;
  // Most likely the registry's garbage collection took its blobs: no later run can do better.
  messages_.push_back(fmt::format("{}: {}, and {} could not be put back: {}. Its bytes are in {}",
                                  reference->str(), why, manifest.digest().str(),
                                  to_string(put.error()), unfinished_.journal.string()));
  return {};
}

// An untag that was cut off left the tag as it was, on a stand-in, or gone. On a stand-in it gets
// the original back: whether it is still to go is for the next plan to say.
Status Settlement::settle_untag(const Unfinished::Step& step, const Manifest& original) {
  auto reference = tagged(step.tag);
  if (!reference) return Unexpected(std::move(reference).error());
  auto current = client_.manifest(*reference);
  if (!current) {
    // Not a manifest that Purser reads: then it is not what Purser put there.
    if (current.error().code == ErrorCode::unsupported) return {};
    if (!is_confirmed_absence(current.error())) return Unexpected(std::move(current).error());
    // Who removed it after that meant it.
    if (step.tag_looked_after) return leave_no_stand_in(step, original);
    deleted_.add_stand_in(original, step.tag);
    auto still = answers(at(original.digest()));
    if (!still) return Unexpected(std::move(still).error());
    // By a delete of the tag: then the stand-in may still be there, without a tag.
    return *still || was_to_go(step)
               ? leave_no_stand_in(step, original)
               : put_back(step.tag, {}, original, "an interrupted untag took its manifest along");
  }
  if (is_stand_in_for(*current, step.tag, original) || current->raw() == kEmptyStandIn) {
    Status put = put_back(step.tag, current->digest(), original,
                          "an untag that was interrupted had left it on a stand-in");
    return put ? remove_if_unused(*current) : put;
  }
  return leave_no_stand_in(step, original);
}

// Its manifest went in a step of its own, after its tags.
bool Settlement::was_to_go(const Unfinished::Step& untag) const {
  return std::ranges::any_of(unfinished_.steps, [&](const Unfinished::Step& step) {
    return &step > &untag && step.kind == Change::Kind::delete_manifest && !step.refused &&
           step.digest == untag.digest;
  });
}

// The run itself may have put the original back, and then not have come to remove the stand-in.
Status Settlement::leave_no_stand_in(const Unfinished::Step& step, const Manifest& original) {
  auto stand_in = make_stand_in(original, step.tag);
  return stand_in ? remove_if_there_and_unused(*stand_in) : Status{};
}

Status Settlement::remove_if_there_and_unused(const Manifest& stand_in) {
  auto there = answers(at(stand_in.digest()));
  if (!there) return Unexpected(std::move(there).error());
  return *there ? remove_if_unused(stand_in) : Status{};
}

Status Settlement::remove_if_unused(const Manifest& stand_in) {
  Tries tries(client_, call_);
  const auto clock = clock_of(client_);
  for (;;) {
    const auto began = clock->now();
    auto snapshot = take_snapshot(client_, unfinished_.repository, {.asked = {stand_in.digest()}});
    if (!snapshot) return Unexpected(std::move(snapshot).error());
    // The snapshot is as old as it took to read what the tags lead to.
    if (clock->now() - began > kFreshLook && snapshot->gaps.empty()) {
      auto used = tags_on(client_, unfinished_.repository, stand_in.digest(), {}, call_);
      if (!used) {
        Error unread = std::move(used).error();
        unread.code = ErrorCode::incomplete;
        note_left(unread);
        return {};
      }
      if (!used->tags.empty()) return {};
    }
    auto removed = remove_stand_in(client_, *snapshot, stand_in, log_);
    if (removed) {
      if (*removed) note_deleted_stand_in(stand_in);
      return {};
    }
    if (!removed.error().not_done) {
      note_left(removed.error());
      return {};
    }
    if (Status waited = tries.wait_after(removed.error()); !waited) {
      note_left(waited.error());
      return {};
    }
  }
}

void Settlement::note_left(const Error& error) {
  const std::string why = "a stand-in was left: " + to_string(error);
  // Otherwise the step in the journal of this settling stays open.
  if (error.code == ErrorCode::incomplete) {
    left_ = why;
  } else {
    messages_.push_back(why);
  }
}

// A tag that was moved onto it meanwhile went with it.
void Settlement::note_deleted_stand_in(const Manifest& stand_in) {
  auto claim = stand_in_claim(stand_in);
  if (!claim) return;
  auto original = client_.manifest(at(claim->original));
  if (original) deleted_.add_stand_in(*original, claim->tag);
}

Status Settlement::settle_deletion(const Unfinished::Step& step, const Manifest& original) {
  auto still = answers(at(original.digest()));
  if (!still) return Unexpected(std::move(still).error());
  // A stand-in is nobody's image: it goes, if nothing uses it.
  if (*still) return is_stand_in(original) ? remove_if_unused(original) : Status{};
  deleted_.add(original);
  last_ = original.digest();
  return clear_ghosts(step, original);
}

// Tags that the registry still lists although their manifest is gone.
Status Settlement::clear_ghosts(const Unfinished::Step& step, const Manifest& original) {
  auto listed = tag_list();
  if (!listed) return Unexpected(std::move(listed).error());
  for (const std::string& tag : step.tags) {
    if (!listed->contains(tag)) continue;
    if (Status put = put_back(tag, {}, original, "it was listed and its manifest was gone"); !put)
      return put;
  }
  return {};
}

// Kept tags that a deletion took along, because they were moved onto the digest while it was
// deleted.
Status Settlement::find_lost_tags() {
  if (unfinished_.kept_tags.empty()) return {};
  auto listed = tag_list();
  if (!listed) return Unexpected(std::move(listed).error());
  auto next = [&, at = unfinished_.kept_tags.begin()]() mutable -> std::optional<Reference> {
    if (at == unfinished_.kept_tags.end()) return std::nullopt;
    auto reference = tagged((at++)->first);
    return reference ? std::optional(*std::move(reference)) : std::nullopt;
  };
  std::map<std::string, Error> lost;
  std::optional<Error> unread;
  Status asked = client_.head_each(next, [&](const Reference& reference, Result<Descriptor> head) {
    if (head) return;
    if (is_confirmed_absence(head.error())) {
      lost.emplace(*reference.tag(), std::move(head).error());
    } else if (!unread) {
      unread = std::move(head).error();
    }
  });
  if (!asked) return asked;
  if (unread) return Unexpected(*std::move(unread));
  for (const auto& [tag, error] : lost) {
    const std::string answer = error.http ? error.http->server_message : std::string();
    if (Status put = put_lost_back(tag, answer, listed->contains(tag)); !put) return put;
  }
  return {};
}

Status Settlement::put_lost_back(const std::string& tag, const std::string& answer, bool listed) {
  auto reference = tagged(tag);
  if (!reference) return Unexpected(std::move(reference).error());
  auto manifest = client_.manifest(at(unfinished_.kept_tags.at(tag)));
  if (!manifest && !is_confirmed_absence(manifest.error())) {
    return Unexpected(std::move(manifest).error());
  }
  // The run looked at the list before each deletion: what is not in it any more went with the last.
  // One that ended by itself has looked after the last as well, as far as it could, and its journal
  // may be read much later.
  auto went = unfinished_.over ? Result<std::optional<Digest>>(deleted_.named_in(answer))
                               : deleted_.tag_went_with(client_, unfinished_.repository, answer,
                                                        listed ? std::optional<Digest>() : last_);
  if (!went) return Unexpected(std::move(went).error());
  // A tag that is gone with its own manifest may have been removed by anybody since then, so a
  // guess is not good enough here: it would put an image that was to go onto a name that was to go.
  if (!manifest && !deleted_.named_in(answer)) {
    tell_of_loss(*reference, *went);
    return {};
  }
  if (*went) manifest = deleted_.image_of(**went);
  std::vector<Digest> needed;
  for (const Descriptor& child : manifest->children()) needed.push_back(child.digest);
  const auto is_there = [](const Digest&) { return false; };  // to put it once more does no harm
  if (Status revived = revive(deleted_, needed, is_there); !revived) return revived;
  return put_back(tag, {}, *manifest, "it vanished with a digest that was deleted");
}

void Settlement::tell_of_loss(const Reference& tag, const std::optional<Digest>& may_have_been_on) {
  std::string message = fmt::format(
      "{}: it is gone, and so is its image {}: somebody has removed them since the run that was "
      "interrupted began",
      tag.str(), unfinished_.kept_tags.at(*tag.tag()).str());
  if (may_have_been_on) {
    message += fmt::format(
        ", or the tag had been moved onto {}, which that run deleted. The bytes of that are in {}",
        deleted_.image_of(*may_have_been_on).digest().str(), unfinished_.journal.string());
  }
  messages_.push_back(std::move(message));
}

// An index that was pushed while the run went on may list what that run deleted, and a server may
// have taken more along than it was asked to.
Status Settlement::put_back_what_is_needed() {
  auto snapshot = take_snapshot(client_, unfinished_.repository);
  if (!snapshot) return Unexpected(std::move(snapshot).error());
  std::vector<Digest> parts;
  std::vector<Digest> parts_and_subjects;
  for (const auto& [digest, node] : snapshot->manifests) {
    parts.insert(parts.end(), node.children.begin(), node.children.end());
    if (node.subject) parts_and_subjects.push_back(*node.subject);
  }
  parts_and_subjects.insert(parts_and_subjects.end(), parts.begin(), parts.end());
  for (const Unfinished::Kept& kept : unfinished_.kept_manifests) {
    auto manifest = Manifest::parse(kept.bytes, kept.media_type, kept.digest);
    if (!manifest) return Unexpected(std::move(manifest).error());
    kept_.add(*manifest);
  }
  std::optional<Error> unread;
  const auto is_there = [&](const Digest& digest) {
    if (snapshot->manifests.contains(digest)) return true;
    if (snapshot->missing.contains(digest)) return false;
    // It was not looked at: the look ended at its budget, or it could not be read.
    auto there = answers(at(digest));
    if (!there) unread = std::move(there).error();
    return there ? *there : true;
  };
  Status revived = revive(kept_, parts_and_subjects, is_there);
  if (revived) revived = revive(deleted_, parts, is_there);
  if (!revived) return revived;
  if (unread) return Unexpected(*std::move(unread));
  if (!snapshot->gaps.empty()) {
    const Gap& gap = snapshot->gaps.front();
    left_ = fmt::format("whether it needs what was deleted could not be told: {}: {}", gap.what,
                        gap.why);
  }
  return {};
}

Status Settlement::revive(const DeletedManifests& from, const std::vector<Digest>& needed,
                          const IsThere& is_there) {
  for (const Manifest& part : from.to_put_back(needed, is_there)) {
    const Reference reference = at(part.digest());
    auto put = client_.put_manifest(reference, part.raw(), part.media_type());
    if (!put && !is_final_answer(put.error().code)) return Unexpected(std::move(put).error());
    messages_.push_back(
        put ? fmt::format("{}: what is there needs it; it was put back", reference.str())
            : fmt::format("{}: what is there needs it, and it could not be put "
                          "back: {}. Its bytes are in {}",
                          reference.str(), to_string(put.error()), unfinished_.journal.string()));
  }
  return {};
}

// Empty where the registry does not know the repository.
Result<std::set<std::string>> Settlement::tag_list() {
  auto listed = client_.tags(unfinished_.repository);
  if (listed) return std::set<std::string>(listed->begin(), listed->end());
  if (listed.error().code == ErrorCode::not_found) return std::set<std::string>();
  return Unexpected(std::move(listed).error());
}

}  // namespace purser
