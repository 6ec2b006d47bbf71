#include "purser/image_summary.h"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/json.h"
#include "registry/read_budget.h"
#include "registry/registry_error.h"

namespace purser {
namespace {

constexpr int kMaxIndexDepth = 4;

bool is_image_config(std::string_view type) {
  return type == "application/vnd.oci.image.config.v1+json" ||
         type == "application/vnd.docker.container.image.v1+json";
}

// Dates of reproducible builds and empty fields say nothing: year 1, 1970, 1980.
std::optional<std::chrono::sys_seconds> meaningful(std::string_view text) {
  using namespace std::chrono;
  const auto time = parse_rfc3339(text);
  if (!time || *time < sys_days(year(1981) / January / 1)) return std::nullopt;
  return time;
}

std::optional<std::chrono::sys_seconds> annotated_creation(const Manifest& manifest) {
  const auto found = manifest.annotations().find("org.opencontainers.image.created");
  return found == manifest.annotations().end() ? std::nullopt : meaningful(found->second);
}

// What is read of a config.
struct ConfigFacts {
  std::optional<std::chrono::sys_seconds> created = {};
  std::optional<Platform> platform = {};
};

ConfigFacts read_config(std::string_view bytes) {
  ConfigFacts facts;
  auto config = json::parse_strict(bytes);
  if (!config || !config->is_object()) return facts;
  const auto text = [&](const char* name) {
    auto value = json::find_string(*config, name);
    return value ? value->value_or("") : std::string();
  };
  facts.created = meaningful(text("created"));
  Platform platform{text("os"), text("architecture"), text("variant")};
  if (!platform.os.empty() && !platform.is_unknown()) facts.platform = std::move(platform);
  return facts;
}

// Every manifest and config that the summaries need, each read once.
class Library {
 public:
  Library(const Reader& reader, const Repository& repository, std::size_t tags,
          const CallOptions& options)
      : reader_(reader),
        repository_(repository),
        options_(options),
        budget_(reader.options().read_limits, tags) {}

  void add(const Manifest& manifest) {
    if (!manifests_.emplace(manifest.digest(), manifest).second) return;
    budget_.take_document(manifest);
    want_parts_of(manifest);
  }
  void want(const Digest& digest) {
    if (asked_.insert(digest).second) wanted_.push_back(digest);
  }

  Status read_manifests() {
    std::size_t next = 0;
    return reader_.manifest_each(
        [&]() -> std::optional<Reference> {
          if (next == wanted_.size() || budget_.is_full()) return std::nullopt;
          return Reference::with_digest(repository_, wanted_[next++]);
        },
        [&](const Reference& reference, Result<Manifest> manifest) {
          if (manifest) {
            add(*manifest);
          } else {
            failed_.emplace(*reference.digest(), std::move(manifest).error());
          }
        },
        options_);
  }

  Status read_configs() {
    auto next = configs_.begin();
    return reader_.small_blob_each(
        [&]() -> std::optional<BlobOf> {
          if (next == configs_.end()) return std::nullopt;
          return BlobOf{repository_, (next++)->second};
        },
        [&](const BlobOf& blob, Result<std::string> bytes) {
          if (bytes) {
            facts_.emplace(blob.descriptor.digest, read_config(*bytes));
          } else {
            failed_.emplace(blob.descriptor.digest, std::move(bytes).error());
          }
        },
        options_);
  }

  const Manifest* manifest(const Digest& digest) const {
    const auto found = manifests_.find(digest);
    return found == manifests_.end() ? nullptr : &found->second;
  }
  const ConfigFacts* facts(const Digest& digest) const {
    const auto found = facts_.find(digest);
    return found == facts_.end() ? nullptr : &found->second;
  }
  // No value: it was read, or was not asked for.
  std::optional<Error> failure(const Digest& digest) const {
    const auto found = failed_.find(digest);
    return found == failed_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<Error> manifest_failure(const Digest& digest) const {
    if (manifests_.contains(digest)) return std::nullopt;
    if (auto failed = failure(digest); failed || !budget_.is_spent()) return failed;
    return make_error({"read the manifests of", repository_.registry(), repository_.path()},
                      ErrorCode::too_large, budget_.reason(),
                      "If that is meant to be so, " + budget_.remedy());
  }

 private:
  void want_parts_of(const Manifest& manifest) {
    for (const Descriptor& child : manifest.children()) {
      if (!asked_.contains(child.digest) && budget_.take_manifest()) want(child.digest);
    }
    if (manifest.config() && is_image_config(manifest.config()->media_type)) {
      configs_.emplace(manifest.config()->digest, *manifest.config());
    }
  }

  const Reader& reader_;
  const Repository& repository_;
  const CallOptions& options_;
  ReadBudget budget_;
  std::map<Digest, Manifest> manifests_;
  std::map<Digest, Descriptor> configs_;
  std::map<Digest, ConfigFacts> facts_;
  std::map<Digest, Error> failed_;
  std::set<Digest> asked_;
  std::vector<Digest> wanted_;
};

// One summary out of what the library has.
class Summarizer {
 public:
  explicit Summarizer(const Library& library) : library_(library) {}

  TagSummary run(const Manifest& top) {
    ImageSummary image{.digest = top.digest(), .media_type = top.media_type()};
    const Time created = visit(top, 1, nullptr);
    // The newest of some is not the newest of all.
    image.created = error_ || !size_is_known_ ? annotated_creation(top) : created;
    if (!error_ || size_is_known_) image.size = total_;
    image.platforms = std::move(platforms_);
    TagSummary summary;
    summary.image = std::move(image);
    summary.error = std::move(error_);
    return summary;
  }

