// Puts right what one interrupted run left half done in one repository.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "purser/client.h"
#include "purser/journal.h"
#include "retention/deleted_manifests.h"

namespace purser {

// Thread rule: one thread at a time.
class Settlement {
 public:
  // `log` is told of what is deleted, `messages` of each thing that was done or could not be.
  // `call` ends the waits before a deletion is tried again.
  Settlement(Client& client, const Unfinished& unfinished, ChangeLog& log,
             std::vector<std::string>& messages, const CallOptions& call);

  // Errors: what could not be read or put back.
  Status settle();
  // Why the steps must stay open although settle went well; empty: they need not.
  const std::string& left() const noexcept { return left_; }

 private:
  Status settle_step(const Unfinished::Step& step, const Manifest& original);
  Status settle_untag(const Unfinished::Step& step, const Manifest& original);
  bool was_to_go(const Unfinished::Step& untag) const;
  Status leave_no_stand_in(const Unfinished::Step& step, const Manifest& original);
  Status remove_if_there_and_unused(const Manifest& stand_in);
  Status remove_if_unused(const Manifest& stand_in);
  void note_left(const Error& error);
  void note_deleted_stand_in(const Manifest& stand_in);
  Status settle_deletion(const Unfinished::Step& step, const Manifest& original);
  Status clear_ghosts(const Unfinished::Step& step, const Manifest& original);
  Status find_lost_tags();
  Status put_lost_back(const std::string& tag, const std::string& answer, bool listed);
  void tell_of_loss(const Reference& tag, const std::optional<Digest>& may_have_been_on);
  Status put_back_what_is_needed();
  using IsThere = std::function<bool(const Digest&)>;
  Status revive(const DeletedManifests& from, const std::vector<Digest>& needed,
                const IsThere& is_there);
  Result<std::set<std::string>> tag_list();
  // `seen`: what the tag is known to point at; no value: nothing.
  Status put_back(const std::string& tag, const std::optional<Digest>& seen,
                  const Manifest& manifest, std::string_view why);
  // Does the name answer? An error is what could not be read; 404 is false.
  Result<bool> answers(const Reference& reference);
  Result<Reference> tagged(const std::string& tag) const {
    return Reference::with_tag(unfinished_.repository, tag);
  }
  Reference at(const Digest& digest) const {
    return Reference::with_digest(unfinished_.repository, digest);
  }

  Client& client_;
  const Unfinished& unfinished_;
  ChangeLog& log_;
  std::vector<std::string>& messages_;
  const CallOptions& call_;
  DeletedManifests deleted_;    // by the run that was interrupted
  DeletedManifests kept_;       // that it meant to keep, and a server may have taken along
  std::optional<Digest> last_;  // deleted by the last step of all, before anybody looked again
  std::string left_;
};

}  // namespace purser
