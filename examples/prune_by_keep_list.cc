// Shows what would be removed from a registry when everything but a keep list goes, and why:
// prune_by_keep_list REGISTRY KEEP...      (with APPLY=1 in the environment it does it)
#include <cstdlib>
#include <iostream>

#include "purser/purser.h"

namespace {

int fail(const purser::Error& error) {
  std::cerr << to_string(error) << '\n';
  return error.code == purser::ErrorCode::refused ? 7 : 1;
}

void show(const purser::Report& report) {
  for (const purser::TagReport& tag : report.tags) {
    std::cout << tag.repository << ':' << tag.decision.tag << ' ' << to_string(tag.decision.action)
              << " (" << tag.decision.reasons.front() << ")\n";
  }
  std::cout << report.tags_removed << " removed of " << report.tags_seen << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: prune_by_keep_list REGISTRY KEEP...\n";
    return 2;
  }
  purser::ClientOptions options;
  options.registry = argv[1];
  auto client = purser::Client::create(std::move(options));
  if (!client) return fail(client.error());

  purser::KeepPolicy policy;
  for (int i = 2; i < argc; ++i) {
    auto entry = purser::KeepEntry::parse(argv[i], client->registry().str());
    if (!entry) return fail(entry.error());
    policy.entries.push_back(*std::move(entry));
  }
  auto plan = purser::survey(*client, policy, {});
  if (!plan) return fail(plan.error());
  if (std::getenv("APPLY") == nullptr) {
    show(purser::dry_run(*plan));
    return 0;
  }
  auto report =
      purser::apply_plan(*client, *std::move(plan), purser::Guardrails{}, purser::ApplyOptions{});
  if (!report) return fail(report.error());
  show(*report);
  return report->complete() ? 0 : 3;
}
