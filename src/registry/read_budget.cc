#include "registry/read_budget.h"

#include <fmt/format.h>

namespace purser {
namespace {

// An index of all platforms with their attestations has some forty entries.
constexpr std::size_t kManifests = 10'000;
constexpr std::size_t kManifestsPerTag = 100;

}  // namespace

ReadBudget::ReadBudget(const ReadLimits& limits, std::size_t tags)
    : manifest_limit_(limits.manifests.value_or(kManifests + kManifestsPerTag * tags)),
      byte_limit_(limits.bytes) {}

bool ReadBudget::take_manifest() {
  if (manifests_ >= manifest_limit_) left_out_ = true;
  if (is_spent()) return false;
  ++manifests_;
  return true;
}

void ReadBudget::take_document(const Manifest& manifest) {
  bytes_ += static_cast<std::int64_t>(manifest.raw().size());
}

std::string ReadBudget::reason() const {
  if (is_full()) {
    return fmt::format("the manifests have more than {} bytes together", byte_limit_);
  }
  return fmt::format("indexes and what refers to what lead to more than {} manifests",
                     manifest_limit_);
}

std::string ReadBudget::remedy() {
  return "If that is meant to be so, allow more with --max-manifests";
}

}  // namespace purser
