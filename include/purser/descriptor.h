// Descriptors and platforms (OCI image-spec, descriptor.md and image-index.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "purser/digest.h"
#include "purser/result.h"

namespace purser {

struct Platform {
  std::string os = {};
  std::string architecture = {};
  std::string variant = {};

  // `os/arch[/variant]`. Errors: invalid_argument.
  static Result<Platform> parse(std::string_view text);
  std::string str() const;  // "linux/arm64/v8"
  // The `unknown/unknown` of attestation children.
  bool is_unknown() const;
  // Does `candidate` satisfy this wish? An empty variant of the wish accepts any.
  bool accepts(const Platform& candidate) const;

  friend bool operator==(const Platform&, const Platform&) = default;
  friend auto operator<=>(const Platform&, const Platform&) = default;
};

// Points at content: what it is, its digest, its size in bytes.
struct Descriptor {
  std::string media_type = {};
  Digest digest;
  std::int64_t size = 0;  // bytes; -1 where the server did not say
  std::optional<Platform> platform = {};
  std::string artifact_type = {};
  std::map<std::string, std::string> annotations = {};
};

}  // namespace purser
