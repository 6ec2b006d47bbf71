#include "registry/guarded_put.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/finishing.h"
#include "registry/manifest_writes.h"
#include "registry/registry_error.h"
#include "registry/tries.h"

namespace purser {
namespace {

class Guard {
 public:
  Guard(const Client& client, const ClientCore& core, const Reference& tag, const SeenOnTag& seen,
        const Manifest& manifest, const CallOptions& options)
      : client_(client),
        core_(core),
        tag_(tag),
        seen_(seen),
        manifest_(manifest),
        options_(options),
        operation_(core.operation("put a manifest onto", tag)) {}

  GuardedPut put();

 private:
  GuardedPut ended(Status status, std::optional<Digest> stored_as = {}) const {
    return {std::move(status), std::move(stored_as), sent_};
  }
  bool is_as_seen(const std::optional<Digest>& now) const {
    return std::ranges::find(seen_, now) != seen_.end();
  }
  Result<std::optional<Digest>> look() const;
  Error changed(const std::optional<Digest>& now) const;

  const Client& client_;
  const ClientCore& core_;
  const Reference& tag_;
  const SeenOnTag& seen_;
  const Manifest& manifest_;
  const CallOptions& options_;
  const Operation operation_;
  bool sent_ = false;
};

Result<std::optional<Digest>> Guard::look() const {
  auto head = client_.head(tag_, options_);
  if (head) return std::optional(head->digest);
  if (is_confirmed_absence(head.error())) return std::optional<Digest>();
  return Unexpected(std::move(head).error());
}

Error Guard::changed(const std::optional<Digest>& now) const {
  return make_error(operation_, ErrorCode::changed,
                    now ? fmt::format("it points at {} by now", now->str())
                        : std::string("somebody removed it meanwhile"));
}

GuardedPut Guard::put() {
  Tries tries(client_, options_);
  for (;;) {
    auto now = look();
    if (!now) return ended(Unexpected(std::move(now).error()));
    if (!is_as_seen(*now)) return ended(Unexpected(changed(*now)));
    if (*now == manifest_.digest()) return ended({});
    PutOutcome sent =
        put_bytes(core_, tag_.repository(), *tag_.tag(), manifest_, finishing(options_, true));
    tries.note_answer();  // what follows may wait as long as that asks for
    sent_ = sent_ || sent.status || !sent.status.error().not_done;
    if (sent.status || sent.stored_as) {
      return ended(std::move(sent.status), std::move(sent.stored_as));
    }
    Error failed = std::move(sent.status).error();
    if (!failed.not_done) {  // the tag tells what that answer leaves open
      now = look();
      if (now && *now == manifest_.digest()) return ended({});
      if (now && !is_as_seen(*now)) return ended(Unexpected(changed(*now)));
      if (!now) {
        failed.message += ", and what the tag points at could not be told: " + now.error().message;
      }
    }
    if (Status waited = tries.wait_after(failed); !waited) return ended(std::move(waited));
  }
}

}  // namespace

GuardedPut put_if_seen(const Client& client, const ClientCore& core, const Reference& tag,
                       const SeenOnTag& seen, const Manifest& manifest,
                       const CallOptions& options) {
  return Guard(client, core, tag, seen, manifest, options).put();
}

Status put_if_unchanged(const Client& client, const Reference& tag,
                        const std::optional<Digest>& seen, const Manifest& manifest,
                        const CallOptions& options) {
  const ClientCore& core = core_of(client);
  if (Status put = put_if_seen(client, core, tag, {seen}, manifest, options).status; !put) {
    return put;
  }
  return check_served(client, tag.repository(), manifest.digest(),
                      core.operation("put the manifest", tag), {});
}

}  // namespace purser
