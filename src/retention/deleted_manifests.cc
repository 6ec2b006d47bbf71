#include "retention/deleted_manifests.h"

#include <set>
#include <string>
#include <utility>

namespace purser {

void DeletedManifests::add(const Manifest& manifest) {
  if (manifests_.emplace(manifest.digest(), manifest).second) order_.push_back(manifest.digest());
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
  std::vector<Manifest> found;
  for (auto digest = order_.rbegin(); digest != order_.rend(); ++digest) {
    if (wanted.contains(*digest)) found.push_back(manifests_.at(*digest));
  }
  return found;
}

Result<std::optional<Digest>> DeletedManifests::tag_went_with(
    const Client& client, const Repository& repository, std::string_view answer,
    const std::optional<Digest>& suspect) const {
  for (const auto& [digest, manifest] : manifests_) {
    if (answer.find(digest.str()) != std::string_view::npos) return std::optional(digest);
  }
  std::optional<Digest> likely = suspect;
  if (!likely && manifests_.size() == 1) likely = manifests_.begin()->first;
  if (!likely || !manifests_.contains(*likely)) return std::optional<Digest>();
  auto by_name = client.deletes_tags(repository);
  if (!by_name) return Unexpected(std::move(by_name).error());
  return *by_name ? std::optional<Digest>() : likely;
}

}  // namespace purser
