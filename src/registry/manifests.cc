// Manifests and small blobs, one at a time.
#include <fmt/format.h>

#include <utility>

#include "purser/client.h"
#include "registry/client_core.h"
#include "registry/manifest_reads.h"

namespace purser {

Result<Descriptor> Reader::head(const Reference& reference, const CallOptions& options) const {
  const Ask ask = head_ask(*core_, reference);
  if (Status status = core_->check_registry(reference.repository(), ask.operation); !status) {
    return Unexpected(std::move(status).error());
  }
  Result<http::Response> answer = core_->send(ask, options);
  if (!answer) return Unexpected(std::move(answer).error());
  Result<std::optional<Descriptor>> head = read_head(*core_, ask, reference, *answer);
  if (!head) return Unexpected(std::move(head).error());
  if (*head) return **std::move(head);
  Result<Manifest> manifest = this->manifest(reference, options);
  if (!manifest) return Unexpected(std::move(manifest).error());
  return manifest->descriptor();
}

Result<Manifest> Reader::manifest(const Reference& reference, const CallOptions& options) const {
  const Ask ask = manifest_ask(*core_, reference);
  if (Status status = core_->check_registry(reference.repository(), ask.operation); !status) {
    return Unexpected(std::move(status).error());
  }
  Result<http::Response> answer = core_->send(ask, options);
  if (!answer) return Unexpected(std::move(answer).error());
  return read_manifest(*core_, ask, reference, *std::move(answer));
}

Result<std::string> Reader::small_blob(const Repository& repository, const Descriptor& descriptor,
                                       const CallOptions& options) const {
  const Ask ask = blob_ask(*core_, repository, descriptor);
  if (Status status = core_->check_registry(repository, ask.operation); !status) {
    return Unexpected(std::move(status).error());
  }
  Result<http::Response> answer = core_->send(ask, options);
  if (!answer) return Unexpected(std::move(answer).error());
  return read_blob(*core_, ask, descriptor, *std::move(answer));
}

}  // namespace purser
