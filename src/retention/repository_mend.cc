// The mending half of RepositoryRun: what went with a deletion and must not is put back.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/guarded_put.h"
#include "registry/registry_error.h"
#include "registry/tags_on.h"
#include "retention/repository_run.h"

namespace purser {

// A tag that is listed and answers 404 is what two writers at once can leave behind on
// distribution 2.x. With its bytes back on it, it can be deleted like any other (A-92).
void RepositoryRun::clear_ghost(const std::string& tag, const Deletion& deletion) {
  auto reference = Reference::with_tag(approved_.repository, tag);
  const Manifest bytes = *deleted_.find(deletion.digest);
  const Change change{.kind = Change::Kind::delete_manifest,
                      .repository = approved_.repository,
                      .original = bytes,
                      .tags = {tag}};
  Status cleared = journal_.before(change);
  if (cleared) {
    cleared = delete_ghost(*reference, bytes);
    if (Status written = journal_.after(change, cleared); !written)
      stop(to_string(written.error()));
  }
  // It may have been put back, and then not be gone.
  if (!cleared && !is_gone(deletion.digest)) {
    manifest_is(deletion.digest, Outcome::failed, to_string(cleared.error()));
  }
  if (!cleared && cleared.error().code == ErrorCode::changed) {
    return tag_is(tag, Outcome::skipped, to_string(cleared.error()));
  }
  if (!cleared) {
    unsettled_ = true;
    return tag_is(
        tag, Outcome::failed,
        "its manifest is gone, but the registry still lists it: " + to_string(cleared.error()));
  }
  auto names = client_.tags(approved_.repository);
  const bool gone =
      names ? !std::ranges::binary_search(*names, tag) : names.error().code == ErrorCode::not_found;
  if (gone) return tag_is(tag, Outcome::removed);
  tag_is(tag, Outcome::failed, "its manifest is gone, but the registry still lists it");
}

Status RepositoryRun::delete_ghost(const Reference& tag, const Manifest& bytes) {
  if (Status put = put_if_unchanged(client_, tag, {}, bytes); !put) {
    Error error = put.error();
    error.not_done = false;  // whatever was sent: the ghost is there, and the next run looks at it
    return Unexpected(std::move(error));
  }
  Tries tries = this->tries();
  for (bool waited = false;; waited = true) {
    // The bytes are there again, so somebody can have tagged them again.
    Status alone = check_nobody_tagged(bytes.digest(), *tag.tag(), waited);
    if (!alone) return alone;
    Status deleted = delete_and_confirm(bytes.digest());
    if (deleted || !deleted.error().not_done) return deleted;
    if (Status ready = tries.wait_after(deleted.error()); !ready) return ready;
  }
}

bool RepositoryRun::is_gone(const Digest& digest) const {
  auto head = client_.head(Reference::with_digest(approved_.repository, digest));
  return !head && is_confirmed_absence(head.error());
}

// The tags that were there at the last look have been looked at, unless that is long ago.
Status RepositoryRun::check_nobody_tagged(const Digest& digest, const std::string& but, bool all) {
  std::set<std::string> known = {but};
  if (!all) {
    for (const auto& [tag, entry] : snapshot_.tags) known.insert(tag);
  }
  const CallOptions call = {.deadline = options_.call.deadline};
  auto found = tags_on(client_, approved_.repository, digest, std::move(known), call);
  if (!found) return Unexpected(std::move(found).error());
  if (found->invalid > 0) return unreadable_names(found->invalid);
  if (found->tags.empty()) return {};
  return Unexpected(
      Error{.code = ErrorCode::changed,
            .message = fmt::format("the tag {} was put onto it meanwhile", found->tags.front()),
            .operation = "delete the manifest",
            .registry = approved_.repository.registry(),
            .subject = approved_.repository.path() + "@" + digest.str()});
}

// Manifests that this run deleted and that an index which came meanwhile lists are put back.
bool RepositoryRun::revive_what_is_needed(const Snapshot& snapshot,
                                          const std::vector<Descriptor>& also) {
  if (deleted_.empty()) return false;
  std::vector<Digest> needed;
  for (const auto& [digest, node] : snapshot.manifests) {
    needed.insert(needed.end(), node.children.begin(), node.children.end());
  }
  for (const Descriptor& child : also) needed.push_back(child.digest);
  const auto is_there = [&](const Digest& digest) {
    return snapshot.manifests.contains(digest) || revived_.contains(digest);
  };
  bool revived = false;
  for (const Manifest& bytes : deleted_.to_put_back(needed, is_there)) {
    const Digest& digest = bytes.digest();
    auto put = client_.put_manifest(Reference::with_digest(approved_.repository, digest),
                                    bytes.raw(), bytes.media_type());
    const std::string why = "an index that was pushed during the run needs it";
    const std::string name = approved_.repository.str() + "@" + digest.str();
    warnings_.push_back(put ? fmt::format("{}: {}; it was put back", name, why)
                            : fmt::format("{}: {}, and it could not be put back: {}", name, why,
                                          to_string(put.error())));
    unsettled_ = unsettled_ || !put;
    revived = revived || put;
    if (put) revived_.insert(digest);
    manifest_is(digest, put ? Outcome::skipped : Outcome::failed, why);
  }
  return revived;
}

// What a kept tag that vanished is to get back; no value: nothing that this run did explains it.
std::optional<Manifest> RepositoryRun::bytes_to_put_back(const Digest& own,
                                                         const std::string& seen) {
  if (deleted_.empty() && !untag_failed_ && !untagged_by_name_.contains(own)) return std::nullopt;
  auto node = snapshot_.manifests.find(own);
  std::optional<Manifest> own_bytes =
      node == snapshot_.manifests.end() ? std::nullopt : node->second.manifest;
  const bool own_is_gone = is_gone(own);
  // Its manifest was next to one that was deleted, and the tag went with that.
  if (own_is_gone && neighbours_.contains(own)) return own_bytes;
  if (went_along_.contains(own)) return own_bytes;
  // What may go at any moment may have gone with it, and not what was deleted last.
  const auto suspect = unconfirmed_.empty() ? just_deleted_ : std::optional<Digest>();
  auto went = deleted_.tag_went_with(client_, approved_.repository, seen, suspect);
  if (went && *went) {
    if (own_is_gone && own_bytes) note_bytes(*own_bytes);
    return deleted_.image_of(**went);
  }
  // Where that cannot be told, its own image is never a wrong one.
  return own_is_gone ? std::nullopt : own_bytes;
}

// An image that was kept must not be in memory alone when something else goes onto its tag.
void RepositoryRun::note_bytes(const Manifest& manifest) {
  unsettled_ = true;
  const Status written = journal_.keep_bytes(approved_.repository, manifest);
  warnings_.push_back(written ? fmt::format("{}@{} is gone; its bytes are in the journal",
                                            approved_.repository.str(), manifest.digest().str())
                              : to_string(written.error()));
}

// It is somebody's image by now, with all that this needs.
void RepositoryRun::take_in(const std::string& tag) {
  Status followed = read_tags({tag}, "tags moved");
  if (followed) return;
  note_unchecked(to_string(followed.error()));
  stop(to_string(followed.error()));
}

void RepositoryRun::put_back(const std::string& tag, const std::string& seen) {
  auto reference = Reference::with_tag(approved_.repository, tag);
  const std::optional<Digest> digest = snapshot_.tags.at(tag).digest;
  if (!reference || !digest) return;
  auto head = client_.head(*reference);
  if (head) return take_in(tag);
  if (!is_confirmed_absence(head.error())) {
    return note_unchecked(
        fmt::format("{}: it vanished, and whether it is back could not be told: {}",
                    reference->str(), to_string(head.error())));
  }
  const std::optional<Manifest> bytes = bytes_to_put_back(*digest, seen);
  if (!bytes) {
    warnings_.push_back(
        fmt::format("{}: somebody else removed it during the run", reference->str()));
    snapshot_.tags.erase(tag);
    return tag_is(tag, Outcome::skipped, "somebody else removed it during the run");
  }
  revive_what_is_needed(snapshot_, bytes->children());
  const Status put = put_if_unchanged(client_, *reference, {}, *bytes);
  if (!put && put.error().code == ErrorCode::changed) return take_in(tag);
  if (!put) {
    unsettled_ = true;
    warnings_.push_back(
        fmt::format("{}: it vanished with a digest that was deleted, and could not be put back: {}",
                    reference->str(), to_string(put.error())));
    return tag_is(tag, Outcome::failed, to_string(put.error()));
  }
  const bool other = bytes->digest() != *digest && is_gone(*digest);
  warnings_.push_back(fmt::format(
      "{}: it vanished while the run went on; {} was put back onto it{}", reference->str(),
      bytes->digest().str(),
      other ? fmt::format(" (it had been on {}, which is gone as well: who meant to remove both "
                          "must remove it again)",
                          digest->str())
            : ""));
  tag_is(tag, Outcome::skipped, "it vanished during the run and was put back");
  if (approved_removals_.contains(bytes->digest())) {
    manifest_is(bytes->digest(), Outcome::skipped, "the tag " + tag + " was moved onto it");
    held_back_[bytes->digest()] = "the tag " + tag + " was moved onto it";
  }
  if (Status read = read_tags({tag}, "a tag was put back"); !read) stop(to_string(read.error()));
}

}  // namespace purser
