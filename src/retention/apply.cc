#include "purser/apply.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "retention/parallel.h"
#include "retention/report.h"
#include "retention/repository_run.h"
#include "retention/settle.h"

namespace purser {
namespace {

bool removes_something(const RepositoryPlan& plan) {
  return std::ranges::any_of(plan.tags,
                             [](const TagDecision& d) { return d.action == Action::remove; }) ||
         std::ranges::any_of(plan.manifests,
                             [](const ManifestDecision& d) { return d.action == Action::remove; });
}

bool changes_something(const RepositoryPlan& plan) {
  return plan.complete() && (removes_something(plan) || !plan.restores.empty());
}

// The answers of the repositories to "may I delete here?", sorted into reasons not to begin.
struct Probes {
  std::vector<std::string> disabled;
  std::vector<std::string> unknown;
  std::vector<std::string> no_right;
  std::string detail;
  std::optional<Error> failed;

  void note(const std::string& repository, Result<DeleteSupport> probe) {
    if (!probe) {
      if (!failed) failed = std::move(probe).error();
      return;
    }
    switch (probe->answer) {
      case DeleteSupport::Answer::enabled:
        return;
      case DeleteSupport::Answer::disabled:
        disabled.push_back(repository);
        break;
      case DeleteSupport::Answer::unknown:
        unknown.push_back(repository);
        break;
      case DeleteSupport::Answer::no_right:
        no_right.push_back(repository);
        break;
    }
    detail = probe->detail;
  }
};

Error not_begun(ErrorCode code, const std::string& registry, const std::vector<std::string>& where,
                std::string_view what, const std::string& detail, std::string hint) {
  return Error{
      .code = code,
      .message = fmt::format("{} in {} (the registry answered: {}); nothing was changed anywhere",
                             what, fmt::join(where, ", "), detail),
      .operation = "remove anything from",
      .registry = registry,
      .hint = std::move(hint)};
}

// before the first change to any repository, each one with removals is asked.
Status probe_all(Client& client, const std::vector<const RepositoryPlan*>& work,
                 const ApplyOptions& options) {
  Probes probes;
  std::mutex mutex;
  for_each_parallel(work.size(), options.repositories_at_once, [&](std::size_t i) {
    auto probe = client.probe_delete(work[i]->repository, options.call);
    std::lock_guard lock(mutex);
    probes.note(work[i]->repository.path(), std::move(probe));
  });
  const std::string& registry = client.registry().str();
  if (!probes.disabled.empty()) {
    return Unexpected(not_begun(ErrorCode::refused, registry, probes.disabled,
                                "deletes are switched off", probes.detail,
                                "Start the registry with REGISTRY_STORAGE_DELETE_ENABLED=true, or "
                                "set storage.delete.enabled: true in "
                                "its configuration"));
  }
  if (!probes.unknown.empty()) {
    return Unexpected(
        not_begun(ErrorCode::refused, registry, probes.unknown,
                  "it cannot be told whether deletes work", probes.detail,
                  "Ask with `purser ping REGISTRY/REPO --check-delete -v` what the registry, or a "
                  "proxy before it, answers to a DELETE"));
  }
  if (!probes.no_right.empty()) {
    return Unexpected(not_begun(ErrorCode::forbidden, registry, probes.no_right,
                                "no right to delete", probes.detail,
                                "Use an account that may delete there"));
  }
  if (probes.failed) return Unexpected(std::move(*probes.failed));
  return {};
}

class Run {
 public:
  Run(Client& client, const Plan& plan, Journal& journal, const ApplyOptions& options)
      : client_(client), plan_(plan), journal_(journal), options_(options) {}

  Result<Report> go();

 private:
  RepositoryOutcome run_one(const RepositoryPlan& repository);
  void tell_what_was_settled(Report& report);
  void settle_leftovers(const std::vector<Unfinished>& unfinished, Report& report);
  Status mark_if_nothing_is_open(const Unfinished& seen);
  void tell(const std::string& repository, const std::string& step, bool advances);

