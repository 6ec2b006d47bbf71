// What an interrupted run left half done is put right before anything else is changed.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "purser/apply.h"
#include "purser/stand_in.h"
#include "registry/guarded_put.h"
#include "registry/registry_error.h"
#include "retention/deleted_manifests.h"
#include "retention/stand_in_cleanup.h"

namespace purser {
namespace {

// One repository of one journal.
class Settlement {
 public:
  Settlement(Client& client, const Unfinished& unfinished, ChangeLog& log)
      : client_(client), unfinished_(unfinished), log_(log) {}

  Status settle();
  std::vector<std::string> messages() && { return std::move(messages_); }

 private:
  Status settle_untag(const Unfinished::Step& step, const Manifest& original);
  Status leave_no_stand_in(const Unfinished::Step& step, const Manifest& original);
  Status remove_if_unused(const Manifest& stand_in);
  Status settle_deletion(const Unfinished::Step& step, const Manifest& original);
  Status clear_ghosts(const Unfinished::Step& step, const Manifest& original);
  Status find_lost_tags();
  Status put_lost_back(const std::string& tag, const std::string& answer, bool listed);
  Status revive_children_of(const Manifest& index);
  Result<std::set<std::string>> tag_list();
  // `seen`: what the tag is known to point at; no value: nothing.
  Status put_back(const std::string& tag, const std::optional<Digest>& seen,
                  const Manifest& manifest, std::string_view why);
  // Does the name answer? An error is what could not be read; 404 is false.
  Result<bool> answers(const Reference& reference);
  Result<Reference> tagged(const std::string& tag) const {
    return Reference::with_tag(unfinished_.repository, tag);
  }

