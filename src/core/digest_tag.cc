#include "core/digest_tag.h"

#include <string>

namespace purser {
namespace {

constexpr std::size_t kHexDigits = 64;

}  // namespace

std::optional<Digest> subject_of_digest_tag(std::string_view tag) {
  constexpr std::string_view kPrefix = "sha256-";
  if (!tag.starts_with(kPrefix) || tag.size() < kPrefix.size() + kHexDigits) return std::nullopt;
  auto digest = Digest::parse("sha256:" + std::string(tag.substr(kPrefix.size(), kHexDigits)));
  if (!digest) return std::nullopt;
  return std::move(*digest);
}

std::optional<DigestTag> parse_digest_tag(std::string_view tag) {
  for (std::string_view algorithm : {"sha256-", "sha512-"}) {
    if (!tag.starts_with(algorithm)) continue;
    const std::string_view key = tag.substr(0, algorithm.size() + kHexDigits);
    const std::string_view hex = key.substr(algorithm.size());
    if (hex.size() < kHexDigits ||
        hex.find_first_not_of("0123456789abcdef") != std::string_view::npos)
      continue;
    return DigestTag{key, tag.substr(key.size())};
  }
  return std::nullopt;
}

std::string digest_tag_key(const Digest& subject) {
  return std::string(subject.algorithm()) + "-" + std::string(subject.hex().substr(0, kHexDigits));
}

bool goes_with_its_subject(const DigestTag& tag) {
  return tag.suffix.empty() || tag.suffix == ".sig" || tag.suffix == ".att" ||
         tag.suffix == ".sbom";
}

}  // namespace purser
