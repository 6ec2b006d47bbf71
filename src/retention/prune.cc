#include "purser/prune.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

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
    const Status read = read_referrers(reader, snapshot, digests, call);
    if (read) continue;
    if (read.error().code == ErrorCode::cancelled) return read;
    snapshot.gaps.push_back({"the referrers", to_string(read.error())});
    return {};
  }
}

class Survey {
 public:
  Survey(const Reader& reader, const Policy& policy, const SurveyOptions& options)
      : reader_(reader), policy_(policy), options_(options) {}

  Result<std::vector<Snapshot>> read(const std::vector<std::string>& paths) {
    total_ = paths.size();
    snapshots_.resize(paths.size());
    const std::size_t workers =
        std::clamp<std::size_t>(options_.repositories_at_once, 1, std::max<std::size_t>(total_, 1));
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 1; i < workers; ++i) threads.emplace_back([&] { work(paths); });
      work(paths);
    }
    if (failure_) return Unexpected(*std::move(failure_));
    std::vector<Snapshot> all;
    all.reserve(snapshots_.size());
    for (std::optional<Snapshot>& snapshot : snapshots_) all.push_back(*std::move(snapshot));
    return all;
  }

 private:
  void work(const std::vector<std::string>& paths) {
    for (std::size_t i = next_++; i < paths.size() && !failed_; i = next_++) {
      Result<Snapshot> snapshot = read_one(paths[i]);
      const std::lock_guard lock(mutex_);
      if (!snapshot) {
        failed_ = true;
        if (!failure_) failure_ = std::move(snapshot).error();
        return;
      }
      snapshots_[i] = *std::move(snapshot);
      if (options_.progress) options_.progress({paths[i], "read", ++done_, total_});
    }
  }

  Result<Snapshot> read_one(const std::string& path) const {
    const Result<Repository> repository = Repository::of(reader_.registry().str(), path);
    if (!repository) return Unexpected(repository.error());
    SnapshotOptions options;
    options.asked = digests_named(policy_, path);
    if (const auto found = options_.leftovers.find(path); found != options_.leftovers.end()) {
      options.leftovers = found->second;
    }
    options.call = options_.call;
    Result<Snapshot> snapshot = take_snapshot(reader_, *repository, options);
    if (!snapshot) return snapshot;
    const Status read = read_referrers_of_removals(reader_, *snapshot, policy_, options_.call);
    if (!read) return Unexpected(read.error());
    return snapshot;
  }

  const Reader& reader_;
  const Policy& policy_;
  const SurveyOptions& options_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
  std::vector<std::optional<Snapshot>> snapshots_;
  std::optional<Error> failure_;
};

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

// A journal is settled once a later run has dealt with everything it left, and with nothing failed
// or left alone in that repository.
bool dealt_with(const Unfinished& unfinished, const Plan& plan, const Report& report) {
  const std::string& path = unfinished.repository.path();
  const bool planned = std::any_of(
      plan.repositories.begin(), plan.repositories.end(),
      [&](const RepositoryPlan& r) { return r.repository.path() == path && r.complete(); });
  const auto open = [&](const auto& item) {
    return item.repository == path &&
           (item.outcome == Outcome::failed || item.outcome == Outcome::skipped);
  };
  return planned && !report.cancelled &&
         std::none_of(report.tags.begin(), report.tags.end(), open) &&
         std::none_of(report.manifests.begin(), report.manifests.end(), open);
}

void tell(const Client& client, const std::vector<std::string>& messages) {
  if (!client.options().log) return;
  for (const std::string& text : messages) {
    client.options().log({LogEvent::Level::warning, text});
  }
}

}  // namespace

Result<Plan> survey(const Reader& reader, const Policy& policy, const SurveyOptions& options) {
  std::vector<std::string> paths = options.repositories;
  if (paths.empty()) {
    ListOptions list;
    list.call = options.call;
    Result<std::vector<std::string>> catalog = reader.catalog(list);
    if (!catalog) return Unexpected(std::move(catalog).error());
    paths = *std::move(catalog);
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());

  Result<std::vector<Snapshot>> snapshots = Survey(reader, policy, options).read(paths);
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
  Result<Settled> settled = settle(client, options.apply);
  if (!settled) return Unexpected(std::move(settled).error());
  // From here on an error would swallow what settling did; it is told before the error goes out.
  const auto fail = [&](Error error) {
    tell(client, settled->messages);
    return Unexpected(std::move(error));
  };

  SurveyOptions look = options.survey;
  look.leftovers = settled->leftovers;
  Result<Plan> plan = survey(client, policy, look);
  if (!plan) return fail(std::move(plan).error());
  if (options.planned) {
    const Status shown = options.planned(*plan);
    if (!shown) return fail(shown.error());
  }
  Result<Report> report = apply_plan(client, *plan, look.guardrails, options.apply);
  if (!report) return fail(std::move(report).error());

  report->warnings.insert(report->warnings.begin(), settled->messages.begin(),
                          settled->messages.end());
  for (const Unfinished& unfinished : settled->open) {
    if (!dealt_with(unfinished, *plan, *report)) continue;
    const Status marked = mark_settled(unfinished.journal, unfinished.repository);
    if (!marked) report->warnings.push_back(to_string(marked.error()));
  }
  return report;
}

}  // namespace purser