  Client& client_;
  const Unfinished& unfinished_;
  ChangeLog& log_;
  DeletedManifests deleted_;  // by the run that was interrupted
  bool look_for_lost_ = false;
  std::vector<std::string> messages_;
};

Result<bool> Settlement::answers(const Reference& reference) {
  auto head = client_.head(reference);
  if (head) return true;
  if (is_confirmed_absence(head.error())) return false;
  return Unexpected(std::move(head).error());
}

// An answer that asking again would not change.
bool is_final_answer(ErrorCode code) {
  return code == ErrorCode::not_found || code == ErrorCode::invalid_argument ||
         code == ErrorCode::conflict || code == ErrorCode::unsupported ||
         code == ErrorCode::bad_response;
}

Status Settlement::put_back(const std::string& tag, const std::optional<Digest>& seen,
                            const Manifest& manifest, std::string_view why) {
  auto reference = tagged(tag);
  if (!reference) return Unexpected(std::move(reference).error());
  Status put = put_if_unchanged(client_, *reference, seen, manifest);
  if (put) {
    messages_.push_back(
        fmt::format("{}: {}; {} is back on it", reference->str(), why, manifest.digest().str()));
    return {};
  }
  if (put.error().code == ErrorCode::changed) return {};  // somebody's image by now
  if (!is_final_answer(put.error().code)) return put;
  // Most likely the registry's garbage collection took its blobs: no later run can do better.
  messages_.push_back(fmt::format("{}: {}, and {} could not be put back: {}. Its bytes are in {}",
                                  reference->str(), why, manifest.digest().str(),
                                  to_string(put.error()), unfinished_.journal.string()));
  return {};
}

// An untag that was cut off left the tag as it was, on a stand-in, or gone. On a stand-in it gets
// the original back: whether it is still to go is for the next plan to say.
Status Settlement::settle_untag(const Unfinished::Step& step, const Manifest& original) {
  auto reference = tagged(step.tag);
  if (!reference) return Unexpected(std::move(reference).error());
  auto current = client_.manifest(*reference);
  if (!current) {
    // Not a manifest that Purser reads: then it is not what Purser put there.
    if (current.error().code == ErrorCode::unsupported) return {};
    if (!is_confirmed_absence(current.error())) return Unexpected(std::move(current).error());
    auto still = answers(Reference::with_digest(unfinished_.repository, original.digest()));
    if (!still) return Unexpected(std::move(still).error());
    return *still
               ? Status{}
               : put_back(step.tag, {}, original, "an interrupted untag took its manifest along");
  }
  if (is_stand_in_for(*current, step.tag, original) || current->raw() == kEmptyStandIn) {
    Status put = put_back(step.tag, current->digest(), original,
                          "an untag that was interrupted had left it on a stand-in");
    return put ? remove_if_unused(*current) : put;
  }
  return leave_no_stand_in(step, original);
}

// The run itself may have put the original back, and then not have come to remove the stand-in.
Status Settlement::leave_no_stand_in(const Unfinished::Step& step, const Manifest& original) {
  auto stand_in = make_stand_in(original, step.tag);
  if (!stand_in) return {};
  auto there = answers(Reference::with_digest(unfinished_.repository, stand_in->digest()));
  if (!there) return Unexpected(std::move(there).error());
  return *there ? remove_if_unused(*stand_in) : Status{};
}

Status Settlement::remove_if_unused(const Manifest& stand_in) {
  auto snapshot = take_snapshot(client_, unfinished_.repository, {.asked = {stand_in.digest()}});
  if (!snapshot) return Unexpected(std::move(snapshot).error());
  Status removed = remove_stand_in(client_, *snapshot, stand_in, log_);
  if (!removed)
    messages_.push_back("a stand-in that nothing uses was left: " + to_string(removed.error()));
  return {};
}

Status Settlement::settle_deletion(const Unfinished::Step& step, const Manifest& original) {
  auto still = answers(Reference::with_digest(unfinished_.repository, original.digest()));
  if (!still) return Unexpected(std::move(still).error());
  if (*still) {
    // A stand-in is nobody's image: it goes, if nothing uses it.
    const bool ours = stand_in_claim(original) || original.raw() == kEmptyStandIn;
    return ours ? remove_if_unused(original) : Status{};
  }
  deleted_.add(original);
  look_for_lost_ = true;
  return clear_ghosts(step, original);
}

// Tags that the registry still lists although their manifest is gone.
Status Settlement::clear_ghosts(const Unfinished::Step& step, const Manifest& original) {
  auto listed = tag_list();
  if (!listed) return Unexpected(std::move(listed).error());
  for (const std::string& tag : step.tags) {
    if (!listed->contains(tag)) continue;
    if (Status put = put_back(tag, {}, original, "it was listed and its manifest was gone"); !put)
      return put;
  }
  return {};
}

// Kept tags that a deletion took along, because they were moved onto the digest while it was
// deleted.
Status Settlement::find_lost_tags() {
  auto listed = tag_list();
  if (!listed) return Unexpected(std::move(listed).error());
  auto next = [&, at = unfinished_.kept_tags.begin()]() mutable -> std::optional<Reference> {
    if (at == unfinished_.kept_tags.end()) return std::nullopt;
    auto reference = tagged((at++)->first);
    return reference ? std::optional(*std::move(reference)) : std::nullopt;
  };
  std::map<std::string, Error> lost;
  std::optional<Error> unread;
  Status asked = client_.head_each(next, [&](const Reference& reference, Result<Descriptor> head) {
    if (head) return;
    if (is_confirmed_absence(head.error())) {
      lost.emplace(*reference.tag(), std::move(head).error());
    } else if (!unread) {
      unread = std::move(head).error();
    }
  });
  if (!asked) return asked;
  if (unread) return Unexpected(*std::move(unread));
  for (const auto& [tag, error] : lost) {
    const std::string answer = error.http ? error.http->server_message : std::string();
    if (Status put = put_lost_back(tag, answer, listed->contains(tag)); !put) return put;
  }
  return {};
}

Status Settlement::put_lost_back(const std::string& tag, const std::string& answer, bool listed) {
  const Reference own =
      Reference::with_digest(unfinished_.repository, unfinished_.kept_tags.at(tag));
  auto manifest = client_.manifest(own);
  if (!manifest) {
    // Where its own manifest is gone as well, somebody removed both.
    if (is_confirmed_absence(manifest.error())) return {};
    return Unexpected(std::move(manifest).error());
  }
  // The run looked at the list before each deletion: what is not in it any more went with the last.
  std::optional<Digest> suspect;
  if (!listed) suspect = unfinished_.steps.back().digest;
  auto went = deleted_.tag_went_with(client_, unfinished_.repository, answer, suspect);
  if (!went) return Unexpected(std::move(went).error());
  if (*went) manifest = *deleted_.find(**went);
  if (Status revived = revive_children_of(*manifest); !revived) return revived;
  return put_back(tag, {}, *manifest, "it vanished with a digest that was deleted");
}

Status Settlement::revive_children_of(const Manifest& index) {
  std::vector<Digest> needed;
  for (const Descriptor& child : index.children()) needed.push_back(child.digest);
  const auto is_there = [](const Digest&) { return false; };  // to put it once more does no harm
  for (const Manifest& part : deleted_.to_put_back(needed, is_there)) {
    const Reference reference = Reference::with_digest(unfinished_.repository, part.digest());
    auto put = client_.put_manifest(reference, part.raw(), part.media_type());
    if (!put && !is_final_answer(put.error().code)) return Unexpected(std::move(put).error());
    messages_.push_back(
        put ? fmt::format("{}: a kept tag needs it; it was put back", reference.str())
            : fmt::format("{}: a kept tag needs it, and it could not be put back: "
                          "{}. Its bytes are in {}",
                          reference.str(), to_string(put.error()), unfinished_.journal.string()));
  }
  return {};
}

// Empty where the registry does not know the repository.
Result<std::set<std::string>> Settlement::tag_list() {
  auto listed = client_.tags(unfinished_.repository);
  if (listed) return std::set<std::string>(listed->begin(), listed->end());
  if (listed.error().code == ErrorCode::not_found) return std::set<std::string>();
  return Unexpected(std::move(listed).error());
}

Status Settlement::settle() {
  for (const Unfinished::Step& step : unfinished_.steps) {
    auto original = Manifest::parse(step.bytes, step.media_type, step.digest);
    if (!original) return Unexpected(std::move(original).error());
    const bool deletion = step.kind == Change::Kind::delete_manifest;
    if (deletion && step.finished) deleted_.add(*original);
    if (step.finished) continue;
    Status settled = deletion ? settle_deletion(step, *original) : settle_untag(step, *original);
    if (!settled) return settled;
  }
  // Confirmed as the last deletion may be, nobody has looked since whether a kept tag went with it.
  return look_for_lost_ || unfinished_.not_verified ? find_lost_tags() : Status{};
}

// The journal of what settling itself deletes: made when there is something to write.
class SettlingJournal : public ChangeLog {
 public:
  SettlingJournal(const std::filesystem::path& state_directory, const Repository& repository)
      : state_directory_(state_directory), repository_(repository) {}

