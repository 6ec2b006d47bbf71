#include "testing/snapshot_builder.h"

#include <utility>

namespace purser::testing {

Digest digest_named(std::string_view name) { return Digest::of("manifest " + std::string(name)); }

std::string digest_tag_of(const Digest& subject, std::string_view suffix) {
  return std::string(subject.algorithm()) + "-" + std::string(subject.hex().substr(0, 64)) +
         std::string(suffix);
}

SnapshotBuilder::SnapshotBuilder(std::string_view path)
    : snapshot_{.repository = Repository::of(kTestRegistry, path).value()} {}

Digest SnapshotBuilder::digest(const std::string& name) {
  Digest digest = digest_named(name);
  names_[digest] = name;
  return digest;
}

std::string SnapshotBuilder::name_of_tag(const std::string& tag) const {
  auto found = digest_tags_.find(tag);
  return found == digest_tags_.end() ? tag : found->second;
}

SnapshotManifest& SnapshotBuilder::add(const std::string& name, Manifest::Kind kind,
                                       std::string_view media_type) {
  SnapshotManifest& manifest = snapshot_.manifests[digest(name)];
  manifest.kind = kind;
  manifest.media_type = media_type;
  manifest.size = 100;
  return manifest;
}

SnapshotBuilder& SnapshotBuilder::image(const std::string& name) {
  add(name, Manifest::Kind::image, media_type::kOciManifest);
  return *this;
}

SnapshotBuilder& SnapshotBuilder::index(const std::string& name, const Names& children) {
  SnapshotManifest& index = add(name, Manifest::Kind::index, media_type::kOciIndex);
  for (const std::string& child : children) index.children.push_back(digest(child));
  return *this;
}

SnapshotBuilder& SnapshotBuilder::referrer(const std::string& name, const std::string& subject) {
  add(name, Manifest::Kind::image, media_type::kOciManifest).subject = digest(subject);
  return *this;
}

SnapshotBuilder& SnapshotBuilder::unknown(const std::string& name) {
  add(name, Manifest::Kind::unknown, "application/vnd.example.new+json");
  return *this;
}

SnapshotBuilder& SnapshotBuilder::missing(const std::string& name) {
  snapshot_.missing.insert(digest(name));
  return *this;
}

SnapshotBuilder& SnapshotBuilder::leftover(const std::string& name) {
  snapshot_.leftovers.insert(digest(name));
  return *this;
}

SnapshotBuilder& SnapshotBuilder::api_referrers(const std::string& name, const Names& referrers) {
  auto& listed = snapshot_.manifests.at(digest(name)).referrers.emplace();
  for (const std::string& referrer : referrers) listed.push_back(digest(referrer));
  return *this;
}

SnapshotBuilder& SnapshotBuilder::tag(const std::string& tag, const std::string& name) {
  snapshot_.tags[tag] = {.digest = digest(name)};
  return *this;
}

SnapshotBuilder& SnapshotBuilder::digest_tag(const std::string& subject, const std::string& suffix,
                                             const std::string& name) {
  const std::string tag_name = digest_tag_of(digest(subject), suffix);
  digest_tags_[tag_name] = subject + suffix;
  return tag(tag_name, name);
}

SnapshotBuilder& SnapshotBuilder::ghost(const std::string& tag) {
  snapshot_.tags[tag] = {.state = SnapshotTag::State::ghost};
  return *this;
}

SnapshotBuilder& SnapshotBuilder::schema1(const std::string& tag) {
  snapshot_.tags[tag] = {.state = SnapshotTag::State::schema1};
  return *this;
}

SnapshotBuilder& SnapshotBuilder::stand_in(const std::string& tag, const std::string& original,
                                           const std::string& stand_in) {
  snapshot_.tags[tag] = {.digest = digest(original), .stand_in = digest(stand_in)};
  return *this;
}

SnapshotBuilder& SnapshotBuilder::gap(const std::string& what) {
  snapshot_.gaps.push_back({what, "timed out"});
  return *this;
}

}  // namespace purser::testing
