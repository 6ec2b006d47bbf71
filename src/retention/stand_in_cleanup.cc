#include "retention/stand_in_cleanup.h"

#include <algorithm>

namespace purser {

namespace {

bool is_used(const Snapshot& snapshot, const Digest& stand_in) {
  for (const auto& [tag, entry] : snapshot.tags) {
    if (entry.digest == stand_in || entry.stand_in == stand_in) return true;
  }
  for (const auto& [digest, node] : snapshot.manifests) {
    if (node.subject == stand_in ||
        std::ranges::find(node.children, stand_in) != node.children.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace

Status remove_stand_in(Client& client, const Snapshot& snapshot, const Manifest& stand_in,
                       ChangeLog& log) {
  if (!snapshot.gaps.empty() || is_used(snapshot, stand_in.digest())) return {};
  const Change change{.kind = Change::Kind::delete_manifest,
                      .repository = snapshot.repository,
                      .original = stand_in};
  if (Status written = log.before(change); !written) return written;
  Status deleted = client.delete_manifest(snapshot.repository, stand_in.digest());
  if (!deleted && deleted.error().code == ErrorCode::not_found) deleted = {};
  if (Status written = log.after(change, deleted); deleted && !written) return written;
  return deleted;
}

}  // namespace purser
