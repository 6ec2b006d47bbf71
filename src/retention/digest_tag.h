// Digest tags: `sha256-<hex>[suffix]`, the tags by which signatures and referrers name their
// subject.
#pragma once

#include <optional>
#include <string_view>

#include "purser/digest.h"

namespace purser {

// The subject that a tag names, where the tag has all of its digits. A tag of a sha512 digest never
// has: a tag is at most 128 characters, so its hex part is cut to 64 digits.
std::optional<Digest> subject_of_digest_tag(std::string_view tag);

}  // namespace purser
