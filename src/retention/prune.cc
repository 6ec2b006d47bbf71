#include "purser/prune.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "retention/parallel.h"
#include "retention/settle.h"

namespace purser {
namespace {

// The removals of a plan whose referrers have not been asked for yet.
std::vector<Digest> removals_not_asked(const Snapshot& snapshot, const Policy& policy,
                                       const std::set<Digest>& asked) {
  std::vector<Digest> digests;
  for (const ManifestDecision& decision : plan_repository(snapshot, policy).manifests) {
    if (decision.action == Action::remove && !asked.contains(decision.digest)) {
      digests.push_back(decision.digest);
    }
  }
  return digests;
}

// The referrers of what would go may themselves change what goes: ask until nothing new turns up.
// Asking only for removals keeps the requests few; each round asks for digests never asked for
// before, so it ends.
Status read_referrers_of_removals(const Reader& reader, Snapshot& snapshot, const Policy& policy,
                                  const CallOptions& call) {
  std::set<Digest> asked;
  for (;;) {
    const std::vector<Digest> digests = removals_not_asked(snapshot, policy, asked);
    if (digests.empty()) return {};
    asked.insert(digests.begin(), digests.end());
    Status read = read_referrers(reader, snapshot, digests, call);
    if (read) continue;
    if (read.error().code == ErrorCode::cancelled) return read;
    snapshot.gaps.push_back({"the referrers", to_string(read.error())});
    return {};
  }
}

// What the survey is at, told from one thread at a time.
class Teller {
 public:
  Teller(const SurveyOptions& options, std::size_t repositories)
      : progress_(options.progress), total_(repositories) {}

  void begins(const std::string& path) { tell(path, "read", false); }
  void has_read(const std::string& path, std::size_t read, std::size_t tags) {
    tell(path, fmt::format("read {} of {} tags", read, tags), true);
  }
  void ended() {
    const std::lock_guard lock(mutex_);
    ++done_;
  }

 private:
  void tell(const std::string& path, std::string step, bool is_count) {
    if (!progress_) return;
    const std::lock_guard lock(mutex_);
    progress_({path, std::move(step), done_, total_, is_count});
  }

