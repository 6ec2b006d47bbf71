#include "retention/stand_in_cleanup.h"

#include <algorithm>

namespace purser {

Status remove_stand_in(Client& client, const Snapshot& snapshot, const Digest& stand_in) {
  if (!snapshot.gaps.empty()) return {};
  for (const auto& [tag, entry] : snapshot.tags) {
    if (entry.digest == stand_in || entry.stand_in == stand_in) return {};
  }
  for (const auto& [digest, node] : snapshot.manifests) {
    if (node.subject == stand_in ||
        std::ranges::find(node.children, stand_in) != node.children.end()) {
      return {};
    }
  }
  Status deleted = client.delete_manifest(snapshot.repository, stand_in);
  if (!deleted && deleted.error().code == ErrorCode::not_found) return {};
  return deleted;
}

}  // namespace purser
