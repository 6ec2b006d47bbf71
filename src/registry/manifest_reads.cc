#include "registry/manifest_reads.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "registry/quirks.h"

namespace purser {
namespace {

// Everything that Purser reads, exactly so: without the OCI types docker-registry 2.8.2 answers 404
// or the digest of something else, and a delete by that digest would hit the wrong manifest (A-46,
//
constexpr const char* kAccept =
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

Ask manifest_request(const ClientCore& core, const Reference& reference, const char* method,
                     std::string verb) {
  Ask ask;
  ask.method = method;
  ask.target =
      fmt::format("/v2/{}/manifests/{}", reference.repository().path(), reference.target());
  ask.headers = {{"Accept", kAccept}};
  ask.scope = scope_of(reference.repository(), "pull");
  ask.repository = reference.repository().path();
  ask.max_body_bytes = kMaxManifestBytes;
  ask.operation = core.operation(std::move(verb), reference);
  return ask;
}

std::optional<Digest> announced_digest(const http::Response& response) {
  const auto header = response.headers.get("Docker-Content-Digest");
  if (!header) return std::nullopt;
  auto digest = Digest::parse(*header);
  return digest ? std::optional(*std::move(digest)) : std::nullopt;
}

std::optional<std::int64_t> content_length(const http::Response& response) {
  const auto header = response.headers.get("Content-Length");
  if (!header) return std::nullopt;
  std::int64_t length = 0;
  const auto [end, failed] =
      std::from_chars(header->data(), header->data() + header->size(), length);
  const bool whole = failed == std::errc() && end == header->data() + header->size();
  return whole && length >= 0 ? std::optional(length) : std::nullopt;
}

}  // namespace

Ask head_ask(const ClientCore& core, const Reference& reference) {
  return manifest_request(core, reference, "HEAD", "read the digest of");
}

Ask manifest_ask(const ClientCore& core, const Reference& reference) {
  return manifest_request(core, reference, "GET", "read the manifest of");
}

Ask blob_ask(const ClientCore& core, const Repository& repository, const Descriptor& descriptor) {
  Ask ask;
  ask.target = fmt::format("/v2/{}/blobs/{}", repository.path(), descriptor.digest.str());
  ask.scope = scope_of(repository, "pull");
  ask.repository = repository.path();
  ask.max_body_bytes = kMaxSmallBlobBytes;
  ask.content = descriptor.digest;
  ask.operation =
      core.operation("read the blob", Reference::with_digest(repository, descriptor.digest));
  return ask;
}

Result<std::optional<Descriptor>> read_head(const ClientCore& core, const Ask& ask,
                                            const Reference& reference,
                                            const http::Response& response) {
  if (quirks::only_get_can_tell(response.status)) return std::optional<Descriptor>();
  if (response.status != 200) return Unexpected(core.failure(ask, response));
  const std::optional<Digest> digest = announced_digest(response);
  const std::optional<std::int64_t> size = content_length(response);
  if (!digest || !size) return std::optional<Descriptor>();
  if (reference.digest() && *reference.digest() != *digest) return std::optional<Descriptor>();
  return std::optional(Descriptor{
      .media_type = media_type::normalize(response.headers.get("Content-Type").value_or("")),
      .digest = *digest,
      .size = *size});
}

Result<Manifest> read_manifest(const ClientCore& core, const Ask& ask, const Reference& reference,
                               http::Response response) {
  if (response.status != 200) {
    Error error = core.failure(ask, response);
    if (error.code == ErrorCode::not_found && !reference.digest()) {
      error.hint =
          "Check the name: purser tags " + reference.repository().str() + " lists what is there";
    }
    return Unexpected(std::move(error));
  }
  // By digest, the digest asked for is the only one that counts; by tag, the one announced.
  std::optional<Digest> expected = reference.digest();
  if (!expected) expected = announced_digest(response);
  const std::string type(response.headers.get("Content-Type").value_or(""));
  auto manifest = Manifest::parse(std::move(response.body), type, expected);
  if (manifest) return manifest;
  Error error = std::move(manifest).error();
  error.operation.clear();  // a document cannot know where it was read
  return Unexpected(core.told(std::move(error), ask.operation));
}

Result<std::string> read_blob(const ClientCore& core, const Ask& ask, const Descriptor& descriptor,
                              http::Response response) {
  if (response.status != 200) return Unexpected(core.failure(ask, response));
  // A descriptor that lies about the size is not to be trusted, whoever is right (C.1-6). None says
  // a size of 0 and means it: a blob that is read here has JSON in it.
  if (descriptor.size > 0 && std::cmp_not_equal(descriptor.size, response.body.size())) {
    return Unexpected(make_error(
        ask.operation, ErrorCode::digest_mismatch,
        fmt::format("it has {} bytes, and the manifest says {}", response.body.size(),
                    descriptor.size),
        "The manifest was not made by a tool that can be relied on; build and push it again"));
  }
  if (descriptor.digest.matches(response.body)) return std::move(response.body);
  return Unexpected(
      make_error(ask.operation, ErrorCode::digest_mismatch,
                 fmt::format("the {} bytes that the registry sent do not hash to this digest",
                             response.body.size()),
                 "The registry's storage, or something on the way, is damaged"));
}

}  // namespace purser
