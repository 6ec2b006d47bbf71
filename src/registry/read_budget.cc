#include "registry/read_budget.h"

#include <fmt/format.h>

namespace purser {
namespace {

// An index of all platforms with their attestations has some forty entries.
constexpr std::size_t kManifests = 10'000;
constexpr std::size_t kManifestsPerTag = 100;
// A descriptor, with its digest in the graph, beside the text that it was read from. Measured: 31
// MiB of long indexes took 161 MiB.
constexpr std::int64_t kBytesPerDescriptor = 700;
constexpr std::int64_t kMib = 1024 * 1024;

}  // namespace

ReadBudget::ReadBudget(const ReadLimits& limits, std::size_t tags)
    : manifest_limit_(limits.manifests.value_or(kManifests + kManifestsPerTag * tags)),
      memory_limit_(limits.memory) {}

bool ReadBudget::take_manifest() {
  if (manifests_ >= manifest_limit_) left_out_ = true;
  if (is_spent()) return false;
  ++manifests_;
  return true;
}

void ReadBudget::take_document(const Manifest& manifest) {
  const std::size_t descriptors = manifest.children().size() + manifest.layers().size() + 2;
  memory_ += static_cast<std::int64_t>(manifest.raw().size()) +
             static_cast<std::int64_t>(descriptors) * kBytesPerDescriptor;
}

std::string ReadBudget::reason() const {
  if (is_full()) {
    return fmt::format("the manifests take more than {} MiB of memory", memory_limit_ / kMib);
  }
  return fmt::format("indexes and what refers to what lead to more than {} manifests",
                     manifest_limit_);
}

std::string ReadBudget::remedy() const {
  return is_full() ? "allow more with --max-memory" : "allow more with --max-manifests";
}

}  // namespace purser
