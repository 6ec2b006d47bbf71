// Random repositories with what makes pruning dangerous in them, as bytes that any registry takes;
// the same for the same seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "testing/image_builder.h"

namespace purser::testing {

struct RandomImagesOptions {
  int repositories = 2;  // at most
  int images = 6;        // of a repository, at most
};

struct RandomRepository {
  std::string path = {};
  std::vector<BuiltManifest> manifests = {};     // what is needed comes first
  std::map<std::string, std::size_t> tags = {};  // which manifest each has
};

// Shared digests, nested and shared indexes, referrers with their fallback index and without, and
// signatures of all of that; and a keep list that names some of it by tag, by pattern or by digest.
struct RandomImages {
  std::vector<RandomRepository> repositories = {};
  std::vector<std::string> keep = {};
};

RandomImages random_images(std::uint64_t seed, const RandomImagesOptions& options = {});

}  // namespace purser::testing