  const std::function<void(const Progress&)>& progress_;
  const std::size_t total_;
  std::mutex mutex_;
  std::size_t done_ = 0;
};

Result<Snapshot> look_at(const Reader& reader, const std::string& path, const Policy& policy,
                         const SurveyOptions& options, Teller& teller) {
  const Result<Repository> repository = Repository::of(reader.registry().str(), path);
  if (!repository) return Unexpected(repository.error());
  SnapshotOptions look;
  look.asked = digests_named(policy, path);
  if (const auto found = options.leftovers.find(path); found != options.leftovers.end()) {
    look.leftovers = found->second;
  }
  look.call = options.call;
  look.progress = [&](std::size_t read, std::size_t tags) { teller.has_read(path, read, tags); };
  teller.begins(path);
  Result<Snapshot> snapshot = take_snapshot(reader, *repository, look);
  if (!snapshot) return snapshot;
  const Status read = read_referrers_of_removals(reader, *snapshot, policy, options.call);
  if (!read) return Unexpected(read.error());
  // A plan needs what leads where. The documents of all repositories together could fill the
  // memory.
  for (auto& [digest, node] : snapshot->manifests) node.manifest.reset();
  return snapshot;
}

Result<std::vector<Snapshot>> look_at_all(const Reader& reader,
                                          const std::vector<std::string>& paths,
                                          const Policy& policy, const SurveyOptions& options) {
  std::vector<std::optional<Snapshot>> found(paths.size());
  std::mutex mutex;
  Teller teller(options, paths.size());
  std::optional<Error> failure;  // of a snapshot as such: the run was stopped
  for_each_parallel(paths.size(), options.repositories_at_once, [&](std::size_t i) {
    {
      const std::lock_guard lock(mutex);
      if (failure) return;
    }
    Result<Snapshot> snapshot = look_at(reader, paths[i], policy, options, teller);
    teller.ended();
    const std::lock_guard lock(mutex);
    if (!snapshot) {
      if (!failure) failure = std::move(snapshot).error();
      return;
    }
    found[i] = *std::move(snapshot);
  });
  if (failure) return Unexpected(*std::move(failure));
  std::vector<Snapshot> snapshots;
  snapshots.reserve(found.size());
  for (std::optional<Snapshot>& snapshot : found) snapshots.push_back(*std::move(snapshot));
  return snapshots;
}

// Where nothing at all could be read, a wrong password or a dead host is the news, not a plan in
// which every repository is unread. The gaps carry sentences only, so the code is asked for again.
Status why_nothing_was_read(const Reader& reader, const std::vector<Snapshot>& snapshots,
                            const CallOptions& call) {
  const auto unread = [](const Snapshot& s) { return !s.gaps.empty() && s.tags.empty(); };
  if (snapshots.empty() || !std::all_of(snapshots.begin(), snapshots.end(), unread)) return {};
  ListOptions one;
  one.limit = 1;
  one.call = call;
  const Result<std::vector<std::string>> tags = reader.tags(snapshots.front().repository, one);
  if (tags) return {};
  switch (tags.error().code) {
    case ErrorCode::unauthorized:
    case ErrorCode::forbidden:
    case ErrorCode::unreachable:
    case ErrorCode::rate_limited:
    case ErrorCode::cancelled:
      return Unexpected(tags.error());
    default:
      return {};
  }
}

Result<Report> survey_and_apply(Client& client, const Policy& policy, const SurveyOptions& look,
                                const PruneOptions& options) {
  Result<Plan> plan = survey(client, policy, look);
  if (!plan) return Unexpected(std::move(plan).error());
  if (options.planned) {
    const Status shown = options.planned(*plan);
    if (!shown) return Unexpected(shown.error());
  }
  return apply_plan(client, *std::move(plan), look.guardrails, options.apply);
}

}  // namespace

Result<Plan> survey(const Reader& reader, const Policy& policy, const SurveyOptions& options) {
  std::vector<std::string> paths = options.repositories;
  if (paths.empty()) {
    ListOptions list;
    list.call = options.call;
    if (options.progress) options.progress({.step = "list the repositories"});
    Result<std::vector<std::string>> catalog = reader.catalog(list);
    if (!catalog) return Unexpected(std::move(catalog).error());
    paths = *std::move(catalog);
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());

  Result<std::vector<Snapshot>> snapshots = look_at_all(reader, paths, policy, options);
  if (!snapshots) return Unexpected(std::move(snapshots).error());
  const Status reason = why_nothing_was_read(reader, *snapshots, options.call);
  if (!reason) return Unexpected(reason.error());

  PlanOptions plan;
  if (!options.repositories.empty() && !options.stands_for_catalog) plan.scope = paths;
  plan.guardrails = options.guardrails;
  plan.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return make_plan(reader.registry().str(), *snapshots, policy, plan);
}

std::vector<std::string> repositories_named(const RemovePolicy& policy) {
  std::set<std::string> paths;
  for (const RemovePolicy::Target& target : policy.targets) paths.insert(target.repository);
  return {paths.begin(), paths.end()};
}

Result<Report> apply_plan(Client& client, Plan plan, const Guardrails& guardrails,
                          const ApplyOptions& options) {
  const std::string registry = plan.registry;
  Result<ApprovedPlan> approved = ApprovedPlan::approve(std::move(plan), guardrails);
  if (!approved) return Unexpected(std::move(approved).error());
  Result<std::unique_ptr<Journal>> journal = Journal::create(options.state_directory, registry);
  if (!journal) return Unexpected(std::move(journal).error());
  return apply(client, *approved, **journal, options);
}

Result<Report> prune(Client& client, const Policy& policy, const PruneOptions& options) {
  // First, so that the survey sees every kept tag: one that an interrupted run lost is back by
  // then.
  Settled settled = settle(client, options.apply);
  if (!settled.status) {
    log_settled(client, settled);
    return Unexpected(settled.status.error());
  }
  SurveyOptions look = options.survey;
  // Only a keep list says of everything whether it stays: what is removed by name is what was
  // named.
  if (std::holds_alternative<KeepPolicy>(policy)) {
    auto leftovers = find_leftovers(options.apply.state_directory, client.registry().str());
    if (!leftovers) return Unexpected(std::move(leftovers).error());
    look.leftovers = *std::move(leftovers);
  }
  Result<Report> report = survey_and_apply(client, policy, look, options);
  if (report) {
    // What this had to leave, apply tells if it is still so.
    report->warnings.insert(report->warnings.begin(), settled.messages.begin(),
                            settled.messages.end());
  } else {
    log_settled(client, settled);
  }
  return report;
}

}  // namespace purser
