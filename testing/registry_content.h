// What is in a registry, as a value that two runs can be compared by.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "purser/digest.h"
#include "purser/stand_in.h"
#include "testing/fake_registry.h"
#include "testing/pusher.h"
#include "testing/random_images.h"

namespace purser::testing {

struct RepositoryContent {
  std::map<std::string, Digest> tags = {};
  std::set<Digest> manifests = {};

  bool operator==(const RepositoryContent&) const = default;
};
using RegistryContent = std::map<std::string, RepositoryContent>;  // by the path of the repository

// Puts them there.
void fill(FakeRegistry& registry, const RandomImages& images);
void fill(Pusher& registry, const RandomImages& images);

// Of the repositories of `images`.
RegistryContent content_of(const FakeRegistry& registry, const RandomImages& images);
// The same by another client's eyes: every tag, and those manifests of which `images` knows.
RegistryContent content_of(Pusher& registry, const RandomImages& images);

// A line for each thing that is in one of the two alone; empty: they are the same.
std::string difference(const RegistryContent& expected, const RegistryContent& found);
// The first tag or manifest of `kept` that is not as it was; empty: all is there.
std::string first_loss(const RegistryContent& kept, const RegistryContent& now);

// The first tag that an entry of the keep list names and that is not there with all that it lists;
// empty: all are. Found out without the planner, so that no run is measured by its own mistakes.
std::string first_named_loss(const RandomImages& images, const RegistryContent& now);

// What a manifest says of itself, if it is a stand-in.
std::optional<StandInClaim> claim_of(const std::string& bytes);

}  // namespace purser::testing
