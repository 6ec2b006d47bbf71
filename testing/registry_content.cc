#include "testing/registry_content.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace purser::testing {
namespace {

// What is in `a` and not in `b`.
std::string only_in(const RegistryContent& a, const RegistryContent& b, std::string_view word) {
  std::string text;
  for (const auto& [path, content] : a) {
    const RepositoryContent& other = b.at(path);
    for (const auto& [tag, digest] : content.tags) {
      const auto found = other.tags.find(tag);
      if (found != other.tags.end() && found->second == digest) continue;
      text += fmt::format("{} {}:{} on {}\n", word, path, tag, digest.str());
    }
    for (const Digest& digest : content.manifests) {
      if (!other.manifests.contains(digest)) {
        text += fmt::format("{} {}@{}\n", word, path, digest.str());
      }
    }
  }
  return text;
}

// Of the patterns that random_images makes: a name, or the beginning of one and a star.
bool names(const std::string& entry, const std::string& tag) {
  if (!entry.ends_with('*')) return entry == tag;
  return tag.starts_with(entry.substr(0, entry.size() - 1));
}

bool is_whole(const BuiltManifest& manifest, const RepositoryContent& content) {
  return content.manifests.contains(*Digest::parse(manifest.digest)) &&
         std::all_of(manifest.children.begin(), manifest.children.end(),
                     [&](const BuiltManifest& child) { return is_whole(child, content); });
}

}  // namespace

void fill(FakeRegistry& registry, const RandomImages& images) {
  for (const RandomRepository& repository : images.repositories) {
    for (const BuiltManifest& manifest : repository.manifests) {
      registry.put(repository.path, manifest.bytes, manifest.media_type);
    }
    for (const auto& [tag, at] : repository.tags) {
      registry.set_tag(repository.path, tag, *Digest::parse(repository.manifests[at].digest));
    }
  }
}

void fill(Pusher& registry, const RandomImages& images) {
  for (const RandomRepository& repository : images.repositories) {
    for (const BuiltManifest& manifest : repository.manifests) {
      registry.push(repository.path, manifest);
    }
    for (const auto& [tag, at] : repository.tags) {
      registry.put(repository.path, repository.manifests[at], tag);
    }
  }
}

RegistryContent content_of(const FakeRegistry& registry, const RandomImages& images) {
  RegistryContent content;
  for (const RandomRepository& repository : images.repositories) {
    RepositoryContent& found = content[repository.path];
    for (const std::string& tag : registry.tags(repository.path)) {
      found.tags.emplace(tag, *registry.tag(repository.path, tag));
    }
    found.manifests = registry.manifests(repository.path);
  }
  return content;
}

RegistryContent content_of(Pusher& registry, const RandomImages& images) {
  RegistryContent content;
  for (const RandomRepository& repository : images.repositories) {
    RepositoryContent& found = content[repository.path];
    for (const std::string& tag : registry.tags(repository.path)) {
      // A tag that is listed and answers 404 has the digest of nothing.
      const auto digest = registry.digest(repository.path, tag);
      found.tags.emplace(tag, digest ? *Digest::parse(*digest) : Digest::of(""));
    }
    for (const BuiltManifest& manifest : repository.manifests) {
      if (registry.status(repository.path, manifest.digest) == 200) {
        found.manifests.insert(*Digest::parse(manifest.digest));
      }
    }
  }
  return content;
}

std::string difference(const RegistryContent& expected, const RegistryContent& found) {
  return only_in(expected, found, "missing:") + only_in(found, expected, "left over:");
}

std::string first_loss(const RegistryContent& kept, const RegistryContent& now) {
  const std::string lost = only_in(kept, now, "lost:");
  return lost.substr(0, lost.find('\n'));
}

std::string first_named_loss(const RandomImages& images, const RegistryContent& now) {
  for (const RandomRepository& repository : images.repositories) {
    const RepositoryContent& content = now.at(repository.path);
    for (const auto& [tag, at] : repository.tags) {
      const std::string name = repository.path + ":" + tag;
      if (std::none_of(images.keep.begin(), images.keep.end(),
                       [&](const std::string& entry) { return names(entry, name); })) {
        continue;
      }
      const BuiltManifest& image = repository.manifests[at];
      const auto found = content.tags.find(tag);
      if (found == content.tags.end() || found->second.str() != image.digest) {
        return name + " is not on " + image.digest;
      }
      if (!is_whole(image, content)) return name + " is not whole";
    }
  }
  return {};
}

std::optional<StandInClaim> claim_of(const std::string& bytes) {
  for (const std::string_view type : {media_type::kOciManifest, media_type::kOciIndex,
                                      media_type::kDockerManifest, media_type::kDockerList}) {
    const auto manifest = Manifest::parse(bytes, type);
    if (manifest) return stand_in_claim(*manifest);
  }
  return std::nullopt;
}

}  // namespace purser::testing
