// What an interrupted run left half done is put right before anything else is changed.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "purser/apply.h"
#include "retention/settle.h"
#include "retention/settlement.h"

namespace purser {
namespace {

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
    if (outcome) {
      failed_.erase(change.original.digest());  // a try before it may have
    } else {
      failed_.insert(change.original.digest());
    }
    return journal_->after(change, outcome);
  }
  // What failed stays open, for the next run.
  Status end() {
    if (!journal_) return {};
    if (failed_.empty()) {
      if (Status ended = journal_->end_repository(repository_); !ended) return ended;
    }
    return journal_->end();
  }

 private:
  const std::filesystem::path& state_directory_;
  const Repository& repository_;
  std::unique_ptr<Journal> journal_ = {};
  std::set<Digest> failed_ = {};
};

// Everything else that goes wrong is a matter of the repository in which it did.
bool is_of_the_run(const Error& error) {
  return error.code == ErrorCode::io || error.code == ErrorCode::cancelled;
}

// Of several journals the one that leaves most to do counts.
void note_left(Settled& settled, const std::string& path, Settled::Left left) {
  auto [entry, added] = settled.left.emplace(path, left);
  if (!added && entry->second.only_gaps && !left.only_gaps) entry->second = std::move(left);
}

// What was settled in an entry is not to be settled again.
Status mark(const Unfinished& entry, const std::string& left) {
  // Its steps are looked at again, its tags are not: who removes one of them later means it.
  if (!left.empty()) return mark_tags_looked_after(entry.journal, entry.repository);
  return entry.to_delete.empty() ? mark_settled(entry.journal, entry.repository)
                                 : mark_looked_after(entry.journal, entry.repository);
}

// One repository of one journal, under the repository's lock.
Status settle_entry(Client& client, const ApplyOptions& options, const Unfinished& seen,
                    Settled& settled) {
  const std::string path = seen.repository.path();
  auto lock = RepositoryLock::take(options.state_directory, seen.repository);
  if (!lock) {
    if (lock.error().code != ErrorCode::refused) return Unexpected(std::move(lock).error());
    // Who holds it is as likely to settle it as to fail before that.
    note_left(settled, path, {.why = lock.error().message});
    return {};
  }
  // Another run may have settled it, and gone on from there, before the lock was free.
  auto unfinished = find_unfinished(options.state_directory, client.registry().str());
  if (!unfinished) return Unexpected(std::move(unfinished).error());
  auto entry = std::ranges::find_if(*unfinished, [&](const Unfinished& now) {
    return now.journal == seen.journal && now.repository == seen.repository;
  });
  if (entry == unfinished->end() || entry->steps.empty()) return {};
  SettlingJournal journal(options.state_directory, entry->repository);
  Settlement settlement(client, *entry, journal, settled.messages, options.call);
  if (Status done = settlement.settle(); !done) {
    if (is_of_the_run(done.error())) return done;
    note_left(settled, path, {.why = to_string(done.error())});
    return {};
  }
  if (Status ended = journal.end(); !ended) return ended;
  if (!settlement.left().empty()) {
    note_left(settled, path, {.why = settlement.left(), .only_gaps = true});
  }
  return mark(*entry, settlement.left());
}

}  // namespace

std::string not_settled(const std::string& registry, const std::string& path,
                        const std::string& why) {
  return fmt::format("{}/{}: what an interrupted run left there could not be put right: {}",
                     registry, path, why);
}

void log_settled(const Client& client, const Settled& settled) {
  const auto& log = client.options().log;
  if (!log) return;
  for (const std::string& text : settled.messages) log({LogEvent::Level::warning, text});
  for (const auto& [path, left] : settled.left) {
    log({LogEvent::Level::warning, not_settled(client.registry().str(), path, left.why)});
  }
}

Settled settle(Client& client, const ApplyOptions& options) {
  Settled settled;
  auto unfinished = find_unfinished(options.state_directory, client.registry().str());
  if (!unfinished) {
    settled.status = Unexpected(std::move(unfinished).error());
    return settled;
  }
  for (const Unfinished& entry : *unfinished) {
    if (options.progress && !entry.steps.empty()) {
      options.progress({.repository = entry.repository.path(),
                        .step = "put right what an interrupted run left"});
    }
    settled.status = settle_entry(client, options, entry, settled);
    if (!settled.status) break;
  }
  return settled;
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