 private:
  using Time = std::optional<std::chrono::sys_seconds>;

  Time visit(const Manifest& manifest, int depth, const Platform* stated) {
    if (manifest.kind() == Manifest::Kind::index) return visit_index(manifest, depth);
    if (manifest.config()) add_blob(*manifest.config());
    for (const Descriptor& layer : manifest.layers()) add_blob(layer);
    const ConfigFacts* config = nullptr;
    if (manifest.config()) {
      config = library_.facts(manifest.config()->digest);
      if (auto failure = library_.failure(manifest.config()->digest)) error_ = std::move(failure);
    }
    if (stated != nullptr) {
      add_platform(*stated);
    } else if (config != nullptr && config->platform) {
      add_platform(*config->platform);
    }
    const Time annotated = annotated_creation(manifest);
    if (annotated) return annotated;
    return config != nullptr ? config->created : Time();
  }

  Time visit_index(const Manifest& index, int depth) {
    Time newest;
    for (const Descriptor& child : index.children()) {
      const Manifest* manifest = depth > kMaxIndexDepth ? nullptr : library_.manifest(child.digest);
      if (manifest == nullptr) {
        note_missing(child.digest);
        continue;
      }
      if (!visited_.insert(child.digest).second) continue;
      const bool attestation = child.platform && child.platform->is_unknown();
      const Time created = visit(*manifest, depth + 1, child.platform ? &*child.platform : nullptr);
      if (!attestation && created && (!newest || *created > *newest)) newest = created;
    }
    const Time annotated = annotated_creation(index);
    return annotated ? annotated : newest;
  }

  // A child that the registry does not have takes no room; one that could not be read, who knows.
  void note_missing(const Digest& digest) {
    auto failure = library_.manifest_failure(digest);
    if (failure && failure->code == ErrorCode::not_found) return;
    size_is_known_ = false;
    if (failure) error_ = std::move(failure);
  }

  void add_blob(const Descriptor& blob) {
    if (blobs_.insert(blob.digest).second) total_ += blob.size;
  }
  void add_platform(const Platform& platform) {
    if (platform.is_unknown()) return;
    if (std::find(platforms_.begin(), platforms_.end(), platform) == platforms_.end()) {
      platforms_.push_back(platform);
    }
  }

  const Library& library_;
  std::set<Digest> blobs_;
  std::set<Digest> visited_;
  std::int64_t total_ = 0;
  bool size_is_known_ = true;
  std::vector<Platform> platforms_;
  std::optional<Error> error_;
};

// The digest of each tag, by one HEAD; failures go to their entries.
Status resolve(const Reader& reader, const Repository& repository,
               const std::vector<std::string>& tags, std::vector<TagSummary>& entries,
               std::map<std::string, Digest>& digests, const CallOptions& options) {
  std::map<std::string, std::optional<Error>> failed;
  std::size_t next = 0;
  Status status = reader.head_each(
      [&]() -> std::optional<Reference> {
        while (next < tags.size()) {
          auto reference = Reference::with_tag(repository, tags[next++]);
          if (reference) return *std::move(reference);
          failed.emplace(tags[next - 1], std::move(reference).error());
        }
        return std::nullopt;
      },
      [&](const Reference& reference, Result<Descriptor> head) {
        if (head) {
          digests.emplace(*reference.tag(), head->digest);
        } else {
          failed.emplace(*reference.tag(), std::move(head).error());
        }
      },
      options);
  for (std::size_t i = 0; i < tags.size(); ++i) {
    entries[i].tag = tags[i];
    if (const auto found = failed.find(tags[i]); found != failed.end()) {
      entries[i].error = found->second;
    }
  }
  return status;
}

}  // namespace

Result<std::vector<TagSummary>> summarize_tags(const Reader& reader, const Repository& repository,
                                               const std::vector<std::string>& tags,
                                               const CallOptions& options) {
  std::vector<TagSummary> entries(tags.size());
  std::map<std::string, Digest> digests;
  if (Status status = resolve(reader, repository, tags, entries, digests, options); !status) {
    return Unexpected(std::move(status).error());
  }
  Library library(reader, repository, tags.size(), options);
  for (const auto& [tag, digest] : digests) library.want(digest);
  if (Status status = library.read_manifests(); !status) {
    return Unexpected(std::move(status).error());
  }
  if (Status status = library.read_configs(); !status) return Unexpected(std::move(status).error());
  for (TagSummary& entry : entries) {
    const auto digest = digests.find(entry.tag);
    if (digest == digests.end()) continue;
    if (const Manifest* manifest = library.manifest(digest->second)) {
      std::string tag = std::move(entry.tag);
      entry = Summarizer(library).run(*manifest);
      entry.tag = std::move(tag);
    } else {
      entry.image = ImageSummary{.digest = digest->second};
      entry.error = library.manifest_failure(digest->second);
    }
  }
  return entries;
}

Result<ImageSummary> summarize_image(const Reader& reader, const Repository& repository,
                                     const Manifest& manifest, const CallOptions& options) {
  Library library(reader, repository, 1, options);
  library.add(manifest);
  if (Status status = library.read_manifests(); !status) {
    return Unexpected(std::move(status).error());
  }
  if (Status status = library.read_configs(); !status) return Unexpected(std::move(status).error());
  TagSummary summary = Summarizer(library).run(manifest);
  if (summary.error) return Unexpected(*std::move(summary.error));
  return *std::move(summary.image);
}

}  // namespace purser
