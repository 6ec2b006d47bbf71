#include "retention/digest_tag.h"

#include <string>

namespace purser {

std::optional<Digest> subject_of_digest_tag(std::string_view tag) {
  constexpr std::string_view kPrefix = "sha256-";
  constexpr std::size_t kHexDigits = 64;
  if (!tag.starts_with(kPrefix) || tag.size() < kPrefix.size() + kHexDigits) return std::nullopt;
  auto digest = Digest::parse("sha256:" + std::string(tag.substr(kPrefix.size(), kHexDigits)));
  if (!digest) return std::nullopt;
  return std::move(*digest);
}

}  // namespace purser
