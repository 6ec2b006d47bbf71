// What apply does in one repository: one change at a time, looking before each and after each.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "purser/apply.h"
#include "registry/quirks.h"
#include "registry/tries.h"
#include "retention/deleted_manifests.h"

namespace purser {

struct RepositoryOutcome {
  std::vector<TagReport> tags = {};
  std::vector<ManifestReport> manifests = {};
  std::vector<std::string> warnings = {};
  std::set<Digest> not_removed = {};  // that the plan removes and that are not confirmed gone
  bool unread = false;                // what is kept could not be checked at the end
};

// The outcome of a repository in which nothing is to be changed, or nothing was.
// `undone` says why what the plan removes was not removed.
RepositoryOutcome untouched(const RepositoryPlan& approved, const std::string& undone);

// Of a decision, for people.
std::string first_reason(const std::vector<std::string>& reasons);

// Thread rule: one thread at a time; several runs, each of its own repository, may share client and
// journal.
class RepositoryRun {
 public:
  // `advances`: the step is one of those that the run counts, and not a wait before one.
  using OnStep = std::function<void(const std::string& step, bool advances)>;

  RepositoryRun(Client& client, const RepositoryPlan& approved, const Policy& policy,
                Journal& journal, const ApplyOptions& options, OnStep on_step);

  RepositoryOutcome run();

 private:
  struct Deletion {
    Digest digest;
    std::vector<std::string> tags;
  };

  Status look();
  void reconcile();
  const TagDecision* current_tag(const std::string& tag) const;
  const ManifestDecision* current_manifest(const Digest& digest) const;
  void forget(const Deletion& deletion);
  bool agreed(const TagDecision& decision) const;
  void restore_stand_ins();
  void restore_one(const Restore& restore);
  Status clear_stand_in(const Restore& restore, const Manifest& original);
  Status look_and_clear(const Manifest& original, const Manifest& stand_in, const std::string& tag);
  void untag_tags();
  void untag_one(const TagDecision& decision);
  void delete_manifests();
  // One look and, where it allows that, one DELETE. True: look and try again.
  bool look_and_delete(const Digest& digest, Tries& tries, int& stale_looks);
  bool may_delete(const Digest& digest);
  Status read_referrers_again(const Digest& digest);
  bool delete_one(const Digest& digest, Tries& tries);
  void note_not_deleted(const Deletion& deletion, const Error& error);
  // It is not gone, so what it leads to stays: its signatures, what it lists. The next run goes on.
  void hold_back(const Digest& digest, const std::string& why);
  void leave(const Digest& digest, const std::string& why);
  // What registries refuse (repository_refusal.cc).
  bool is_its_own_matter(const Error& error);
  bool is_about_this_tag(const Error& error);
  void stop_for(const Error& error);
  void put_first_tags_back(const Deletion& deletion);
  bool learn_tags_first(const Deletion& deletion, const Error& refusal);
  std::vector<std::string> tags_to_go_first(const std::vector<std::string>& tags) const;
  bool untag_first(const Digest& digest, const std::vector<std::string>& tags);
  bool comes_back(const std::vector<std::string>& tags);
  void remove_surviving_tag(const std::string& tag, const Deletion& deletion);
  Status delete_by_name(const std::string& tag, const Digest& digest);
  Tries tries();
  Status delete_and_confirm(const Digest& digest);
  Status await_absence(const Digest& digest, Status deleted);
  bool look_or_stop();
  void give_up_confirming(const Error& seen);
  bool has_stand_ins(const std::vector<std::string>& tags) const;
  bool leave_stand_ins(const std::vector<std::string>& tags);

