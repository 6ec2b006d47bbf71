// The looking half of RepositoryRun: what became of the last deletion, what came, what went, what
// must be put back.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/registry_error.h"
#include "retention/repository_run.h"

namespace purser {

// Between two deletions the list is read once: after the one is before the next.
Status RepositoryRun::look_again() {
  std::set<std::string> listed;
  auto names = client_.tags(approved_.repository, {.call = {.deadline = options_.call.deadline}});
  if (names) {
    listed.insert(names->begin(), names->end());
  } else if (names.error().code != ErrorCode::not_found) {
    return Unexpected(std::move(names).error());
  }
  confirm_last_deletion(listed);
  if (Status found = find_vanished(listed); !found) return found;
  return find_new(listed);
}

void RepositoryRun::confirm_last_deletion(const std::set<std::string>& listed) {
  if (!last_deletion_) return;
  const Deletion deletion = *std::exchange(last_deletion_, std::nullopt);
  manifest_is(deletion.digest, Outcome::removed);
  for (const std::string& tag : deletion.tags)
    confirm_tag_gone(tag, deletion, listed.contains(tag));
  const bool moved_meanwhile = std::ranges::any_of(deletion.tags, [this](const std::string& tag) {
    return tag_outcomes_[tag].first != Outcome::removed;
  });
  forget(deletion);
  // Those tags are still there, with something else on them: they come back in as new ones.
  if (moved_meanwhile) reconcile();
}

void RepositoryRun::confirm_tag_gone(const std::string& tag, const Deletion& deletion,
                                     bool listed) {
  if (!listed) return tag_is(tag, Outcome::removed);
  auto reference = Reference::with_tag(approved_.repository, tag);
  if (!reference) return;
  auto head = client_.head(*reference);
  if (!head && is_confirmed_absence(head.error())) return clear_ghost(tag, deletion);
  if (!head)
    return tag_is(tag, Outcome::failed, "could not be confirmed gone: " + to_string(head.error()));
  if (head->digest != deletion.digest) {
    return tag_is(tag, Outcome::skipped,
                  fmt::format("it moved to {} while it was being removed", head->digest.str()));
  }
  tag_is(tag, Outcome::failed, "it still points at " + deletion.digest.str());
  manifest_is(deletion.digest, Outcome::failed, "it was deleted and is still there");
}

// A tag that is listed and answers 404 is what two writers at once can leave behind on
// distribution 2.x. With its bytes back on it, it can be deleted like any other.
void RepositoryRun::clear_ghost(const std::string& tag, const Deletion& deletion) {
  auto reference = Reference::with_tag(approved_.repository, tag);
  const Manifest& bytes = deleted_.at(deletion.digest);
  const Change change{.kind = Change::Kind::delete_manifest,
                      .repository = approved_.repository,
                      .original = bytes,
                      .tags = {tag}};
  Status cleared = journal_.before(change);
  if (cleared) {
    auto put = client_.put_manifest(*reference, bytes.raw(), bytes.media_type());
    cleared = put ? client_.delete_manifest(approved_.repository, deletion.digest)
                  : Status(Unexpected(std::move(put).error()));
    if (Status written = journal_.after(change, cleared); !written)
      stop(to_string(written.error()));
  }
  if (!cleared) {
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

// A tag that was there and is not listed any more: somebody removed it, or had moved it onto a
// digest at the moment that it was deleted.
Status RepositoryRun::find_vanished(const std::set<std::string>& listed) {
  std::vector<std::string> vanished;
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (!listed.contains(tag)) vanished.push_back(tag);
  }
  for (const std::string& tag : vanished) {
    auto decision = approved_tags_.find(tag);
    const bool doomed =
        decision != approved_tags_.end() && decision->second->action == Action::remove;
    if (doomed) {
      tag_is(tag, Outcome::removed, "somebody else had removed it");
      snapshot_.tags.erase(tag);
    } else {
      put_back(tag, "");
    }
  }
  if (!vanished.empty()) reconcile();
  return {};
}

Status RepositoryRun::find_new(const std::set<std::string>& listed) {
  std::vector<std::string> came;
  for (const std::string& tag : listed) {
    if (!snapshot_.tags.contains(tag)) came.push_back(tag);
  }
  if (came.empty()) return {};
  Snapshot wider = snapshot_;
  wider.leftovers = approved_removals_;
  if (Status read = refresh_tags(client_, wider, came); !read) return read;
  if (!wider.gaps.empty()) {
    return Unexpected(
        Error{.code = ErrorCode::incomplete,
              .message = "new tags came and could not be read: " + wider.gaps.front().why,
              .operation = "look again at",
              .registry = approved_.repository.registry(),
              .subject = approved_.repository.path()});
  }
  snapshot_ = std::move(wider);
  // A tag whose push was not finished when the list was made is a ghost for that moment only.
  reconcile();
  return {};
}

void RepositoryRun::check_everything_kept() {
  std::vector<std::string> kept;
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (entry.digest && !tag_outcomes_.contains(tag)) kept.push_back(tag);
  }
  std::vector<std::pair<std::string, Error>> lost;
  auto next = [&, at = std::size_t{0}]() mutable -> std::optional<Reference> {
    if (at == kept.size()) return std::nullopt;
    auto reference = Reference::with_tag(approved_.repository, kept[at++]);
    return reference ? std::optional(std::move(*reference)) : std::nullopt;
  };
  const Status checked =
      client_.head_each(next, [&](const Reference& reference, Result<Descriptor> head) {
        if (!head) lost.emplace_back(*reference.tag(), std::move(head).error());
      });
  if (!checked)
    warnings_.push_back("what is kept could not be checked: " + to_string(checked.error()));
  for (const auto& [tag, error] : lost) {
    if (is_confirmed_absence(error)) {
      put_back(tag, error.http ? error.http->server_message : "");
    } else {
      warnings_.push_back(fmt::format("{}:{}: could not be checked after the run: {}",
                                      approved_.repository.str(), tag, to_string(error)));
    }
  }
}

// Which manifest a vanished tag had. A tag goes only with the manifest that it points at, so while
// the one that it had is still there, it was moved onto one that this run deleted.
const Manifest* RepositoryRun::bytes_to_put_back(const std::string& tag,
                                                 const std::string& seen) const {
  for (const auto& [digest, manifest] : deleted_) {
    if (seen.find(digest.str()) != std::string::npos) return &manifest;
  }
  if (deleted_.size() == 1) return &deleted_.begin()->second;
  auto node = snapshot_.manifests.find(*snapshot_.tags.at(tag).digest);
  if (node == snapshot_.manifests.end() || !node->second.manifest) return nullptr;
  return &*node->second.manifest;
}

void RepositoryRun::put_back(const std::string& tag, const std::string& seen) {
  auto reference = Reference::with_tag(approved_.repository, tag);
  const std::optional<Digest> digest = snapshot_.tags.at(tag).digest;
  if (!reference || !digest) return;
  auto head = client_.head(*reference);
  if (head || !is_confirmed_absence(head.error())) return;
  auto still = client_.head(Reference::with_digest(approved_.repository, *digest));
  if (deleted_.empty() || (!still && is_confirmed_absence(still.error()))) {
    warnings_.push_back(
        fmt::format("{}: somebody else removed it during the run", reference->str()));
    snapshot_.tags.erase(tag);
    return tag_is(tag, Outcome::skipped, "somebody else removed it during the run");
  }
  const Manifest* bytes = bytes_to_put_back(tag, seen);
  if (bytes == nullptr)
    return tag_is(tag, Outcome::failed, "it vanished and its bytes are unknown");
  auto put = client_.put_manifest(*reference, bytes->raw(), bytes->media_type());
  if (!put) {
    warnings_.push_back(
        fmt::format("{}: it vanished with a digest that was deleted, and could not be put back: {}",
                    reference->str(), to_string(put.error())));
    return tag_is(tag, Outcome::failed, to_string(put.error()));
  }
  warnings_.push_back(
      fmt::format("{}: it was moved while the run went on and vanished with a deleted digest; "
                  "{} was put back onto it",
                  reference->str(), bytes->digest().str()));
  if (approved_removals_.contains(bytes->digest())) {
    manifest_is(bytes->digest(), Outcome::skipped, "the tag " + tag + " was moved onto it");
    held_back_[bytes->digest()] = "the tag " + tag + " was moved onto it";
  }
  if (Status read = refresh_tags(client_, snapshot_, {tag}); !read) stop(to_string(read.error()));
}

}  // namespace purser
