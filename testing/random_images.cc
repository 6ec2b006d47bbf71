#include "testing/random_images.h"

#include <fmt/core.h>

#include <random>
#include <utility>

namespace purser::testing {
namespace {

class Generator {
 public:
  Generator(std::uint64_t seed, const RandomImagesOptions& options)
      : seed_(seed), random_(seed), options_(options) {}

  RandomImages make();

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  bool chance(int percent) { return below(100) < percent; }
  std::size_t some(const RandomRepository& repository) {
    return static_cast<std::size_t>(below(static_cast<int>(repository.manifests.size())));
  }
  std::string next_name() { return fmt::format("{}-{}", seed_, made_++); }

  RandomRepository repository(std::string path);
  void add_images(RandomRepository& repository);
  void add_indexes(RandomRepository& repository);
  void add_tags(RandomRepository& repository);
  void add_referrers(RandomRepository& repository);
  void add_signatures(RandomRepository& repository);
  void keep_some_of(const RandomRepository& repository, std::vector<std::string>& keep);
  void tag(RandomRepository& repository, const std::string& name, BuiltManifest manifest);

  const std::uint64_t seed_;
  std::mt19937_64 random_;
  const RandomImagesOptions options_;
  int made_ = 0;
};

RandomImages Generator::make() {
  RandomImages images;
  const int count = 1 + below(options_.repositories);
  for (int i = 0; i < count; ++i) {
    images.repositories.push_back(repository(fmt::format("team-{}/app", i)));
    keep_some_of(images.repositories.back(), images.keep);
  }
  return images;
}

RandomRepository Generator::repository(std::string path) {
  RandomRepository made{.path = std::move(path)};
  add_images(made);
  add_indexes(made);
  add_tags(made);
  add_referrers(made);
  add_signatures(made);
  return made;
}

void Generator::add_images(RandomRepository& repository) {
  const int count = 2 + below(options_.images - 1);
  for (int i = 0; i < count; ++i) {
    repository.manifests.push_back(
        build_image({.types = chance(30) ? MediaTypes::docker : MediaTypes::oci,
                     .layers = {"base", "layer of " + next_name()}}));
  }
}

void Generator::add_indexes(RandomRepository& repository) {
  const int count = below(4);
  for (int i = 0; i < count; ++i) {
    std::vector<BuiltManifest> children;
    for (int child = 0; child < 1 + below(3); ++child) {
      children.push_back(repository.manifests[some(repository)]);
    }
    repository.manifests.push_back(build_index(children, {.annotations = {{"name", next_name()}}}));
  }
}

// Some manifests get none, and some several.
void Generator::add_tags(RandomRepository& repository) {
  const int count = 2 + below(2 * options_.images);
  for (int i = 0; i < count; ++i) {
    repository.tags[fmt::format("v{}.{}", below(3), i)] = some(repository);
  }
}

void Generator::tag(RandomRepository& repository, const std::string& name, BuiltManifest manifest) {
  repository.tags[name] = repository.manifests.size();
  repository.manifests.push_back(std::move(manifest));
}

void Generator::add_referrers(RandomRepository& repository) {
  for (int i = below(3); i > 0; --i) {
    const BuiltManifest subject = repository.manifests[some(repository)];
    const BuiltManifest artifact = build_artifact(subject, {.content = "about " + next_name()});
    repository.manifests.push_back(artifact);
    if (chance(20)) repository.tags["artifact-" + next_name()] = repository.manifests.size() - 1;
    const std::string fallback = digest_tag(subject.digest);
    if (chance(70) && !repository.tags.contains(fallback)) {
      tag(repository, fallback, build_index({artifact}));
    }
  }
}

void Generator::add_signatures(RandomRepository& repository) {
  for (int i = below(4); i > 0; --i) {
    const BuiltManifest signed_one = repository.manifests[some(repository)];
    const std::string name = digest_tag(signed_one.digest, chance(70) ? ".sig" : ".att");
    if (!repository.tags.contains(name)) {
      tag(repository, name, build_signature(signed_one.digest));
    }
  }
}

void Generator::keep_some_of(const RandomRepository& repository, std::vector<std::string>& keep) {
  if (chance(30)) keep.push_back(fmt::format("{}:v{}.*", repository.path, below(3)));
  if (chance(20)) {
    keep.push_back(repository.path + "@" + repository.manifests[some(repository)].digest);
  }
  for (const auto& [name, manifest] : repository.tags) {
    if (chance(25)) keep.push_back(repository.path + ":" + name);
  }
  // An empty keep list is refused, and nothing would be seen.
  if (keep.empty()) keep.push_back(repository.path + ":" + repository.tags.begin()->first);
}

}  // namespace

RandomImages random_images(std::uint64_t seed, const RandomImagesOptions& options) {
  return Generator(seed, options).make();
}

}  // namespace purser::testing