  Client& client_;
  const Plan& plan_;
  Journal& journal_;
  const ApplyOptions& options_;
  std::mutex progress_mutex_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  Settled settled_;
  std::map<std::string, std::set<Digest>> not_removed_;
};

void Run::tell(const std::string& repository, const std::string& step, bool advances) {
  if (!options_.progress) return;
  std::lock_guard lock(progress_mutex_);
  options_.progress({.repository = repository, .step = step, .done = done_, .total = total_});
  if (advances) ++done_;
}

RepositoryOutcome Run::run_one(const RepositoryPlan& repository) {
  if (!changes_something(repository)) return untouched(repository, "");
  if (options_.call.stop.stop_requested()) {
    return untouched(repository, "the run was stopped before it");
  }
  if (auto left = settled_.left.find(repository.repository.path()); left != settled_.left.end()) {
    return untouched(repository, "an interrupted run is not settled there: " + left->second.why);
  }
  RepositoryRun run(client_, repository, plan_.policy, journal_, options_,
                    [&](const std::string& step, bool advances) {
                      tell(repository.repository.path(), step, advances);
                    });
  return run.run();
}

// What was mended first comes first; the gaps that the plan found stay in the report.
void Run::tell_what_was_settled(Report& report) {
  std::vector<std::string> told = settled_.messages;
  for (const auto& [path, left] : settled_.left) {
    told.push_back(not_settled(client_.registry().str(), path, left.why));
    // Whether what is kept there is whole was not looked at.
    if (std::ranges::any_of(plan_.repositories, [&path = path](const RepositoryPlan& planned) {
          return planned.repository.path() == path;
        })) {
      report.unread.insert(path);
    }
  }
  report.warnings.insert(report.warnings.begin(), told.begin(), told.end());
}

// What an earlier run left to delete is settled once a plan by keep list has looked at all of it.
void Run::settle_leftovers(const std::vector<Unfinished>& unfinished, Report& report) {
  if (!std::holds_alternative<KeepPolicy>(plan_.policy)) return;
  for (const Unfinished& entry : unfinished) {
    auto planned =
        std::ranges::find(plan_.repositories, entry.repository, &RepositoryPlan::repository);
    if (planned == plan_.repositories.end() || !planned->complete()) continue;
    const std::set<Digest>& open = not_removed_[entry.repository.path()];
    if (std::ranges::any_of(entry.to_delete, [&](const Digest& d) { return open.contains(d); }))
      continue;
    if (Status marked = mark_if_nothing_is_open(entry); !marked) {
      report.warnings.push_back(to_string(marked.error()));
    }
  }
}

// Only what is to be deleted may be left of the entry: with a step in it, it was not settled.
Status Run::mark_if_nothing_is_open(const Unfinished& seen) {
  auto lock = RepositoryLock::take(options_.state_directory, seen.repository);
  if (!lock) {
    // Who holds it may be settling it.
    return lock.error().code == ErrorCode::refused ? Status{} : Unexpected(lock.error());
  }
  auto unfinished = find_unfinished(options_.state_directory, client_.registry().str());
  if (!unfinished) return Unexpected(std::move(unfinished).error());
  const bool only_work = std::ranges::any_of(*unfinished, [&](const Unfinished& now) {
    return now.journal == seen.journal && now.repository == seen.repository && now.steps.empty();
  });
  return only_work ? mark_settled(seen.journal, seen.repository) : Status{};
}

Result<Report> Run::go() {
  std::vector<const RepositoryPlan*> work;
  for (const RepositoryPlan& repository : plan_.repositories) {
    if (changes_something(repository)) work.push_back(&repository);
    for (const TagDecision& d : repository.tags) total_ += d.means == Means::untag ? 1 : 0;
    for (const ManifestDecision& d : repository.manifests)
      total_ += d.action == Action::remove ? 1 : 0;
  }
  tell("", "ask whether manifests may be deleted", false);
  if (Status probed = probe_all(client_, work, options_); !probed)
    return Unexpected(std::move(probed).error());
  auto unfinished = find_unfinished(options_.state_directory, client_.registry().str());
  if (!unfinished) return Unexpected(std::move(unfinished).error());
  settled_ = settle(client_, options_);
  if (!settled_.status) {
    log_settled(client_, settled_);
    return Unexpected(settled_.status.error());
  }

  std::vector<RepositoryOutcome> outcomes(plan_.repositories.size());
  for_each_parallel(outcomes.size(), options_.repositories_at_once,
                    [&](std::size_t i) { outcomes[i] = run_one(plan_.repositories[i]); });

  Report report = start_report(plan_);
  report.applied = true;
  report.cancelled = options_.call.stop.stop_requested();
  report.journal = journal_.path();
  tell_what_was_settled(report);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    not_removed_[plan_.repositories[i].repository.path()] = outcomes[i].not_removed;
    add_outcome(report, std::move(outcomes[i]));
  }
  settle_leftovers(*unfinished, report);
  if (Status ended = journal_.end(); !ended) report.warnings.push_back(to_string(ended.error()));
  return report;
}

}  // namespace

Result<Report> apply(Client& client, const ApprovedPlan& plan, Journal& journal,
                     const ApplyOptions& options) {
  const std::string& registry = plan.plan().registry;
  if (registry != client.registry().str()) {
    return Unexpected(Error{.code = ErrorCode::invalid_argument,
                            .message = "the plan was made for " + registry,
                            .operation = "apply the plan to",
                            .registry = client.registry().str(),
                            .hint = "Apply it to the registry that it names, or plan again"});
  }
  return Run(client, plan.plan(), journal, options).go();
}

}  // namespace purser