  // Looks at the tag list again: settles what became of the last deletion's tags, finds tags that
  // came or went.
  Status look_again();
  // True: a DELETE may rest on the last look. False: look again. Errors: unreachable, where
  // too many looks in a row were old by the time that they were to be used.
  Result<bool> look_is_fresh(int& stale_looks) const;
  Result<std::set<std::string>> list_tags();
  void confirm_last_deletion(const std::set<std::string>& listed);
  void forget_removed_tags(const Deletion& deletion);
  void confirm_tag_gone(const std::string& tag, const Deletion& deletion, bool listed);
  void clear_ghost(const std::string& tag, const Deletion& deletion);
  Status delete_ghost(const Reference& tag, const Manifest& bytes);
  // `all`: those that were there at the last look have to be looked at once more.
  Status check_nobody_tagged(const Digest& digest, const std::string& but, bool all);
  void find_vanished(const std::set<std::string>& listed);
  void note_vanished_doomed(const std::string& tag);
  Status find_new(const std::set<std::string>& listed);
  // What resolving every tag of the snapshot again has shown.
  struct TagsNow {
    std::vector<std::string> moved = {};
    std::vector<std::pair<std::string, Error>> vanished = {};
    std::vector<std::pair<std::string, Error>> unread = {};
    Status status = {};
  };
  TagsNow look_at_tags();
  void note_tag_now(const std::string& tag, Result<Descriptor> head, TagsNow& now);
  // Resolves every tag again, takes in those that moved and puts back what vanished and is kept.
  // Errors: what moved could not be read. `unread` is told of each tag that could not be resolved.
  using OnUnread = std::function<void(const std::string& tag, const Error& error)>;
  Status follow_tags(const OnUnread& unread);
  bool is_doomed(const std::string& tag) const;
  void note_vanished(const std::string& tag, const std::string& seen);
  // Reads tags that came or moved, with all that they need, and puts back what of that is gone.
  Status read_tags(const std::vector<std::string>& tags, std::string_view what);
  // True where something was put back.
  bool revive_what_is_needed(const Snapshot& snapshot, const std::vector<Descriptor>& also = {});
  void check_everything_kept();
  // What a server may take along that deletes more than it was asked to (repository_kept.cc).
  std::set<Digest> neighbours_of(const Digest& digest);
  std::set<Digest> kept_around(const Digest& digest, std::set<Digest>& walked);
  Status note_neighbours_of(const Digest& digest);
  void check_neighbours();
  std::set<Digest> find_absent(const std::set<Digest>& digests);
  void put_neighbour_back(const Digest& digest);
  void note_unchecked(std::string warning);
  Unexpected unreadable(std::string_view what, const Gap& gap) const;
  Unexpected unreadable_names(std::size_t count) const;
  void take_in(const std::string& tag);
  void put_back(const std::string& tag, const std::string& seen);
  void note_bytes(const Manifest& manifest);
  std::optional<Manifest> bytes_to_put_back(const Digest& own, const std::string& seen);
  bool is_gone(const Digest& digest) const;

  void tag_is(const std::string& tag, Outcome outcome, std::string detail = {});
  void manifest_is(const Digest& digest, Outcome outcome, std::string detail = {});
  void stop(std::string why) { stopped_ = std::move(why); }
  RepositoryOutcome finish();

  Client& client_;
  const RepositoryPlan& approved_;
  const Policy& policy_;
  Journal& journal_;
  const ApplyOptions& options_;
  OnStep on_step_;
  const std::shared_ptr<http::Clock> clock_;

  Snapshot snapshot_;
  RepositoryPlan current_;  // what a plan of this moment says, within what was approved
  std::map<std::string, const TagDecision*> current_tags_;
  std::map<Digest, ManifestDecision*> current_manifests_;
  std::map<std::string, const TagDecision*> approved_tags_;
  std::set<Digest> approved_removals_;
  std::map<Digest, std::string> held_back_;  // removals that something new forbids, or that failed
  std::set<Digest> not_deleted_;             // of those, what is still to go
  quirks::TagsFirst tags_first_ = quirks::TagsFirst::no;  // as this registry was seen to want it
  std::string probed_;                      // what the last probe for deletes was answered
  std::string stand_ins_refused_;           // not empty: none is put any more, and why
  std::map<std::string, int> went_first_;   // how often, before the manifest that is tried
  std::vector<std::string> removed_first_;  // of those, confirmed gone
  int unheeded_ = 0;                        // deletes in a row, taken and not acted on
  std::optional<Deletion> last_deletion_;   // sent, its tags not yet confirmed gone
  std::optional<Digest> just_deleted_;      // by the deletion that was confirmed in this look
  std::chrono::steady_clock::time_point looked_at_ = {};  // the tag list, last
  bool looked_at_tags_ = false;                           // before the first untagged child goes
  std::set<Digest> untagged_by_name_;  // that had a tag which the registry was asked to delete
  bool untag_failed_ = false;          // and may have taken a stand-in away all the same
  bool steps_open_ = false;  // the next run must look at what a step left, but at no kept tag
  bool unsettled_ = false;   // the next run must look at all that this one left
  bool unread_ = false;
  DeletedManifests deleted_;      // by this run, or by a request of which that is not known
  std::set<Digest> unconfirmed_;  // of those, what may go at any moment
  std::set<Digest> revived_;      // of those, and there again
  std::set<Digest> neighbours_;   // kept, and next to something that was deleted
  std::set<Digest> went_along_;   // of those and of what is next to them: put back
  // Of the snapshot: what refers to a manifest, by its subject, or by the key of a digest tag.
  struct Followers {
    std::multimap<Digest, Digest> by_subject = {};
    std::multimap<std::string, Digest, std::less<>> by_tag = {};
  };
  std::optional<Followers> followers_;
  std::set<Digest> walked_;  // whose kept neighbours are known
  std::map<std::string, std::pair<Outcome, std::string>> tag_outcomes_;
  std::map<Digest, std::pair<Outcome, std::string>> manifest_outcomes_;
  std::vector<std::string> warnings_;
  std::string stopped_;  // not empty: nothing more is changed, and why
};

}  // namespace purser
