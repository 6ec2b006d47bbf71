// Reading manifests: the requests and what their answers mean, shared by single and bulk calls.
#pragma once

#include <optional>
#include <string>

#include "purser/manifest.h"
#include "purser/reference.h"
#include "registry/client_core.h"

namespace purser {

Ask head_ask(const ClientCore& core, const Reference& reference);
Ask manifest_ask(const ClientCore& core, const Reference& reference);
Ask blob_ask(const ClientCore& core, const Repository& repository, const Descriptor& descriptor);

// What a HEAD says, or no value where only a GET can tell: no digest, no length, another
// digest than the one asked for, or a status that some servers give to HEAD alone.
// Errors: as the status says.
Result<std::optional<Descriptor>> read_head(const ClientCore& core, const Ask& ask,
                                            const Reference& reference,
                                            const http::Response& response);
// Hashed and checked.
Result<Manifest> read_manifest(const ClientCore& core, const Ask& ask, const Reference& reference,
                               http::Response response);
Result<std::string> read_blob(const ClientCore& core, const Ask& ask, const Descriptor& descriptor,
                              http::Response response);

}  // namespace purser
