#include "core/text.h"
#include "purser/manifest.h"

namespace purser::media_type {

std::string normalize(std::string_view content_type) {
  constexpr std::string_view kSpace = " \t";
  std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::size_t begin = type.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  type = type.substr(begin, type.find_last_not_of(kSpace) - begin + 1);
  return to_lower(type);
}

bool is_schema1(std::string_view media_type) {
  return media_type == kDockerSchema1 || media_type == kDockerSchema1Signed;
}

bool is_known_manifest(std::string_view media_type) {
  return media_type == kOciIndex || media_type == kOciManifest || media_type == kDockerList ||
         media_type == kDockerManifest;
}

}  // namespace purser::media_type
