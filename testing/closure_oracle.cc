#include "testing/closure_oracle.h"

#include <algorithm>

namespace purser::testing {
namespace {

bool is_listed_in(const std::vector<Digest>& digests, const Digest& digest) {
  return std::find(digests.begin(), digests.end(), digest) != digests.end();
}

bool names_as_subject(const std::string& tag, const Digest& subject) {
  const std::string algorithm = subject.str().substr(0, 6);  // both have six letters
  return tag.rfind(algorithm + "-" + subject.str().substr(7, 64), 0) == 0;
}

bool looks_like_a_digest_tag(const std::string& tag) {
  if (tag.rfind("sha256-", 0) != 0 && tag.rfind("sha512-", 0) != 0) return false;
  const std::string hex = tag.substr(7, 64);
  return hex.size() == 64 && hex.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool refers_to(const Snapshot& snapshot, const Digest& referrer, const Digest& subject) {
  const auto& manifests = snapshot.manifests;
  if (manifests.at(referrer).subject == subject) return true;
  return manifests.count(subject) != 0 && manifests.at(subject).referrers &&
         is_listed_in(*manifests.at(subject).referrers, referrer);
}

bool is_unread(const Snapshot& snapshot) {
  auto read = [&](const Digest& digest) {
    return snapshot.manifests.count(digest) != 0 || snapshot.missing.count(digest) != 0;
  };
  if (!snapshot.gaps.empty()) return true;
  for (const auto& [tag, entry] : snapshot.tags) {
    const bool resolved = entry.state == SnapshotTag::State::resolved;
    if (resolved && (!entry.digest || snapshot.manifests.count(*entry.digest) == 0)) return true;
    if (!looks_like_a_digest_tag(tag)) continue;
    bool subject_known = false;
    for (const auto& [digest, manifest] : snapshot.manifests)
      subject_known |= names_as_subject(tag, digest);
    for (const Digest& digest : snapshot.missing) subject_known |= names_as_subject(tag, digest);
    if (!subject_known) return true;
  }
  for (const auto& [digest, manifest] : snapshot.manifests) {
    if (manifest.kind == Manifest::Kind::unknown) return true;
    for (const Digest& child : manifest.children) {
      if (!read(child)) return true;
    }
    if (manifest.subject && !read(*manifest.subject)) return true;
  }
  return false;
}

class Rules {
 public:
  Rules(const Snapshot& snapshot, const KeepPolicy& policy)
      : snapshot_(snapshot), policy_(policy) {}

  OracleVerdict settle() {
    verdict_.unread = is_unread(snapshot_);
    std::size_t before = 0;
    do {
      before = verdict_.tags.size() + verdict_.manifests.size() + above_.size();
      keep_what_entries_name();
      keep_what_is_above_a_named_digest();
      keep_what_kept_manifests_need();
      keep_what_nothing_dooms();
    } while (before != verdict_.tags.size() + verdict_.manifests.size() + above_.size());
    return verdict_;
  }

 private:
  void keep_tag(const std::string& tag) {
    verdict_.tags.insert(tag);
    const SnapshotTag& entry = snapshot_.tags.at(tag);
    if (entry.digest) verdict_.manifests.insert(*entry.digest);
  }

  void keep_what_entries_name() {
    const std::string& path = snapshot_.repository.path();
    for (const auto& [tag, entry] : snapshot_.tags) {
      if (entry.state == SnapshotTag::State::schema1) keep_tag(tag);
      if (policy_.keep_referrers && looks_like_a_digest_tag(tag)) keep_tag(tag);
      for (const KeepEntry& keep : policy_.entries) {
        if (keep.matches_tag(path, tag)) keep_tag(tag);
      }
    }
    for (const KeepEntry& keep : policy_.entries) {
      if (keep.digest() && keep.matches_repository(path) &&
          snapshot_.missing.count(*keep.digest()) == 0)
        above_.insert(*keep.digest());
    }
  }

  void keep_what_is_above_a_named_digest() {
    for (const auto& [digest, manifest] : snapshot_.manifests) {
      for (const Digest& child : manifest.children) {
        if (above_.count(child) != 0) above_.insert(digest);
      }
    }
    for (const Digest& digest : above_) verdict_.manifests.insert(digest);
    for (const auto& [tag, entry] : snapshot_.tags) {
      if (entry.digest && above_.count(*entry.digest) != 0) keep_tag(tag);
    }
  }

  void keep_what_kept_manifests_need() {
    const std::set<Digest> kept = verdict_.manifests;
    for (const Digest& digest : kept) {
      if (snapshot_.manifests.count(digest) != 0) {
        for (const Digest& child : snapshot_.manifests.at(digest).children)
          verdict_.manifests.insert(child);
      }
      for (const auto& [other, manifest] : snapshot_.manifests) {
        if (!refers_to(snapshot_, other, digest)) continue;
        verdict_.manifests.insert(other);
        for (const auto& [tag, entry] : snapshot_.tags) {
          if (entry.digest == other) keep_tag(tag);
        }
      }
      for (const auto& [tag, entry] : snapshot_.tags) {
        if (names_as_subject(tag, digest)) keep_tag(tag);
      }
    }
  }

  void keep_what_nothing_dooms() {
    std::set<Digest> doomed = snapshot_.leftovers;
    for (const auto& [tag, entry] : snapshot_.tags) {
      if (entry.digest && verdict_.tags.count(tag) == 0) doomed.insert(*entry.digest);
    }
    for (const Digest& digest : verdict_.manifests) doomed.erase(digest);
    const std::set<Digest> tops = doomed;
    for (const Digest& top : tops) doomed.merge(parts_of(snapshot_, top));
    for (const auto& [digest, manifest] : snapshot_.manifests) {
      if (doomed.count(digest) == 0) verdict_.manifests.insert(digest);
    }
  }

  const Snapshot& snapshot_;
  const KeepPolicy& policy_;
  std::set<Digest> above_;  // digests that entries name, and the indexes that contain them
  OracleVerdict verdict_;
};

}  // namespace

OracleVerdict what_stays(const Snapshot& snapshot, const KeepPolicy& policy) {
  return Rules(snapshot, policy).settle();
}

std::set<Digest> parts_of(const Snapshot& snapshot, const Digest& digest) {
  std::set<Digest> parts = {digest};
  for (std::size_t before = 0; before != parts.size();) {
    before = parts.size();
    const std::set<Digest> so_far = parts;
    for (const Digest& part : so_far) {
      if (snapshot.manifests.count(part) == 0) continue;
      for (const Digest& child : snapshot.manifests.at(part).children) parts.insert(child);
    }
  }
  return parts;
}

}  // namespace purser::testing
