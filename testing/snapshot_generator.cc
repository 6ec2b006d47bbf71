#include "testing/snapshot_generator.h"

#include <string>
#include <utility>

#include "testing/snapshot_builder.h"

namespace purser::testing {
namespace {

Digest sha512_named(const std::string& name) {
  Hasher hasher = Hasher::create("sha512").value();
  hasher.update(name);
  return std::move(hasher).finish();
}

}  // namespace

Snapshot SnapshotGenerator::snapshot() {
  Snapshot snapshot{.repository = Repository::of(kTestRegistry, "app").value()};
  present_.clear();
  add_manifests(snapshot);
  add_api_referrers(snapshot);
  add_tags(snapshot);
  if (options_.stand_ins) add_stand_ins(snapshot);
  if (options_.gaps && chance(15)) add_gaps(snapshot);
  return snapshot;
}

// A manifest can only contain digests that were there before it.
SnapshotManifest SnapshotGenerator::manifest_over(const std::vector<Digest>& below_it) {
  SnapshotManifest manifest{.media_type = std::string(media_type::kOciManifest), .size = 100};
  if (below_it.empty()) return manifest;
  if (chance(40)) {
    manifest.kind = Manifest::Kind::index;
    manifest.media_type = media_type::kOciIndex;
    for (int count = below(4); count > 0; --count) manifest.children.push_back(some(below_it));
  }
  if (chance(25)) manifest.subject = some(below_it);
  return manifest;
}

void SnapshotGenerator::add_manifests(Snapshot& snapshot) {
  std::vector<Digest> known;
  const int count = below(16);
  for (int i = 0; i < count; ++i) {
    const std::string name = "m" + std::to_string(i);
    Digest digest = chance(8) ? sha512_named(name) : digest_named(name);
    known.push_back(digest);
    if (chance(8)) {
      snapshot.missing.insert(digest);
      continue;
    }
    present_.push_back(digest);
    if (chance(6)) snapshot.leftovers.insert(digest);
  }
  std::vector<Digest> below_it;
  for (const Digest& digest : known) {
    if (!snapshot.missing.contains(digest)) {
      snapshot.manifests[digest] = manifest_over(options_.cycles ? known : below_it);
    }
    below_it.push_back(digest);
  }
}

void SnapshotGenerator::add_api_referrers(Snapshot& snapshot) {
  for (auto& [digest, manifest] : snapshot.manifests) {
    if (!chance(20)) continue;
    manifest.referrers.emplace();
    for (const auto& [other, referrer] : snapshot.manifests) {
      if (referrer.subject == digest) manifest.referrers->push_back(other);
    }
    if (chance(20)) manifest.referrers->push_back(digest_named("a referrer that nobody read"));
  }
}

void SnapshotGenerator::add_tags(Snapshot& snapshot) {
  if (present_.empty()) return;
  for (int count = below(8); count > 0; --count) {
    snapshot.tags["t" + std::to_string(below(10))] = {.digest = some(present_)};
  }
  const char* suffixes[] = {"", ".sig", ".att", ".sbom", ".cosign-new", "-x", "ab"};
  std::vector<Digest> subjects = present_;
  subjects.insert(subjects.end(), snapshot.missing.begin(), snapshot.missing.end());
  for (int count = below(5); count > 0; --count) {
    const std::string tag = digest_tag_of(some(subjects), suffixes[below(7)]);
    snapshot.tags[tag] = {.digest = some(present_)};
    if (chance(5)) snapshot.tags[tag] = {.state = SnapshotTag::State::ghost};
  }
  if (chance(10)) snapshot.tags["t-ghost"] = {.state = SnapshotTag::State::ghost};
  if (chance(10)) snapshot.tags["t-old"] = {.state = SnapshotTag::State::schema1};
}

void SnapshotGenerator::add_stand_ins(Snapshot& snapshot) {
  for (auto& [tag, entry] : snapshot.tags) {
    if (!entry.digest || !chance(10)) continue;
    entry.stand_in = chance(10) ? some(present_) : digest_named("stand-in on " + tag);
    if (!chance(10)) continue;
    SnapshotManifest copy = snapshot.manifests.at(*entry.digest);
    copy.referrers.reset();
    snapshot.manifests.emplace(*entry.stand_in, std::move(copy));
  }
}

void SnapshotGenerator::add_gaps(Snapshot& snapshot) {
  const Digest unread = digest_named("unread");
  switch (below(6)) {
    case 0:
      snapshot.gaps.push_back({"the tag list", "timed out"});
      break;
    case 1:
      snapshot.tags["t-unread"] = {};
      break;
    case 2:
      snapshot.tags["t-loose"] = {.digest = unread};
      break;
    case 3:
      if (!present_.empty()) snapshot.manifests.at(some(present_)).children.push_back(unread);
      break;
    case 4:
      if (!present_.empty()) snapshot.manifests.at(some(present_)).subject = unread;
      break;
    default:
      if (!present_.empty()) {
        snapshot.manifests.at(some(present_)).kind = Manifest::Kind::unknown;
      }
  }
}

KeepEntry SnapshotGenerator::keep_entry(const Snapshot& snapshot) {
  std::string text = "app:t" + std::to_string(below(10));
  if (!snapshot.tags.empty() && chance(30)) {
    auto tag = snapshot.tags.begin();
    std::advance(tag, below(static_cast<int>(snapshot.tags.size())));
    text = "app:" + tag->first;
  } else if (!present_.empty() && chance(25)) {
    text = "app@" + some(present_).str();
  } else if (chance(10)) {
    text = chance(50) ? "*:t?" : "**:*.sig";
  } else if (chance(5)) {
    text = "other:*";
  }
  return KeepEntry::parse(text, kTestRegistry).value();
}

KeepPolicy SnapshotGenerator::keep_policy(const Snapshot& snapshot) {
  KeepPolicy policy{.keep_referrers = chance(20)};
  for (int count = below(4); count > 0; --count) policy.entries.push_back(keep_entry(snapshot));
  return policy;
}

RemovePolicy SnapshotGenerator::remove_policy(const Snapshot& snapshot) {
  RemovePolicy policy{.all_tags = chance(50),
                      .with_parents = chance(50),
                      .with_children = chance(50),
                      .keep_referrers = chance(20)};
  for (int count = 1 + below(3); count > 0; --count) {
    RemovePolicy::Target target{.repository = chance(95) ? "app" : "other"};
    if (!snapshot.tags.empty() && chance(70)) {
      auto tag = snapshot.tags.begin();
      std::advance(tag, below(static_cast<int>(snapshot.tags.size())));
      target.tag = tag->first;
      if (chance(20)) target.digest = tag->second.digest;
    } else if (!present_.empty()) {
      target.digest = some(present_);
    } else {
      target.tag = "t0";
    }
    policy.targets.push_back(std::move(target));
  }
  return policy;
}

}  // namespace purser::testing
