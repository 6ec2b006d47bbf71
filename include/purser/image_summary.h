// What an image is, at a glance: for `tags --long` and `inspect`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/client.h"
#include "purser/manifest.h"
#include "purser/reference.h"
#include "purser/result.h"

namespace purser {

struct ImageSummary {
  Digest digest;
  std::string media_type = {};
  // Bytes of config and layers, each distinct blob once; of an index the sum over its children that
  // the registry has. No value where it could not be read.
  std::optional<std::int64_t> size = {};
  // The annotation org.opencontainers.image.created, else the config's `created`; of an index its
  // own annotation, else the newest of its children. No value where none is given, or only one of
  // the dates of reproducible builds (up to 1980).
  std::optional<std::chrono::sys_seconds> created = {};
  std::vector<Platform> platforms = {};  // each once, in the index's order
};

struct TagSummary {
  std::string tag = {};
  std::optional<ImageSummary> image = {};  // none where the tag itself could not be read
  // What could not be read. With an image: a part of it, whose fields have no value then.
  std::optional<Error> error = {};
};

// One entry for each of `tags`, in their order. Reads at most one HEAD a tag and one GET for each
// distinct manifest and config, in the bounded window of the reader. Errors: cancelled alone; the
// failure of a tag is in its entry.
Result<std::vector<TagSummary>> summarize_tags(const Reader& reader, const Repository& repository,
                                               const std::vector<std::string>& tags,
                                               const CallOptions& options = {});

// The same for a manifest that was read already. Errors: as of the reads.
Result<ImageSummary> summarize_image(const Reader& reader, const Repository& repository,
                                     const Manifest& manifest, const CallOptions& options = {});

// "2024-01-31T12:00:00Z".
std::string to_rfc3339(std::chrono::sys_seconds time);
// RFC 3339, any offset; fractions of a second are cut off. No value for anything else.
std::optional<std::chrono::sys_seconds> parse_rfc3339(std::string_view text);

}  // namespace purser
