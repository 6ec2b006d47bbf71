// Images, indexes and artifacts as bytes: made without Purser's own code, so that a mistake in that
// code cannot hide behind the same mistake here. Same input, same bytes, same digest.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::testing {

// "sha256:…" of the bytes, by OpenSSL.
std::string digest_of(std::string_view bytes);

enum class MediaTypes { oci, docker };

struct BuiltBlob {
  std::string media_type = {};
  std::string bytes = {};
  std::string digest = {};
};

// A manifest or index with all that it needs, ready to be pushed.
struct BuiltManifest {
  std::string media_type = {};
  std::string bytes = {};
  std::string digest = {};
  std::string os = {};
  std::string architecture = {};
  std::string variant = {};
  std::string artifact_type = {};
  std::vector<BuiltBlob> blobs = {};         // an image's config and layers
  std::vector<BuiltManifest> children = {};  // an index's
};

struct ImageSpec {
  MediaTypes types = MediaTypes::oci;
  std::string os = "linux";
  std::string architecture = "amd64";
  std::string variant = {};
  std::string created = "2024-01-02T03:04:05Z";  // empty: no such member in the config
  // The bytes of each layer: any, for a registry does not look into them.
  std::vector<std::string> layers = {"a layer"};
  std::map<std::string, std::string> labels = {};
  std::map<std::string, std::string> annotations = {};
};
BuiltManifest build_image(const ImageSpec& spec = {});

struct IndexSpec {
  MediaTypes types = MediaTypes::oci;
  std::map<std::string, std::string> annotations = {};
};
// Children may be indexes.
BuiltManifest build_index(const std::vector<BuiltManifest>& children, const IndexSpec& spec = {});

struct ArtifactSpec {
  std::string artifact_type = "application/vnd.example.sbom";
  std::string content = "a bill of materials";
  std::map<std::string, std::string> annotations = {};
};
// An OCI manifest with the empty config, and with `subject` if there is one (OCI 1.1 referrers).
BuiltManifest build_artifact(const std::optional<BuiltManifest>& subject,
                             const ArtifactSpec& spec = {});
// As cosign signs: no subject, found by its tag, which is `digest_tag(digest, ".sig")`.
BuiltManifest build_signature(std::string_view signed_digest);
// "sha256-<hex>" and the suffix; without one it is the fallback tag of the referrers.
std::string digest_tag(std::string_view digest, std::string_view suffix = "");

}  // namespace purser::testing
