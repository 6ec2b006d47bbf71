// Stand-ins: how one tag is removed from a registry that can only delete by digest (A-77;
// distribution 2.x).
//
// A stand-in is the original manifest's own JSON plus one annotation that names the tag and the
// original's digest. It is put onto the tag and then deleted by its own digest: the tag goes, the
// original and its other tags stay. At every moment the tag pulls the same image. It is made in one
// way only, so anybody who finds one can tell it from an image by making it again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "purser/manifest.h"
#include "purser/result.h"

namespace purser {

inline constexpr std::string_view kStandInAnnotation = "io.purser.stand-in";

// Errors: unsupported for a manifest that is not one of the four media types.
Result<Manifest> make_stand_in(const Manifest& original, std::string_view tag);

// What a manifest claims by its annotation: the tag and digest that it stands in for. No value: not
// a stand-in.
struct StandInClaim {
  std::string tag;
  Digest original;
};
std::optional<StandInClaim> stand_in_claim(const Manifest& manifest);

// Is `candidate`, found on `tag`, exactly the stand-in for `original`?
bool is_stand_in_for(const Manifest& candidate, std::string_view tag, const Manifest& original);

// For a server that refuses the annotated document: an OCI index of nothing. It names nobody and it
// does not pull, so it is used only with a journal that has the original's bytes.
inline constexpr std::string_view kEmptyStandIn =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";

}  // namespace purser
