#include "retention/guarded_put.h"

#include <fmt/format.h>

#include <utility>

#include "registry/registry_error.h"

namespace purser {
namespace {

Error changed(const Reference& tag, std::string message, std::string hint = {}) {
  Error error;
  error.code = ErrorCode::changed;
  error.message = std::move(message);
  error.operation = "put a manifest back onto";
  error.registry = tag.repository().registry();
  error.subject = tag.repository().path() + ":" + *tag.tag();
  error.hint = std::move(hint);
  return error;
}

Result<std::optional<Digest>> look(const Client& client, const Reference& tag) {
  auto head = client.head(tag);
  if (head) return std::optional(head->digest);
  if (is_confirmed_absence(head.error())) return std::optional<Digest>();
  return Unexpected(std::move(head).error());
}

// Its manifest is still there under its digest: only the tag was taken from it.
Error give_back(const Client& client, const Reference& tag, const Digest& theirs) {
  const std::string pushed = fmt::format("somebody pushed {} to it meanwhile", theirs.str());
  auto manifest = client.manifest(Reference::with_digest(tag.repository(), theirs));
  if (manifest) {
    auto put = client.put_manifest(tag, manifest->raw(), manifest->media_type());
    if (put) return changed(tag, pushed + ", which is on it again");
    manifest = Unexpected(std::move(put).error());
  }
  return changed(
      tag,
      fmt::format("{}, and that could not be put back: {}", pushed, to_string(manifest.error())),
      fmt::format("Put it back: purser tag {}@{} {}", tag.repository().str(), theirs.str(),
                  *tag.tag()));
}

}  // namespace

Status put_if_unchanged(const Client& client, const Reference& tag,
                        const std::optional<Digest>& seen, const Manifest& manifest) {
  auto now = look(client, tag);
  if (!now) return Unexpected(std::move(now).error());
  if (*now != seen) {
    return Unexpected(changed(tag, *now ? fmt::format("it points at {} by now", (*now)->str())
                                        : std::string("somebody removed it meanwhile")));
  }
  auto put = client.put_manifest(tag, manifest.raw(), manifest.media_type());
  if (!put) return Unexpected(std::move(put).error());
  if (put->previous && put->previous != seen) {
    return Unexpected(give_back(client, tag, *put->previous));
  }
  return {};
}

}  // namespace purser
