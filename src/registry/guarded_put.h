// Puts a manifest onto a tag only if the tag is as it was seen.
#pragma once

#include <optional>
#include <vector>

#include "purser/client.h"
#include "registry/client_core.h"

namespace purser {

// What a tag may be on; no value: it is confirmed absent.
using SeenOnTag = std::vector<std::optional<Digest>>;

struct GuardedPut {
  Status status;
  // The registry stored the manifest under another digest: that one is on the tag now.
  std::optional<Digest> stored_as = {};
  bool sent = false;  // a PUT of which the registry may have made something
};

// There is no compare-and-swap on the wire, so the tag is looked at directly before the
// PUT, which is sent once; after any answer but a success it is looked at again, and the PUT is
// tried again only while the tag is as it was seen. A tag that may be on the manifest and is
// on it is left at that. The PUT itself is not to be stopped, the waits between two tries are.
// Errors: changed where the tag is not as it was seen, and is somebody else's now; those of
// Reader::head, and then nothing more was put; cancelled; those of Client::put_manifest.
GuardedPut put_if_seen(const Client& client, const ClientCore& core, const Reference& tag,
                       const SeenOnTag& seen, const Manifest& manifest, const CallOptions& options);

// The same, for one thing that the tag was seen on, with a look at the manifest afterwards.
Status put_if_unchanged(const Client& client, const Reference& tag,
                        const std::optional<Digest>& seen, const Manifest& manifest,
                        const CallOptions& options = {});

}  // namespace purser
