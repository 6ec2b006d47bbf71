// Putting and deleting manifests: the single requests, for Client's operations and for untag.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "purser/client.h"
#include "purser/manifest.h"
#include "registry/client_core.h"

namespace purser {

// What became of a manifest that was put.
struct PutOutcome {
  Status status;  // errors: as Client::put_manifest; digest_mismatch
  // The digest that the registry returned, where it is of the same algorithm and does not fit the
  // bytes; one of another algorithm, or none, says nothing.
  std::optional<Digest> stored_as = {};
};
// PUT of the bytes to a tag or digest.
PutOutcome put_bytes(const ClientCore& core, const Repository& repository,
                     const std::string& target, const Manifest& manifest,
                     const CallOptions& options);

// A registry can take a manifest and not serve it afterwards: docker-registry 2.8.2 with its cache,
// after a garbage collection.
Status check_served(const Reader& reader, const Repository& repository, const Digest& digest,
                    const Operation& operation, const CallOptions& options);

// What became of a manifest that was asked to be deleted.
struct DeleteOutcome {
  Status status;           // success: confirmed gone
  bool plain_202 = false;  // the registry said so itself, at once
};
DeleteOutcome delete_digest(const Reader& reader, const ClientCore& core,
                            const Repository& repository, const Digest& digest,
                            const CallOptions& options);

// Of the error of a DELETE by digest: was it not sent, or did the registry itself answer that it
// did not act? Anything else leaves open whether it did, or will.
bool says_not_done(const Error& error);

// DELETE of a tag by its name: the answer, whatever its status.
Result<http::Response> delete_by_tag(const ClientCore& core, const Repository& repository,
                                     const std::string& tag, const CallOptions& options);
Error tag_delete_failure(const ClientCore& core, const Repository& repository,
                         const std::string& tag, const http::Response& response);

// Refuses where deletes are not known to be enabled; asks once a repository.
Status require_deletes(const Client& client, const ClientCore& core, const Repository& repository,
                       const Operation& operation, const CallOptions& options);

}  // namespace purser
