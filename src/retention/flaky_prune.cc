#include "retention/flaky_prune.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "purser/stand_in.h"
#include "testing/flaky_transport.h"
#include "testing/harness_error.h"

namespace purser::testing {
namespace {

RegistryContent content_of(const FakeRegistry& registry, const RandomImages& images) {
  RegistryContent content;
  for (const RandomRepository& repository : images.repositories) {
    RepositoryContent& found = content[repository.path];
    for (const std::string& tag : registry.tags(repository.path)) {
      found.tags.emplace(tag, *registry.tag(repository.path, tag));
    }
    found.manifests = registry.manifests(repository.path);
  }
  return content;
}

// What it says of itself, if it is a stand-in.
std::optional<StandInClaim> claim_of(const std::string& bytes) {
  for (const std::string_view type : {media_type::kOciManifest, media_type::kOciIndex,
                                      media_type::kDockerManifest, media_type::kDockerList}) {
    const auto manifest = Manifest::parse(bytes, type);
    if (manifest) return stand_in_claim(*manifest);
  }
  return std::nullopt;
}

// What is in `a` and not in `b`.
std::string only_in(const RegistryContent& a, const RegistryContent& b, std::string_view word) {
  std::string text;
  for (const auto& [path, content] : a) {
    const RepositoryContent& other = b.at(path);
    for (const auto& [tag, digest] : content.tags) {
      const auto found = other.tags.find(tag);
      if (found != other.tags.end() && found->second == digest) continue;
      text += fmt::format("{} {}:{} on {}\n", word, path, tag, digest.str());
    }
    for (const Digest& digest : content.manifests) {
      if (!other.manifests.contains(digest)) {
        text += fmt::format("{} {}@{}\n", word, path, digest.str());
      }
    }
  }
  return text;
}

}  // namespace

std::string difference(const RegistryContent& expected, const RegistryContent& found) {
  return only_in(expected, found, "missing:") + only_in(found, expected, "left over:");
}

FlakyPrune::FlakyPrune(std::uint64_t seed, const FakeRegistryOptions& server)
    : seed_(seed), images_(random_images(seed)), registry_(filled(server)) {
  const auto without_faults = filled(server);
  const auto report = prune_once(without_faults, 6, directory_ / "goal");
  if (!report || !report->complete()) {
    throw HarnessError(fmt::format("seed {}: a prune without faults is not complete: {}", seed,
                                   report ? to_json(*report) : to_string(report.error())));
  }
  goal_ = content_of(*without_faults, images_);
  watch();
}

std::shared_ptr<FakeRegistry> FlakyPrune::filled(const FakeRegistryOptions& server) const {
  auto registry = std::make_shared<FakeRegistry>(server);
  for (const RandomRepository& repository : images_.repositories) {
    for (const BuiltManifest& manifest : repository.manifests) {
      registry->put(repository.path, manifest.bytes, manifest.media_type);
    }
    for (const auto& [tag, at] : repository.tags) {
      registry->set_tag(repository.path, tag, *Digest::parse(repository.manifests[at].digest));
    }
  }
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
    if (std::string loss = first_loss(); !loss.empty()) {
      lost_ = fmt::format("{} after {} {}", loss, seen.method, seen.target);
    }
  });
}

std::string FlakyPrune::first_loss() const {
  for (const auto& [path, kept] : goal_) {
    for (const auto& [tag, digest] : kept.tags) {
      if (registry_->tag(path, tag) != digest) return path + ":" + tag + " is not what it was";
    }
    const std::set<Digest> there = registry_->manifests(path);
    for (const Digest& digest : kept.manifests) {
      if (!there.contains(digest)) return path + "@" + digest.str() + " is gone";
    }
  }
  return {};
}

}  // namespace purser::testing
