#include "testing/flaky_prune.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "testing/flaky_transport.h"
#include "testing/harness_error.h"

namespace purser::testing {

FlakyPrune::FlakyPrune(std::uint64_t seed, const FakeRegistryOptions& server, int most_runs)
    : seed_(seed), images_(random_images(seed)), registry_(filled(server)) {
  const auto without_faults = filled(server);
  auto report = prune_once(without_faults, 6, directory_ / "goal");
  for (int more = 1; more < most_runs && !(report && report->complete()); ++more) {
    report = prune_once(without_faults, 6, directory_ / "goal");
  }
  if (!report || !report->complete()) {
    throw HarnessError(fmt::format("seed {}: a prune without faults is not complete: {}", seed,
                                   report ? to_json(*report) : to_string(report.error())));
  }
  goal_ = content_of(*without_faults, images_);
  if (const std::string lost = first_named_loss(images_, goal_); !lost.empty()) {
    throw HarnessError(fmt::format("seed {}: without faults {}", seed, lost));
  }
  watch();
}

std::shared_ptr<FakeRegistry> FlakyPrune::filled(const FakeRegistryOptions& server) const {
  auto registry = std::make_shared<FakeRegistry>(server);
  fill(*registry, images_);
  return registry;
}

Result<Report> FlakyPrune::prune_once(const std::shared_ptr<http::Transport>& transport,
                                      int attempts, const std::filesystem::path& state) const {
  ClientOptions how;
  how.registry = registry_ ? registry_->host() : FakeRegistryOptions().host;
  how.transport = transport;
  how.clock = clock_;
  how.retry.max_attempts = attempts;
  // Chance in the waits would make a seed another run each time. What a Retry-After asks for is
  // waited for all the same.
  how.retry.first_delay = std::chrono::milliseconds(0);
  Client client = *Client::create(std::move(how));
  KeepPolicy policy;
  for (const std::string& entry : images_.keep) {
    policy.entries.push_back(*KeepEntry::parse(entry, client.registry().str()));
  }
  PruneOptions options;
  options.apply.state_directory = state;
  options.apply.repositories_at_once = 1;
  options.survey.repositories_at_once = 1;
  options.survey.guardrails = {.allow_missing = true, .allow_empty = true};
  return prune(client, policy, options);
}

Result<Report> FlakyPrune::run(int one_in) {
  const std::uint64_t nth = runs_++;
  const auto link = std::make_shared<FlakyTransport>(registry_, clock_, seed_ * 1000 + nth,
                                                     RandomFaultOptions{.one_in = one_in});
  // The fewer the attempts, the sooner a run stops half way.
  const int attempts = one_in == 0 ? 6 : 2 + static_cast<int>((seed_ + nth) % 5);
  auto report = prune_once(link, attempts, directory_ / fmt::format("state-{}", machines_));
  faults_ += link->faults();
  return report;
}

Result<Report> FlakyPrune::finish(int most_runs) {
  auto report = run(0);
  for (int more = 1; more < most_runs && !(report && report->complete()); ++more) report = run(0);
  return report;
}

RegistryContent FlakyPrune::content() const { return content_of(*registry_, images_); }

void FlakyPrune::forget_journals() { ++machines_; }

bool FlakyPrune::pulls(const std::string& repository, const std::string& tag,
                       const Digest& digest) const {
  const std::optional<Digest> now = registry_->tag(repository, tag);
  if (!now || *now == digest) return now.has_value() && registry_->has(repository, digest);
  const auto claim = claim_of(registry_->manifest(repository, *now).value_or(""));
  return claim && claim->tag == tag && claim->original == digest;
}

RegistryContent FlakyPrune::content_without_left_stand_ins() const {
  RegistryContent left = content();
  for (auto& [path, repository] : left) {
    std::erase_if(repository.manifests, [&, &path = path](const Digest& digest) {
      const auto claim = claim_of(registry_->manifest(path, digest).value_or(""));
      return claim && !registry_->tag(path, claim->tag);
    });
  }
  return left;
}

void FlakyPrune::watch() {
  registry_->after_request([this](const SeenRequest& seen, http::Outcome&) {
    if (!lost_.empty() || seen.method == "GET" || seen.method == "HEAD") return;
    if (std::string loss = first_loss(goal_, content()); !loss.empty()) {
      lost_ = fmt::format("{} after {} {}", loss, seen.method, seen.target);
    }
  });
}

}  // namespace purser::testing
