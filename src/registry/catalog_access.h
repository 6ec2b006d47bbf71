// Why a catalog could not be read: not there, not allowed, or not logged in.
#pragma once

#include "purser/client.h"
#include "registry/client_core.h"

namespace purser {

// Many registries have no catalog and say so with 401, 403, 404 or 405. `unsupported` for those; a
// wrong password stays what it is: that is told by whether the same credentials open /v2/.
Error catalog_failure(const ClientCore& core, Error error, const CallOptions& options);

}  // namespace purser
