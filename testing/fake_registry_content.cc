// What is in a fake registry: arranged by a test, and looked at afterwards.
#include <fmt/format.h>

#include <utility>

#include "purser/manifest.h"
#include "testing/fake_registry.h"

namespace purser::testing {
namespace {

std::string json_descriptor(std::string_view media_type, const Digest& digest, std::size_t size) {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}}})", media_type, digest.str(),
                     size);
}

}  // namespace

FakeRegistry::Content* FakeRegistry::find(const std::string& repository) {
  const auto found = repositories_.find(repository);
  return found == repositories_.end() ? nullptr : &found->second;
}

const FakeRegistry::Content* FakeRegistry::find(const std::string& repository) const {
  const auto found = repositories_.find(repository);
  return found == repositories_.end() ? nullptr : &found->second;
}

void FakeRegistry::put_locked(const std::string& repository, const std::string& tag,
                              const Digest& digest, Document document) {
  Content& content = repositories_[repository];
  content.manifests.insert_or_assign(digest, std::move(document));
  content.going.erase(digest);
  if (tag.empty()) return;
  const auto before = content.tags.find(tag);
  const std::optional<Digest> moved_from =
      before == content.tags.end() ? std::nullopt : std::optional(before->second);
  content.tags.insert_or_assign(tag, digest);
  content.had_tags = true;
  if (moved_from) erase_if_untagged(content, *moved_from);
}

Digest FakeRegistry::put(const std::string& repository, const std::string& tag,
                         const std::string& bytes, const std::string& media_type) {
  const std::lock_guard lock(mutex_);
  Digest digest = Digest::of(bytes);
  put_locked(repository, tag, digest, {bytes, media_type});
  return digest;
}

Digest FakeRegistry::put(const std::string& repository, const std::string& bytes,
                         const std::string& media_type) {
  return put(repository, "", bytes, media_type);
}

Digest FakeRegistry::add_image(const std::string& repository, const std::string& tag,
                               const std::string& seed) {
  const std::string& name = seed.empty() ? tag : seed;
  const std::string config = fmt::format(
      R"({{"created":"2024-05-01T10:00:00Z","architecture":"amd64","os":"linux","config":{{"Labels":{{"seed":"{}"}}}},"rootfs":{{"type":"layers","diff_ids":[]}}}})",
      name);
  const std::string layer = "layer of " + name;
  const Digest config_digest = add_blob(repository, config);
  const Digest layer_digest = add_blob(repository, layer);
  return put(repository, tag,
             fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{}]}})",
                         media_type::kOciManifest,
                         json_descriptor("application/vnd.oci.image.config.v1+json", config_digest,
                                         config.size()),
                         json_descriptor("application/vnd.oci.image.layer.v1.tar+gzip",
                                         layer_digest, layer.size())),
             std::string(media_type::kOciManifest));
}

Digest FakeRegistry::add_index(const std::string& repository, const std::string& tag,
                               const std::vector<Digest>& children) {
  std::string list;
  {
    const std::lock_guard lock(mutex_);
    const Content* content = find(repository);
    for (const Digest& child : children) {
      std::string type(media_type::kOciManifest);
      std::size_t size = 0;
      if (content != nullptr && content->manifests.count(child) > 0) {
        type = content->manifests.at(child).media_type;
        size = content->manifests.at(child).bytes.size();
      }
      list += (list.empty() ? "" : ",") + json_descriptor(type, child, size);
    }
  }
  return put(repository, tag,
             fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","manifests":[{}]}})",
                         media_type::kOciIndex, list),
             std::string(media_type::kOciIndex));
}

Digest FakeRegistry::add_blob(const std::string& repository, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  Digest digest = Digest::of(bytes);
  repositories_[repository].blobs.insert_or_assign(digest, bytes);
  return digest;
}

void FakeRegistry::set_tag(const std::string& repository, const std::string& tag,
                           const Digest& digest) {
  const std::lock_guard lock(mutex_);
  Content& content = repositories_[repository];
  content.tags.insert_or_assign(tag, digest);
  content.had_tags = true;
}

void FakeRegistry::remove_tag(const std::string& repository, const std::string& tag) {
  const std::lock_guard lock(mutex_);
  repositories_[repository].tags.erase(tag);
}

void FakeRegistry::remove_manifest(const std::string& repository, const Digest& digest) {
  const std::lock_guard lock(mutex_);
  repositories_[repository].manifests.erase(digest);
}

void FakeRegistry::add_repository(const std::string& repository) {
  const std::lock_guard lock(mutex_);
  repositories_[repository].had_tags = true;
}

std::set<std::string> FakeRegistry::tags(const std::string& repository) const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> names;
  if (const Content* content = find(repository)) {
    for (const auto& [name, digest] : content->tags) names.insert(name);
  }
  return names;
}

std::optional<Digest> FakeRegistry::tag(const std::string& repository,
                                        const std::string& tag) const {
  const std::lock_guard lock(mutex_);
  const Content* content = find(repository);
  if (content == nullptr) return std::nullopt;
  const auto found = content->tags.find(tag);
  return found == content->tags.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> FakeRegistry::manifest(const std::string& repository,
                                                  const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  const Content* content = find(repository);
  if (content == nullptr) return std::nullopt;
  const auto found = content->manifests.find(digest);
  return found == content->manifests.end() ? std::nullopt : std::optional(found->second.bytes);
}

bool FakeRegistry::has(const std::string& repository, const Digest& digest) const {
  return manifest(repository, digest).has_value();
}

std::set<Digest> FakeRegistry::manifests(const std::string& repository) const {
  const std::lock_guard lock(mutex_);
  std::set<Digest> digests;
  if (const Content* content = find(repository)) {
    for (const auto& [digest, document] : content->manifests) digests.insert(digest);
  }
  return digests;
}

std::size_t FakeRegistry::manifest_count(const std::string& repository) const {
  const std::lock_guard lock(mutex_);
  const Content* content = find(repository);
  return content == nullptr ? 0 : content->manifests.size();
}

}  // namespace purser::testing
