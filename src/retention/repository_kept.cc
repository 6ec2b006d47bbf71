// The last look of RepositoryRun: is everything there that is kept?
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/digest_tag.h"
#include "registry/registry_error.h"
#include "retention/parts_first.h"
#include "retention/repository_run.h"

namespace purser {

void RepositoryRun::check_everything_kept() {
  // Manifests before the tags that may be missing with them.
  check_neighbours();
  const Status checked = follow_tags([this](const std::string& tag, const Error& error) {
    note_unchecked(fmt::format("{}:{}: could not be checked after the run: {}",
                               approved_.repository.str(), tag, to_string(error)));
  });
  if (!checked) note_unchecked("what is kept could not be checked: " + to_string(checked.error()));
}

// What it lists, what it refers to, and what refers to it.
std::set<Digest> RepositoryRun::neighbours_of(const Digest& digest) {
  if (!followers_) {
    followers_.emplace();
    for (const auto& [other, node] : snapshot_.manifests) {
      if (node.subject) followers_->by_subject.emplace(*node.subject, other);
    }
    for (const auto& [tag, entry] : snapshot_.tags) {
      const auto named = parse_digest_tag(tag);
      if (named && entry.digest) followers_->by_tag.emplace(named->key, *entry.digest);
    }
  }
  const SnapshotManifest& node = snapshot_.manifests.at(digest);
  std::set<Digest> near(node.children.begin(), node.children.end());
  if (node.subject) near.insert(*node.subject);
  if (node.referrers) near.insert(node.referrers->begin(), node.referrers->end());
  const auto by_subject = followers_->by_subject.equal_range(digest);
  const auto by_tag = followers_->by_tag.equal_range(digest_tag_key(digest));
  for (auto at = by_subject.first; at != by_subject.second; ++at) near.insert(at->second);
  for (auto at = by_tag.first; at != by_tag.second; ++at) near.insert(at->second);
  return near;
}

// Some servers delete what an index lists, or what refers to a manifest, along with it, that which
// goes with those as well, and ask nobody who else needs it. What was walked through is not walked
// through again.
std::set<Digest> RepositoryRun::kept_around(const Digest& digest, std::set<Digest>& walked) {
  std::set<Digest> kept;
  std::vector<Digest> ahead = {digest};
  while (!ahead.empty()) {
    const Digest at = std::move(ahead.back());
    ahead.pop_back();
    if (!walked.insert(at).second) continue;
    for (const Digest& near : neighbours_of(at)) {
      auto found = snapshot_.manifests.find(near);
      const ManifestDecision* decision = current_manifest(near);
      if (found == snapshot_.manifests.end() || decision == nullptr) continue;
      if (decision->action != Action::keep) {
        ahead.push_back(near);
      } else if (found->second.manifest) {
        kept.insert(near);
      }
    }
  }
  return kept;
}

// Their bytes are in the journal before the step: the run may not come to look at them.
Status RepositoryRun::note_neighbours_of(const Digest& digest) {
  for (const Digest& near : kept_around(digest, walked_)) {
    if (!neighbours_.insert(near).second) continue;
    Status written =
        journal_.keep_bytes(approved_.repository, *snapshot_.manifests.at(near).manifest);
    if (!written) return written;
  }
  return {};
}

void RepositoryRun::check_neighbours() {
  std::set<Digest> asked;
  std::set<Digest> absent;
  std::set<Digest> walked;
  for (std::set<Digest> ask = neighbours_; !ask.empty();) {
    asked.insert(ask.begin(), ask.end());
    std::set<Digest> next;
    for (const Digest& digest : find_absent(ask)) {
      absent.insert(digest);
      // What went may have taken its own along.
      next.merge(kept_around(digest, walked));
    }
    std::erase_if(next, [&](const Digest& digest) { return asked.contains(digest); });
    ask = std::move(next);
  }
  const auto needs = [this](const Digest& digest) {
    const SnapshotManifest& node = snapshot_.manifests.at(digest);
    std::vector<Digest> parts = node.children;
    if (node.subject) parts.push_back(*node.subject);
    return parts;
  };
  for (const Digest& digest : parts_first(std::move(absent), needs)) put_neighbour_back(digest);
}

std::set<Digest> RepositoryRun::find_absent(const std::set<Digest>& digests) {
  std::set<Digest> absent;
  auto next = [&, at = digests.begin()]() mutable -> std::optional<Reference> {
    if (at == digests.end()) return std::nullopt;
    return Reference::with_digest(approved_.repository, *at++);
  };
  const Status asked =
      client_.head_each(next, [&](const Reference& reference, const Result<Descriptor>& head) {
        // It may have been removed itself since it was kept.
        if (head || !snapshot_.manifests.contains(*reference.digest())) return;
        if (is_confirmed_absence(head.error())) {
          absent.insert(*reference.digest());
        } else {
          note_unchecked(fmt::format("{}: could not be checked after the run: {}", reference.str(),
                                     to_string(head.error())));
        }
      });
  if (!asked) note_unchecked("what is kept could not be checked: " + to_string(asked.error()));
  return absent;
}

void RepositoryRun::put_neighbour_back(const Digest& digest) {
  const Manifest& bytes = *snapshot_.manifests.at(digest).manifest;
  const Reference reference = Reference::with_digest(approved_.repository, digest);
  auto put = client_.put_manifest(reference, bytes.raw(), bytes.media_type());
  const std::string why = "it is kept, and went along with a manifest that was deleted";
  warnings_.push_back(put ? fmt::format("{}: {}; it was put back", reference.str(), why)
                          : fmt::format("{}: {}, and it could not be put back: {}", reference.str(),
                                        why, to_string(put.error())));
  unsettled_ = unsettled_ || !put;
  if (put) went_along_.insert(digest);
  manifest_is(digest, put ? Outcome::skipped : Outcome::failed, why);
}

}  // namespace purser
