// Digest tags: `sha256-<hex>[suffix]`, the tags by which signatures and referrers name their
// subject.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "purser/digest.h"

namespace purser {

// The subject that a tag names, where the tag has all of its digits. A tag of a sha512 digest never
// has: a tag is at most 128 characters, so its hex part is cut to 64 digits.
std::optional<Digest> subject_of_digest_tag(std::string_view tag);

// A tag in its two parts. `key` is what it has in common with every other digest tag of its
// subject: the algorithm, a dash and 64 digits. Both point into the tag.
struct DigestTag {
  std::string_view key;
  std::string_view suffix;  // ".sig"; empty for the fallback tag of the referrers API
};
std::optional<DigestTag> parse_digest_tag(std::string_view tag);
std::string digest_tag_key(const Digest& subject);

// Signatures, attestations, SBOMs and the fallback index: what goes with its subject.
bool goes_with_its_subject(const DigestTag& tag);

}  // namespace purser
