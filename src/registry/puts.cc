// Putting and tagging manifests (A-53, A-54).
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "core/json.h"
#include "core/text.h"
#include "purser/client.h"
#include "registry/manifest_reads.h"
#include "registry/manifest_writes.h"
#include "registry/quirks.h"

namespace purser {
namespace {

// A commit of a large index takes some registries long (A-95).
constexpr int kPutTimeoutFactor = 5;

Error put_failure(const ClientCore& core, const Ask& ask, const http::Response& response) {
  Error error = core.failure(ask, response);
  const ServerErrors errors = read_error_body(response);
  if (quirks::names_a_missing_part(errors)) {
    error.code = ErrorCode::not_found;
    error.hint = "Push the config, the layers and the child manifests first";
  } else if (quirks::says_too_large(response.status, errors)) {
    error.code = ErrorCode::too_large;
  } else if (errors.has("MANIFEST_INVALID") || errors.has("DIGEST_INVALID") ||
             errors.has("TAG_INVALID") || errors.has("NAME_INVALID")) {
    error.code = ErrorCode::invalid_argument;
  } else if (error.code == ErrorCode::unsupported) {
    error.hint = "The registry may be read-only";
  } else if (error.code == ErrorCode::conflict || error.code == ErrorCode::forbidden) {
    error.hint = "The tag may be immutable, or this account may not push here";
  }
  return error;
}

// The document's own `mediaType`; empty without one.
std::string stated_media_type(std::string_view bytes) {
  auto document = json::parse_strict(bytes);
  if (!document || !document->is_object()) return {};
  auto type = json::find_string(*document, "mediaType");
  return type ? type->value_or("") : std::string();
}

Result<Manifest> parse_to_put(std::string_view bytes, std::string_view media_type,
                              const Operation& operation) {
  if (media_type.empty() && !json::parse_strict(bytes)) {
    return Unexpected(make_error(
        operation, ErrorCode::invalid_argument, "the document is not the JSON of a manifest",
        "Give the manifest's own bytes, as `purser manifest --raw` prints them"));
  }
  if (media_type.empty() && stated_media_type(bytes).empty()) {
    return Unexpected(make_error(operation, ErrorCode::invalid_argument,
                                 "no media type was given, and the document has none of its own",
                                 "Give it with --media-type"));
  }
  auto manifest = Manifest::parse(std::string(bytes), media_type);
  if (manifest) return manifest;
  Error error = in_context(std::move(manifest).error(), operation);
  // What was given is the caller's, not the registry's answer.
  if (error.code == ErrorCode::bad_response) error.code = ErrorCode::invalid_argument;
  return Unexpected(std::move(error));
}

// What the tag points at before it moves, so that it can be put back.
Result<std::optional<Digest>> digest_before(const Reader& reader, const Repository& repository,
                                            const std::string& tag, const CallOptions& options) {
  auto reference = Reference::with_tag(repository, tag);
  if (!reference) return Unexpected(std::move(reference).error());
  auto head = reader.head(*reference, options);
  if (head) return std::optional(head->digest);
  if (head.error().code == ErrorCode::not_found) return std::optional<Digest>();
  return Unexpected(std::move(head).error());
}

Result<PutResult> put_and_check(const Reader& reader, const ClientCore& core,
                                const Repository& repository, const std::optional<std::string>& tag,
                                const Manifest& manifest, const Operation& operation,
                                const CallOptions& options) {
  PutResult result{.digest = manifest.digest()};
  if (tag) {
    auto before = digest_before(reader, repository, *tag, options);
    if (!before) return Unexpected(std::move(before).error());
    if (*before && **before != manifest.digest()) result.previous = **std::move(before);
  }
  const std::string target = tag ? *tag : manifest.digest().str();
  Status done = put_bytes(core, repository, target, manifest, options).status;
  if (done) done = check_served(reader, repository, manifest.digest(), operation, options);
  if (done) return result;
  Error error = std::move(done).error();
  // The tag may have moved all the same.
  if (result.previous) {
    error.message += fmt::format(" (before this the tag pointed at {})", result.previous->str());
  }
  return Unexpected(std::move(error));
}

}  // namespace

Status check_served(const Reader& reader, const Repository& repository, const Digest& digest,
                    const Operation& operation, const CallOptions& options) {
  auto head = reader.head(Reference::with_digest(repository, digest), options);
  if (head) return {};
  Error error =
      make_error(operation, head.error().code,
                 fmt::format("the registry took the manifest {}, and does not serve it: {}",
                             digest.str(), head.error().message),
                 "Restart the registry, if its garbage was collected while it ran, and "
                 "push again");
  error.http = head.error().http;
  return Unexpected(std::move(error));
}

PutOutcome put_bytes(const ClientCore& core, const Repository& repository,
                     const std::string& target, const Manifest& manifest,
                     const CallOptions& options) {
  Ask ask;
  ask.method = "PUT";
  ask.target = fmt::format("/v2/{}/manifests/{}", repository.path(), target);
  ask.headers = {{"Content-Type", manifest.media_type()}};
  ask.body = std::make_shared<const std::string>(manifest.raw());
  ask.scope = scope_of(repository, "pull,push");
  ask.repository = repository.path();
  ask.timeout_factor = kPutTimeoutFactor;
  ask.operation = core.operation(
      "put the manifest",
      repository.path() + (target.find(':') == std::string::npos ? ":" : "@") + target);
  Result<http::Response> answer = core.send(ask, options);
  if (!answer) return {Unexpected(std::move(answer).error())};
  if (answer->status < 200 || answer->status > 204 || answer->status == 203) {
    return {Unexpected(put_failure(core, ask, *answer))};
  }
  const auto header = answer->headers.get("Docker-Content-Digest");
  if (!header) return {};
  auto returned = Digest::parse(*header);
  if (!returned || returned->algorithm() != manifest.digest().algorithm()) return {};
  if (*returned == manifest.digest()) return {};
  return {
      Unexpected(make_error(ask.operation, ErrorCode::digest_mismatch,
                            fmt::format("the registry stored it as {}, and its digest is {}",
                                        returned->str(), manifest.digest().str()),
                            "The registry changes what is pushed to it; do not rely on this tag")),
      *returned};
}

Result<PutResult> Client::put_manifest(const Reference& reference, std::string_view bytes,
                                       std::string_view media_type,
                                       const CallOptions& options) const {
  const Operation operation = core_->operation("put the manifest", reference);
  if (Status status = core_->check_registry(reference.repository(), operation); !status) {
    return Unexpected(std::move(status).error());
  }
  auto manifest = parse_to_put(bytes, media_type, operation);
  if (!manifest) return Unexpected(std::move(manifest).error());
  if (reference.digest() && !reference.digest()->matches(bytes)) {
    return Unexpected(
        make_error(operation, ErrorCode::invalid_argument,
                   fmt::format("the document's digest is {}", manifest->digest().str()),
                   "Leave out the digest, or give the document that it belongs to"));
  }
  return put_and_check(*this, *core_, reference.repository(), reference.tag(), *manifest, operation,
                       options);
}

Result<PutResult> Client::tag(const Reference& reference, std::string_view new_tag,
                              const CallOptions& options) const {
  const Operation operation = core_->operation("tag", reference);
  if (!is_valid_tag(new_tag)) {
    return Unexpected(make_error(
        operation, ErrorCode::invalid_argument,
        fmt::format("\"{}\" is not a valid tag", sanitize_for_terminal(new_tag)),
        "A tag has letters, digits, '_', '.' and '-', begins with one of the first three kinds, "
        "and has at most 128 characters"));
  }
  auto manifest = this->manifest(reference, options);
  if (!manifest) return Unexpected(std::move(manifest).error());
  return put_and_check(*this, *core_, reference.repository(), std::string(new_tag), *manifest,
                       operation, options);
}

}  // namespace purser
