#include "purser/descriptor.h"

#include <algorithm>
#include <vector>

#include "core/text.h"

namespace purser {
namespace {

bool is_platform_part(std::string_view part) {
  return !part.empty() && part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") ==
                              std::string_view::npos;
}

// The variant that an architecture without one has: builders leave it out for these two.
std::string_view effective_variant(const Platform& platform) {
  if (!platform.variant.empty()) return platform.variant;
  if (platform.architecture == "arm64") return "v8";
  if (platform.architecture == "arm") return "v7";
  return {};
}

}  // namespace

Result<Platform> Platform::parse(std::string_view text) {
  std::vector<std::string> parts;
  for (std::string_view rest = text;;) {
    const std::size_t slash = rest.find('/');
    parts.push_back(to_lower(rest.substr(0, slash)));
    if (slash == std::string_view::npos || parts.size() > 3) break;
    rest.remove_prefix(slash + 1);
  }
  if (parts.size() < 2 || parts.size() > 3 ||
      !std::all_of(parts.begin(), parts.end(), is_platform_part)) {
    return Unexpected(Error{.code = ErrorCode::invalid_argument,
                            .message = "it is not of the form os/arch or os/arch/variant",
                            .operation = "parse the platform",
                            .subject = sanitize_for_terminal(shorten(text, 80)),
                            .hint = "Write it as linux/amd64 or linux/arm64/v8"});
  }
  return Platform{parts[0], parts[1], parts.size() == 3 ? parts[2] : ""};
}

std::string Platform::str() const {
  std::string text = os + "/" + architecture;
  if (!variant.empty()) text += "/" + variant;
  return text;
}

bool Platform::is_unknown() const { return os == "unknown" && architecture == "unknown"; }

bool Platform::accepts(const Platform& candidate) const {
  return os == candidate.os && architecture == candidate.architecture &&
         (variant.empty() || effective_variant(*this) == effective_variant(candidate));
}

}  // namespace purser
