// Manifests are bytes: kept, hashed, stored and pushed as they were received. The parsed view is
// read-only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/descriptor.h"
#include "purser/digest.h"
#include "purser/result.h"

namespace purser {

namespace media_type {
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerSchema1 =
    "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr std::string_view kDockerSchema1Signed =
    "application/vnd.docker.distribution.manifest.v1+prettyjws";

// Lower case, without parameters: "Application/JSON; charset=utf-8" is "application/json".
std::string normalize(std::string_view content_type);
bool is_schema1(std::string_view media_type);
// One of the four that Purser reads.
bool is_known_manifest(std::string_view media_type);
}  // namespace media_type

// The default limit of a manifest's size in bytes.
inline constexpr std::size_t kMaxManifestBytes = 4 * 1024 * 1024;

// A manifest or index of one of the four media types, or an unknown one kept as unknown.
// Cheap to copy: copies share the bytes. Thread rule: immutable, safe to share.
class Manifest {
 public:
  enum class Kind { image, index, unknown };

  // `media_type` is what the Content-Type said, may be empty; then, or where it is generic
  // (text/plain, application/json, application/octet-stream), the document's own `mediaType` or its
  // shape decides. `expected`, if given, is the digest that the bytes must have (A-48,
  // Errors: digest_mismatch; too_large; unsupported for schema1; bad_response where the
  // document is not valid JSON, has duplicate keys, is nested deeper than 64, contradicts its media
  // type, or has a malformed descriptor.
  static Result<Manifest> parse(std::string raw, std::string_view media_type,
                                const std::optional<Digest>& expected = std::nullopt);

  Kind kind() const noexcept;
  const std::string& raw() const noexcept;
  const std::string& media_type() const noexcept;
  const Digest& digest() const noexcept;
  // media type, digest and size of the document itself.
  Descriptor descriptor() const;

  // An image's config and layers; empty for an index.
  const std::optional<Descriptor>& config() const noexcept;
  const std::vector<Descriptor>& layers() const noexcept;
  // An index's children, in its order; empty for an image.
  const std::vector<Descriptor>& children() const noexcept;
  // What this manifest refers to (OCI 1.1 `subject`).
  const std::optional<Descriptor>& subject() const noexcept;
  // `artifactType`, else the config's media type for an image; empty for an index without one.
  const std::string& artifact_type() const noexcept;
  const std::map<std::string, std::string>& annotations() const noexcept;

 private:
  struct View;
  explicit Manifest(std::shared_ptr<const View> view) : view_(std::move(view)) {}
  std::shared_ptr<const View> view_;
};

std::string_view to_string(Manifest::Kind kind);

}  // namespace purser
