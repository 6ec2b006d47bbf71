// What an interrupted run left half done is put right before anything else is changed.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "purser/apply.h"
#include "purser/stand_in.h"
#include "registry/registry_error.h"
#include "retention/stand_in_cleanup.h"

namespace purser {
namespace {

// One repository of one journal.
class Settlement {
 public:
  Settlement(Client& client, const Unfinished& unfinished)
      : client_(client), unfinished_(unfinished) {}

  Status settle();
  std::vector<std::string> messages() && { return std::move(messages_); }

 private:
  Status settle_untag(const Unfinished::Step& step, const Manifest& original);
  Status leave_no_stand_in(const Digest& stand_in);
  Status settle_deletion(const Unfinished::Step& step, const Manifest& original);
  Status clear_ghosts(const Unfinished::Step& step, const Manifest& original);
  Status find_lost_tags(const Manifest& deleted);
  Status put_back(const std::string& tag, const Manifest& manifest, std::string_view why);
  // Does the name answer? An error is what could not be read; 404 is false.
  Result<bool> answers(const Reference& reference);
  Result<Reference> tagged(const std::string& tag) const {
    return Reference::with_tag(unfinished_.repository, tag);
  }

  Client& client_;
  const Unfinished& unfinished_;
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

Status Settlement::put_back(const std::string& tag, const Manifest& manifest,
                            std::string_view why) {
  auto reference = tagged(tag);
  if (!reference) return Unexpected(std::move(reference).error());
  auto put = client_.put_manifest(*reference, manifest.raw(), manifest.media_type());
  if (!put) {
    if (!is_final_answer(put.error().code)) return Unexpected(std::move(put).error());
    // Most likely the registry's garbage collection took its blobs: no later run can do better.
    messages_.push_back(fmt::format("{}: {}, and {} could not be put back: {}. Its bytes are in {}",
                                    reference->str(), why, manifest.digest().str(),
                                    to_string(put.error()), unfinished_.journal.string()));
    return {};
  }
  messages_.push_back(
      fmt::format("{}: {}; {} is back on it", reference->str(), why, manifest.digest().str()));
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
    return *still ? Status{}
                  : put_back(step.tag, original, "an interrupted untag took its manifest along");
  }
  const bool ours =
      is_stand_in_for(*current, step.tag, original) || current->raw() == kEmptyStandIn;
  if (!ours) return {};
  Status put =
      put_back(step.tag, original, "an untag that was interrupted had left it on a stand-in");
  return put ? leave_no_stand_in(current->digest()) : put;
}

Status Settlement::leave_no_stand_in(const Digest& stand_in) {
  auto snapshot = take_snapshot(client_, unfinished_.repository, {.asked = {stand_in}});
  if (!snapshot) return Unexpected(std::move(snapshot).error());
  Status removed = remove_stand_in(client_, *snapshot, stand_in);
  if (!removed)
    messages_.push_back("a stand-in that nothing uses was left: " + to_string(removed.error()));
  return {};
}

Status Settlement::settle_deletion(const Unfinished::Step& step, const Manifest& original) {
  auto still = answers(Reference::with_digest(unfinished_.repository, original.digest()));
  if (!still) return Unexpected(std::move(still).error());
  if (*still) return {};
  if (Status cleared = clear_ghosts(step, original); !cleared) return cleared;
  return find_lost_tags(original);
}

// Tags that the registry still lists although their manifest is gone.
Status Settlement::clear_ghosts(const Unfinished::Step& step, const Manifest& original) {
  auto listed = client_.tags(unfinished_.repository);
  if (!listed) {
    return listed.error().code == ErrorCode::not_found ? Status{}
                                                       : Unexpected(std::move(listed).error());
  }
  for (const std::string& tag : step.tags) {
    if (!std::ranges::binary_search(*listed, tag)) continue;
    auto reference = tagged(tag);
    if (!reference) return Unexpected(std::move(reference).error());
    auto alive = answers(*reference);
    if (!alive) return Unexpected(std::move(alive).error());
    if (*alive) continue;
    if (Status put = put_back(tag, original, "it was listed and its manifest was gone"); !put)
      return put;
  }
  return {};
}

// Kept tags that the deletion took along, because they were moved onto the digest while it was
// deleted.
Status Settlement::find_lost_tags(const Manifest& deleted) {
  for (const auto& [tag, digest] : unfinished_.kept_tags) {
    auto reference = tagged(tag);
    if (!reference) return Unexpected(std::move(reference).error());
    auto alive = answers(*reference);
    if (!alive) return Unexpected(std::move(alive).error());
    if (*alive) continue;
    // Where its own manifest is gone as well, somebody removed both.
    auto still = answers(Reference::with_digest(unfinished_.repository, digest));
    if (!still) return Unexpected(std::move(still).error());
    if (!*still) continue;
    if (Status put = put_back(tag, deleted, "it vanished with a digest that was deleted"); !put)
      return put;
  }
  return {};
}

Status Settlement::settle() {
  for (const Unfinished::Step& step : unfinished_.steps) {
    if (step.finished) continue;
    auto original = Manifest::parse(step.bytes, step.media_type, step.digest);
    if (!original) return Unexpected(std::move(original).error());
    Status settled = step.kind == Change::Kind::untag ? settle_untag(step, *original)
                                                      : settle_deletion(step, *original);
    if (!settled) return settled;
  }
  if (!unfinished_.not_verified) return {};
  // Confirmed as the last deletion is, nobody has looked since whether a kept tag went with it.
  const Unfinished::Step& last = unfinished_.steps.back();
  auto deleted = Manifest::parse(last.bytes, last.media_type, last.digest);
  if (!deleted) return Unexpected(std::move(deleted).error());
  return last.finished ? find_lost_tags(*deleted) : Status{};
}

}  // namespace

namespace {

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
  Settlement settlement(client, *entry);
  if (Status settled = settlement.settle(); !settled) return settled;
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
