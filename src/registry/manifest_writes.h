// Putting and deleting manifests: the single requests, for Client's operations and for untag.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "purser/client.h"
#include "purser/manifest.h"
#include "registry/client_core.h"

namespace purser {

// PUT of the bytes to a tag or digest. The digest that the registry returned was compared with the
// bytes' own; one of another algorithm, or none, says nothing.
// Errors: as Client::put_manifest; digest_mismatch.
Status put_bytes(const ClientCore& core, const Repository& repository, const std::string& target,
                 const Manifest& manifest, const CallOptions& options);

// Makes the tag point at exactly this manifest again, and looks whether it does. Not to be stopped:
// it is what an interrupted or failed change is undone with.
Status restore_tag(const Client& client, const ClientCore& core, const Repository& repository,
                   const std::string& tag, const Manifest& original);

// What became of a manifest that was asked to be deleted.
struct DeleteOutcome {
  Status status;           // success: confirmed gone
  bool plain_202 = false;  // the registry said so itself, at once
};
DeleteOutcome delete_digest(const Reader& reader, const ClientCore& core,
                            const Repository& repository, const Digest& digest,
                            const CallOptions& options);

// Of the error of a DELETE by digest: did the registry itself answer that it did not act? Anything
// else leaves open whether it did, or will.
bool says_not_done(const Error& error);

// DELETE of a tag by its name: the answer, whatever its status.
Result<http::Response> delete_by_tag(const ClientCore& core, const Repository& repository,
                                     const std::string& tag, const CallOptions& options);

// Is that the answer of a registry that deletes by digest alone?
bool says_no_tag_delete(int status);

// Refuses where deletes are not known to be enabled; asks once a repository.
Status require_deletes(const Client& client, const ClientCore& core, const Repository& repository,
                       const Operation& operation, const CallOptions& options);

}  // namespace purser
