#include "registry/catalog_access.h"

#include <utility>

#include "registry/ping.h"

namespace purser {

Error catalog_failure(const ClientCore& core, Error error, const CallOptions& options) {
  switch (error.code) {
    case ErrorCode::not_found:
    case ErrorCode::unsupported:
      error.message = "this registry has no catalog (" + error.message + ")";
      break;
    case ErrorCode::unauthorized:
    case ErrorCode::forbidden: {
      const Result<http::Response> base = core.send(base_ask(core), options);
      if (!base || base->status == 401) return error;
      error.message =
          "this registry does not show its catalog to this account (" + error.message + ")";
      break;
    }
    default:
      return error;
  }
  error.code = ErrorCode::unsupported;
  error.hint = "Name the repositories: REGISTRY/REPO, or --repos-file FILE";
  return error;
}

}  // namespace purser
