// The removal of one tag that leaves its manifest and that manifest's other tags alone (A-76,
// One job does one tag, on the thread of the call.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/client.h"
#include "registry/client_core.h"
#include "registry/guarded_put.h"
#include "registry/manifest_writes.h"

namespace purser {

class UntagJob {
 public:
  UntagJob(const Client& client, const ClientCore& core, const Reference& reference, ChangeLog* log,
           const CallOptions& options);

  Result<UntagMethod> run();

 private:
  // What the tag points at when the job begins.
  struct Found {
    Manifest original;                      // what stays
    std::optional<Manifest> stand_in = {};  // that an interrupted run left on the tag
    const Manifest& on_tag() const { return stand_in ? *stand_in : original; }
  };
  // A stand-in that is still there although the tag is gone, and why.
  struct LeftBehind {
    Manifest stand_in;
    Error why;
  };
  // What the tag points at after a change.
  enum class TagNow { gone, on_original, on_stand_in, elsewhere, unread };

  // untag.cc
  Result<std::optional<Found>> find();
  Result<Found> identify(Manifest on_tag);
  Status check_wish(const Found& found) const;
  Status check_still_on(const Digest& digest);
  TagNow look_at_tag(const Digest* stand_in, std::string& detail);
  // The same, and as long as the tag is still `as_before` it is looked at again.
  TagNow await_change(TagNow as_before, const Digest* stand_in, std::string& detail);
  Status original_is_served();
  // Puts the original back onto the tag, where that is absent, or on one of `seen`.
  Error put_back(Error cause, SeenOnTag seen);
  Status restore(const Reference& tag, SeenOnTag seen);
  Error left_alone(Error cause, std::string_view detail) const;
  // The tags that point at the digest, beside the one of this job.
  Result<std::vector<std::string>> other_tags_of(const Digest& digest, const CallOptions& options);
  void log_left_behind(const LeftBehind& left);
  Result<UntagMethod> remove(const std::optional<Manifest>& left_behind);

  // untag_by_stand_in.cc
  Result<UntagMethod> by_stand_in();
  Result<UntagMethod> by_empty_index(const Error& refusal);
  Status check_nobody_else_has(const Digest& stand_in, const CallOptions& options);
  Result<UntagMethod> put_and_remove(const Manifest& stand_in);
  Error undo_put(const Manifest& stand_in, GuardedPut failed);
  DeleteOutcome delete_stand_in(const Manifest& stand_in, bool tag_may_be_gone, bool look_first);
  Status check_still_ours(const Manifest& stand_in, bool tag_may_be_gone);
  Result<UntagMethod> remove_stand_in(const Manifest& stand_in);
  Result<bool> try_tag_delete_on(const Manifest& stand_in);
  bool learn_from_tag_delete(const Manifest& stand_in);
  Error undo_refused(const Manifest& stand_in, Error refusal);
  std::optional<Error> why_still_there(const Manifest& stand_in);
  Result<UntagMethod> confirm(const Manifest& stand_in, const DeleteOutcome& deleted,
                              UntagMethod method);
  Status clear_ghost(const Manifest& stand_in);
  void note_left_behind(const Manifest& stand_in, const Error& cause);

  // untag_by_tag_delete.cc
  Result<UntagMethod> by_tag_delete();
  Result<std::vector<std::string>> siblings_to_watch();
  Result<http::Response> send_tag_delete(std::vector<std::string>& siblings);
  Status confirm_tag_delete(const std::vector<std::string>& siblings);
  Error put_back_all(Error cause, const std::vector<std::string>& siblings);

  const Client& client_;
  const ClientCore& core_;
  const Reference& wish_;
  const Repository& repository_;
  ChangeLog* const log_;
  const CallOptions& options_;
  const Operation operation_;
  std::string tag_ = {};
  std::optional<Reference> tag_reference_ = {};
  std::optional<Manifest> original_ = {};
  // Why the registry refused the stand-in, where it did and changed nothing.
  std::optional<Error> put_refused_ = {};
  std::optional<LeftBehind> left_behind_ = {};
  // May the registry have taken a delete of the tag by its name that it has not carried out?
  bool name_delete_pending_ = false;
  // Is there something of this untag that the registry may have acted on?
  bool begun_ = false;
};

}  // namespace purser
