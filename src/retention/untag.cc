#include "purser/untag.h"

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "purser/journal.h"
#include "retention/settle.h"
#include "retention/watched_log.h"

namespace purser {
namespace {

Error invalid(const Reference& reference, std::string message) {
  Error error;
  error.code = ErrorCode::invalid_argument;
  error.operation = "untag";
  error.subject = reference.str();
  error.message = std::move(message);
  return error;
}

Status check(const Client& client, const std::vector<Reference>& references) {
  for (const Reference& reference : references) {
    if (!reference.tag()) return Unexpected(invalid(reference, "it names no tag"));
    if (reference.repository().registry() != client.registry().str()) {
      return Unexpected(invalid(reference, "it is not in the registry " + client.registry().str()));
    }
  }
  return {};
}

// Nothing is changed where an interrupted run could not be settled. A gap is no reason: an untag
// deletes no image that something unread may need, and it is what takes the gap out of the way.
Status check_settled(const Settled& settled, const std::vector<Reference>& references) {
  if (!settled.status) return settled.status;
  for (const Reference& reference : references) {
    const Repository& repository = reference.repository();
    auto left = settled.left.find(repository.path());
    if (left == settled.left.end() || left->second.only_gaps) continue;
    return Unexpected(
        Error{.code = ErrorCode::refused,
              .message = "an interrupted run is not settled there: " + left->second.why,
              .operation = "untag",
              .registry = repository.registry(),
              .subject = repository.path() + ":" + *reference.tag(),
              .hint = "Try again when that is in order"});
  }
  return {};
}

using Locks = std::map<Repository, RepositoryLock>;

Result<Locks> lock_all(const std::vector<Reference>& references,
                       const std::filesystem::path& state_directory) {
  Locks locks;
  // In the order of their names, so that two runs cannot each wait for the other's.
  std::set<Repository> repositories;
  for (const Reference& reference : references) repositories.insert(reference.repository());
  for (const Repository& repository : repositories) {
    Result<RepositoryLock> lock = RepositoryLock::take(state_directory, repository);
    if (!lock) return Unexpected(std::move(lock).error());
    locks.emplace(repository, *std::move(lock));
  }
  return locks;
}

// Which repositories the journal has been told of, and in which of them something stays open.
struct Progressed {
  std::set<Repository> begun = {};
  std::set<Repository> open = {};
};

Untagged untag_one(Client& client, Journal& journal, const Reference& reference,
                   const CallOptions& call, Progressed& progressed,
                   std::vector<std::string>& warnings) {
  Untagged result{.reference = reference};
  const Repository& repository = reference.repository();
  if (progressed.begun.insert(repository).second) {
    result.outcome = journal.begin_repository(repository, {}, {});
    if (!result.outcome) return result;
  }
  WatchedLog watch(journal);
  const Result<UntagMethod> method = client.untag(reference, &watch, call);
  result.digest = watch.digest();
  if (method) {
    result.method = *method;
    if (watch.left_open()) {
      warnings.push_back(to_string(*watch.left_open()));
      progressed.open.insert(repository);
    }
    return result;
  }
  result.outcome = Unexpected(method.error());
  // What was begun and failed stays open in the journal: the next run looks whether all is well.
  if (watch.digest()) progressed.open.insert(repository);
  return result;
}

// Closes what went well; an `end` would hide a failed step of the same repository.
Status close(Journal& journal, const Progressed& progressed) {
  for (const Repository& repository : progressed.begun) {
    if (progressed.open.contains(repository)) continue;
    if (Status ended = journal.end_repository(repository); !ended) return ended;
  }
  return journal.end();
}

}  // namespace

Result<UntagRun> untag_each(Client& client, const std::vector<Reference>& references,
                            const ApplyOptions& options) {
  if (const Status checked = check(client, references); !checked) {
    return Unexpected(checked.error());
  }
  Settled settled = settle(client, options);
  if (const Status whole = check_settled(settled, references); !whole) {
    log_settled(client, settled);
    return Unexpected(whole.error());
  }
  const Result<Locks> locks = lock_all(references, options.state_directory);
  if (!locks) return Unexpected(locks.error());
  Result<std::unique_ptr<Journal>> journal =
      Journal::create(options.state_directory, client.registry().str());
  if (!journal) return Unexpected(std::move(journal).error());

  UntagRun run;
  run.warnings = std::move(settled.messages);
  for (const auto& [path, left] : settled.left) {
    run.warnings.push_back(not_settled(client.registry().str(), path, left.why));
  }
  Progressed progressed;
  for (const Reference& reference : references) {
    if (options.call.stop.stop_requested()) break;
    if (options.progress) {
      options.progress({reference.repository().path(), "untag " + *reference.tag(), run.tags.size(),
                        references.size()});
    }
    run.tags.push_back(
        untag_one(client, **journal, reference, options.call, progressed, run.warnings));
  }
  if (const Status closed = close(**journal, progressed); !closed) {
    run.warnings.push_back(to_string(closed.error()));
  }
  return run;
}

}  // namespace purser
