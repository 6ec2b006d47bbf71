#include "retention/stand_in_cleanup.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "purser/stand_in.h"
#include "registry/registry_error.h"
#include "registry/repeated_look.h"

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

Error not_looked_through(const Snapshot& snapshot, const Digest& stand_in) {
  const Gap& gap = snapshot.gaps.front();
  return {.code = ErrorCode::incomplete,
          .message =
              fmt::format("whether something uses it could not be told: {}: {}", gap.what, gap.why),
          .operation = "remove the stand-in",
          .registry = snapshot.repository.registry(),
          .subject = snapshot.repository.path() + "@" + stand_in.str(),
          .hint = "The next run tries again"};
}

// A 202 is a word (A-81).
Status await_absence(const Client& client, const Repository& repository, const Digest& stand_in) {
  const Reference reference = Reference::with_digest(repository, stand_in);
  RepeatedLook again(client, {});
  auto head = client.head(reference);
  while (head && again.wait()) head = client.head(reference);
  if (!head && is_confirmed_absence(head.error())) return {};
  if (!head) return Unexpected(std::move(head).error());
  return Unexpected(Error{.code = ErrorCode::conflict,
                          .message = "the registry took the delete, and the stand-in still answers",
                          .operation = "remove the stand-in",
                          .registry = repository.registry(),
                          .subject = repository.path() + "@" + stand_in.str(),
                          .hint = "The next run tries again"});
}

}  // namespace

bool is_stand_in(const Manifest& manifest) {
  return stand_in_claim(manifest) || manifest.raw() == kEmptyStandIn;
}

Result<bool> remove_stand_in(Client& client, const Snapshot& snapshot, const Manifest& stand_in,
                             ChangeLog& log) {
  if (is_used(snapshot, stand_in.digest())) return false;
  if (!snapshot.gaps.empty()) return Unexpected(not_looked_through(snapshot, stand_in.digest()));
  const Change change{.kind = Change::Kind::delete_manifest,
                      .repository = snapshot.repository,
                      .original = stand_in};
  if (Status written = log.before(change); !written) return Unexpected(written.error());
  Status deleted = client.delete_manifest(snapshot.repository, stand_in.digest(), {.once = true});
  if (!deleted && deleted.error().code == ErrorCode::not_found) deleted = {};
  if (deleted) deleted = await_absence(client, snapshot.repository, stand_in.digest());
  const Status written = log.after(change, deleted);
  if (!deleted) return Unexpected(deleted.error());
  if (!written) return Unexpected(written.error());
  return true;
}

}  // namespace purser
