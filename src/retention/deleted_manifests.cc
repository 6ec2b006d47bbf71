#include "retention/deleted_manifests.h"

#include <set>
#include <string>
#include <utility>

#include "purser/stand_in.h"
#include "retention/parts_first.h"

namespace purser {

void DeletedManifests::add(const Manifest& manifest) {
  manifests_.emplace(manifest.digest(), manifest);
}

void DeletedManifests::add_stand_in(const Manifest& original, std::string_view tag) {
  auto stand_in = make_stand_in(original, tag);
  if (!stand_in) return;
  add(*stand_in);
  originals_.insert_or_assign(stand_in->digest(), original);
}

const Manifest& DeletedManifests::image_of(const Digest& digest) const {
  auto original = originals_.find(digest);
  return original == originals_.end() ? manifests_.at(digest) : original->second;
}

std::optional<Digest> DeletedManifests::named_in(std::string_view answer) const {
  for (const auto& [digest, manifest] : manifests_) {
    if (answer.find(digest.str()) != std::string_view::npos) return digest;
  }
  return std::nullopt;
}

const Manifest* DeletedManifests::find(const Digest& digest) const {
  auto found = manifests_.find(digest);
  return found == manifests_.end() ? nullptr : &found->second;
}

std::vector<Manifest> DeletedManifests::to_put_back(
    const std::vector<Digest>& needed, const std::function<bool(const Digest&)>& is_there) const {
  std::set<Digest> wanted;
  std::vector<Digest> downward;
  auto want = [&](const Digest& digest) {
    if (!manifests_.contains(digest) || wanted.contains(digest) || is_there(digest)) return;
    wanted.insert(digest);
    downward.push_back(digest);
  };
  for (const Digest& digest : needed) want(digest);
  while (!downward.empty()) {
    const Digest at = std::move(downward.back());
    downward.pop_back();
    for (const Descriptor& child : manifests_.at(at).children()) want(child.digest);
  }
  const auto needs = [this](const Digest& digest) {
    const Manifest& manifest = manifests_.at(digest);
    std::vector<Digest> parts;
    for (const Descriptor& child : manifest.children()) parts.push_back(child.digest);
    if (manifest.subject()) parts.push_back(manifest.subject()->digest);
    return parts;
  };
  std::vector<Manifest> found;
  for (const Digest& digest : parts_first(std::move(wanted), needs)) {
    found.push_back(manifests_.at(digest));
  }
  return found;
}

Result<std::optional<Digest>> DeletedManifests::tag_went_with(
    const Client& client, const Repository& repository, std::string_view answer,
    const std::optional<Digest>& suspect) const {
  if (auto named = named_in(answer)) return named;
  std::optional<Digest> likely = suspect;
  if (!likely && manifests_.size() == 1) likely = manifests_.begin()->first;
  if (!likely || !manifests_.contains(*likely)) return std::optional<Digest>();
  auto by_name = client.deletes_tags(repository);
  if (!by_name) return Unexpected(std::move(by_name).error());
  return *by_name ? std::optional<Digest>() : likely;
}

}  // namespace purser
