// Which tags point at a digest, as of this moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "purser/client.h"

namespace purser {

// How old the list of tags may be that a DELETE rests on.
inline constexpr std::chrono::seconds kFreshLook{10};

struct TagsOn {
  std::vector<std::string> tags = {};
  std::size_t invalid = 0;  // names of the list that are none: they cannot be asked for
};

// Looks at every tag but the `known` ones. Where that took longer than a look may be old, those
// that came meanwhile are looked at as well: a DELETE may rest on it however many tags there are. A
// ghost points at nothing. Errors: those of the list; those of a tag that could not be read;
// incomplete, where tags keep coming.
Result<TagsOn> tags_on(const Reader& reader, const Repository& repository, const Digest& digest,
                       std::set<std::string> known, const CallOptions& options);

}  // namespace purser
