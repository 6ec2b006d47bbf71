// Puts a manifest onto a tag only if the tag is as it was seen.
#pragma once

#include <optional>

#include "purser/client.h"

namespace purser {

// `seen`: what the tag pointed at; no value: it was confirmed absent. There is no compare-and-swap
// on the wire, so the tag is looked at just before, and what was pushed in between all the
// same goes back onto it. Errors: changed where the tag is not as it was seen, and is somebody
// else's; those of Reader::head and Client::put_manifest.
Status put_if_unchanged(const Client& client, const Reference& tag,
                        const std::optional<Digest>& seen, const Manifest& manifest);

}  // namespace purser
