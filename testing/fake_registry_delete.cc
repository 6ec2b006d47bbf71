// How the fake registry deletes: like docker-registry 2.8.2, or like one of the others.
#include <algorithm>

#include "purser/manifest.h"
#include "testing/fake_registry.h"
#include "testing/fake_replies.h"

namespace purser::testing {

http::Response FakeRegistry::serve_delete(const std::string& repository,
                                          const std::string& reference) {
  if (options_.delete_always_404) return manifest_unknown();
  if (!options_.delete_right) return error_reply(403, "DENIED", "requested access is denied");
  if (!options_.deletes_enabled) {
    return error_reply(405, "UNSUPPORTED", "The operation is unsupported.");
  }
  Content* content = find(repository);
  const auto digest = Digest::parse(reference);
  if (!digest) {
    if (content == nullptr || options_.tag_delete == FakeRegistryOptions::TagDelete::unsupported) {
      return error_reply(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    return serve_tag_delete(*content, reference);
  }
  if (content == nullptr || !content->manifests.contains(*digest)) return manifest_unknown();
  if (auto refusal = refusal_of_lock(content, reference)) return *std::move(refusal);
  if (auto refusal = refusal_of_delete(*content, *digest)) return *std::move(refusal);
  return serve_manifest_delete(*content, *digest);
}

http::Response FakeRegistry::serve_manifest_delete(Content& content, const Digest& digest) {
  if (options_.delete_lag > 0) {
    content.going.emplace(digest, options_.delete_lag);
  } else {
    erase_manifest(content, digest);
  }
  return empty_reply(options_.delete_status);
}

http::Response FakeRegistry::serve_tag_delete(Content& content, const std::string& tag) {
  using TagDelete = FakeRegistryOptions::TagDelete;
  const auto found = content.tags.find(tag);
  if (found == content.tags.end()) return manifest_unknown();
  if (auto refusal = refusal_of_lock(&content, tag)) return *std::move(refusal);
  const Digest digest = found->second;
  if (options_.tag_delete == TagDelete::ignored) return empty_reply(202);
  if (options_.tag_delete == TagDelete::conforming) {
    content.tags.erase(found);
    erase_if_untagged(content, digest);
    return empty_reply(202);
  }
  std::erase_if(content.tags, [&](const auto& entry) { return entry.second == digest; });
  if (options_.tag_delete == TagDelete::deletes_manifest) content.manifests.erase(digest);
  return empty_reply(202);
}

// Of the tag or digest itself, or of a tag that the digest has.
std::optional<http::Response> FakeRegistry::refusal_of_lock(const Content* content,
                                                            const std::string& reference) const {
  const auto is_locked = [&](const auto& entry) {
    return entry.second.str() == reference && options_.locked.contains(entry.first);
  };
  if (!options_.locked.contains(reference) &&
      (content == nullptr || std::ranges::none_of(content->tags, is_locked))) {
    return std::nullopt;
  }
  return error_reply(options_.locked_status, options_.locked_code,
                     "The operation is disallowed on this registry, repository or image");
}

std::optional<http::Response> FakeRegistry::refusal_of_delete(const Content& content,
                                                              const Digest& digest) const {
  using Wants = FakeRegistryOptions::DeleteWants;
  const auto tags = std::ranges::count_if(
      content.tags, [&](const auto& entry) { return entry.second == digest; });
  const bool has_parent = std::ranges::any_of(content.manifests, [&](const auto& entry) {
    const auto manifest = Manifest::parse(entry.second.bytes, entry.second.media_type);
    return manifest && std::ranges::any_of(manifest->children(), [&](const Descriptor& child) {
             return child.digest == digest;
           });
  });
  switch (options_.delete_wants) {
    case Wants::no_tag:
      if (tags == 0) break;
      return error_reply(400, "GOOGLE_MANIFEST_DANGLING_TAG",
                         "Manifest is still referenced by tag");
    case Wants::one_tag_at_most:
      if (tags <= 1) break;
      return error_reply(409, "MANIFEST_INVALID", "manifest invalid");
    case Wants::no_parent_google:
      if (!has_parent) break;
      return error_reply(400, "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE",
                         "Manifest is still referenced by a parent image");
    case Wants::no_parent_gitlab:
      if (!has_parent) break;
      return error_reply(409, "MANIFEST_REFERENCED_IN_LIST",
                         "manifest referenced by a manifest list");
    case Wants::no_parent_zot:
      if (!has_parent) break;
      return error_reply(405, "DENIED", "requested access to the resource is denied");
    case Wants::nothing:
      break;
  }
  return std::nullopt;
}

void FakeRegistry::erase_manifest(Content& content, const Digest& digest) {
  const auto node = content.manifests.extract(digest);
  if (options_.tags_hold_manifests && node) content.held.insert_or_assign(digest, node.mapped());
  if (options_.delete_leaves_tags || options_.tags_hold_manifests) return;
  std::erase_if(content.tags, [&](const auto& entry) { return entry.second == digest; });
}

void FakeRegistry::erase_if_untagged(Content& content, const Digest& digest) {
  const bool tagged =
      std::ranges::any_of(content.tags, [&](const auto& entry) { return entry.second == digest; });
  if (options_.untagged_goes && !tagged) content.manifests.erase(digest);
}

void FakeRegistry::finish_deletes(const std::string& repository) {
  Content* content = find(repository);
  if (content == nullptr) return;
  for (auto at = content->going.begin(); at != content->going.end();) {
    if (at->second-- > 0) {
      ++at;
      continue;
    }
    erase_manifest(*content, at->first);
    at = content->going.erase(at);
  }
}

}  // namespace purser::testing