  Status before(const Change& change) override {
    if (!journal_) {
      auto journal = Journal::create(state_directory_, repository_.registry());
      if (!journal) return Unexpected(std::move(journal).error());
      journal_ = *std::move(journal);
      if (Status begun = journal_->begin_repository(repository_, {}, {}); !begun) return begun;
    }
    return journal_->before(change);
  }
  Status after(const Change& change, const Status& outcome) override {
    failed_ = failed_ || !outcome;
    return journal_->after(change, outcome);
  }
  // What failed stays open, for the next run.
  Status end() {
    if (!journal_) return {};
    if (!failed_) {
      if (Status ended = journal_->end_repository(repository_); !ended) return ended;
    }
    return journal_->end();
  }

 private:
  const std::filesystem::path& state_directory_;
  const Repository& repository_;
  std::unique_ptr<Journal> journal_ = {};
  bool failed_ = false;
};

// One repository of one journal, under the repository's lock.
Status settle_entry(Client& client, const ApplyOptions& options, const Unfinished& seen,
                    std::vector<std::string>& messages) {
  auto lock = RepositoryLock::take(options.state_directory, seen.repository);
  if (!lock) {
    // Who holds it settles it, or leaves it to the next run.
    if (lock.error().code == ErrorCode::refused) return {};
    return Unexpected(std::move(lock).error());
  }
  // Another run may have settled it, and gone on from there, before the lock was free.
  auto unfinished = find_unfinished(options.state_directory, client.registry().str());
  if (!unfinished) return Unexpected(std::move(unfinished).error());
  auto entry = std::ranges::find_if(*unfinished, [&](const Unfinished& now) {
    return now.journal == seen.journal && now.repository == seen.repository;
  });
  if (entry == unfinished->end() || entry->steps.empty()) return {};
  SettlingJournal journal(options.state_directory, entry->repository);
  Settlement settlement(client, *entry, journal);
  if (Status settled = settlement.settle(); !settled) return settled;
  if (Status ended = journal.end(); !ended) return ended;
  std::ranges::move(std::move(settlement).messages(), std::back_inserter(messages));
  return entry->to_delete.empty() ? mark_settled(entry->journal, entry->repository)
                                  : mark_looked_after(entry->journal, entry->repository);
}

}  // namespace

Result<std::vector<std::string>> settle(Client& client, const ApplyOptions& options) {
  auto unfinished = find_unfinished(options.state_directory, client.registry().str());
  if (!unfinished) return Unexpected(std::move(unfinished).error());
  std::vector<std::string> messages;
  for (const Unfinished& entry : *unfinished) {
    if (Status settled = settle_entry(client, options, entry, messages); !settled) {
      return Unexpected(std::move(settled).error());
    }
  }
  return messages;
}

Result<std::map<std::string, std::set<Digest>>> find_leftovers(
    const std::filesystem::path& state_directory, const std::string& registry) {
  auto unfinished = find_unfinished(state_directory, registry);
  if (!unfinished) return Unexpected(std::move(unfinished).error());
  std::map<std::string, std::set<Digest>> leftovers;
  for (const Unfinished& entry : *unfinished) {
    if (entry.to_delete.empty()) continue;
    leftovers[entry.repository.path()].insert(entry.to_delete.begin(), entry.to_delete.end());
  }
  return leftovers;
}

}  // namespace purser
