#include "testing/image_builder.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace purser::testing {
namespace {

using Json = nlohmann::ordered_json;

// What the empty config of an artifact is (image-spec, "Guidance for an empty descriptor").
constexpr std::string_view kEmptyJson = "{}";

struct Names {
  std::string_view manifest;
  std::string_view config;
  std::string_view layer;
  std::string_view index;
};
constexpr Names kOci = {
    "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.index.v1+json"};
constexpr Names kDocker = {"application/vnd.docker.distribution.manifest.v2+json",
                           "application/vnd.docker.container.image.v1+json",
                           "application/vnd.docker.image.rootfs.diff.tar.gzip",
                           "application/vnd.docker.distribution.manifest.list.v2+json"};

const Names& names_of(MediaTypes types) { return types == MediaTypes::oci ? kOci : kDocker; }

BuiltBlob blob(std::string_view media_type, std::string_view bytes) {
  return {std::string(media_type), std::string(bytes), digest_of(bytes)};
}

Json descriptor(std::string_view media_type, std::string_view bytes, std::string_view digest) {
  return {{"mediaType", media_type}, {"digest", digest}, {"size", bytes.size()}};
}

Json descriptor(const BuiltBlob& blob) {
  return descriptor(blob.media_type, blob.bytes, blob.digest);
}

Json descriptor(const BuiltManifest& manifest) {
  Json json = descriptor(manifest.media_type, manifest.bytes, manifest.digest);
  if (!manifest.artifact_type.empty()) json["artifactType"] = manifest.artifact_type;
  if (!manifest.os.empty()) {
    json["platform"] = {{"architecture", manifest.architecture}, {"os", manifest.os}};
    if (!manifest.variant.empty()) json["platform"]["variant"] = manifest.variant;
  }
  return json;
}

std::string config_of(const ImageSpec& spec) {
  Json json = {{"architecture", spec.architecture}, {"os", spec.os}};
  if (!spec.variant.empty()) json["variant"] = spec.variant;
  if (!spec.created.empty()) json["created"] = spec.created;
  json["config"] = Json::object();
  if (!spec.labels.empty()) json["config"]["Labels"] = spec.labels;
  Json diff_ids = Json::array();
  for (const std::string& layer : spec.layers) diff_ids.push_back(digest_of(layer));
  json["rootfs"] = {{"type", "layers"}, {"diff_ids", diff_ids}};
  return json.dump();
}

Json image_json(const Names& names, const std::vector<BuiltBlob>& blobs) {
  Json json = {{"schemaVersion", 2}, {"mediaType", names.manifest}};
  json["config"] = descriptor(blobs.front());
  json["layers"] = Json::array();
  for (std::size_t i = 1; i < blobs.size(); ++i) json["layers"].push_back(descriptor(blobs[i]));
  return json;
}

BuiltManifest seal(std::string_view media_type, const Json& json) {
  BuiltManifest manifest;
  manifest.media_type = media_type;
  manifest.bytes = json.dump(3);  // as docker and skopeo indent: bytes that no parser gives back
  manifest.digest = digest_of(manifest.bytes);
  return manifest;
}

}  // namespace

std::string digest_of(std::string_view bytes) {
  std::array<unsigned char, 32> hash{};
  EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  std::string text = "sha256:";
  for (const unsigned char byte : hash) text += fmt::format("{:02x}", byte);
  return text;
}

BuiltManifest build_image(const ImageSpec& spec) {
  const Names& names = names_of(spec.types);
  std::vector<BuiltBlob> blobs = {blob(names.config, config_of(spec))};
  for (const std::string& layer : spec.layers) blobs.push_back(blob(names.layer, layer));
  Json json = image_json(names, blobs);
  if (!spec.annotations.empty()) json["annotations"] = spec.annotations;

  BuiltManifest image = seal(names.manifest, json);
  image.os = spec.os;
  image.architecture = spec.architecture;
  image.variant = spec.variant;
  image.blobs = std::move(blobs);
  return image;
}

BuiltManifest build_index(const std::vector<BuiltManifest>& children, const IndexSpec& spec) {
  const Names& names = names_of(spec.types);
  Json json = {{"schemaVersion", 2}, {"mediaType", names.index}, {"manifests", Json::array()}};
  for (const BuiltManifest& child : children) json["manifests"].push_back(descriptor(child));
  if (!spec.annotations.empty()) json["annotations"] = spec.annotations;

  BuiltManifest index = seal(names.index, json);
  index.children = children;
  return index;
}

BuiltManifest build_artifact(const std::optional<BuiltManifest>& subject,
                             const ArtifactSpec& spec) {
  std::vector<BuiltBlob> blobs = {blob("application/vnd.oci.empty.v1+json", kEmptyJson),
                                  blob("application/octet-stream", spec.content)};
  Json json = image_json(kOci, blobs);
  json["artifactType"] = spec.artifact_type;
  if (subject) {
    json["subject"] = descriptor(subject->media_type, subject->bytes, subject->digest);
  }
  if (!spec.annotations.empty()) json["annotations"] = spec.annotations;

  BuiltManifest artifact = seal(kOci.manifest, json);
  artifact.artifact_type = spec.artifact_type;
  artifact.blobs = std::move(blobs);
  return artifact;
}

BuiltManifest build_signature(std::string_view signed_digest) {
  const Json payload = {
      {"critical", {{"image", {{"docker-manifest-digest", signed_digest}}}, {"type", "cosign"}}}};
  std::vector<BuiltBlob> blobs = {
      blob(kOci.config, config_of({.created = {}, .layers = {payload.dump()}})),
      blob("application/vnd.dev.cosign.simplesigning.v1+json", payload.dump())};
  BuiltManifest signature = seal(kOci.manifest, image_json(kOci, blobs));
  signature.blobs = std::move(blobs);
  return signature;
}

std::string digest_tag(std::string_view digest, std::string_view suffix) {
  std::string tag(digest);
  tag.replace(tag.find(':'), 1, "-");
  return tag.append(suffix);
}

}  // namespace purser::testing
