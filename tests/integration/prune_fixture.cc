#include "tests/integration/prune_fixture.h"

#include <nlohmann/json.hpp>
#include <set>

#include "testing/harness_error.h"

namespace purser::testing {
namespace {

using nlohmann::json;

std::string joined(const json& reasons) {
  std::string text;
  for (const json& reason : reasons) {
    text += (text.empty() ? "" : "; ") + reason.get<std::string>();
  }
  return text;
}

RunReport::Decision decision_of(const json& value) {
  return {.action = value.at("action"),
          .means = value.value("means", ""),
          .outcome = value.at("outcome"),
          .detail = value.at("detail"),
          .reasons = joined(value.at("reasons"))};
}

RunReport report_of(const json& document) {
  RunReport report;
  report.applied = document.at("applied");
  report.complete = document.at("complete");
  report.tags_seen = document.at("tags_seen");
  report.tags_kept = document.at("tags_kept");
  report.tags_removed = document.at("tags_removed");
  report.tags_failed = document.at("tags_failed");
  report.tags_skipped = document.at("tags_skipped");
  report.tags_to_remove = document.at("tags_to_remove");
  report.manifests_removed = document.at("manifests_removed");
  for (const json& tag : document.at("decisions")) {
    const std::string name = tag.at("repository").get<std::string>() + ":";
    report.tags[name + tag.at("tag").get<std::string>()] = decision_of(tag);
  }
  for (const json& manifest : document.at("manifests")) {
    const std::string name = manifest.at("repository").get<std::string>() + "@";
    report.manifests[name + manifest.at("digest").get<std::string>()] = decision_of(manifest);
  }
  report.warnings = document.at("warnings").get<std::vector<std::string>>();
  for (const json& refusal : document.at("refusals")) report.flags.push_back(refusal.at("flag"));
  return report;
}

}  // namespace

std::string RunReport::outcome(const std::string& tag) const {
  const auto found = tags.find(tag);
  return found == tags.end() ? "not in the report" : found->second.outcome;
}

std::string RunReport::detail(const std::string& tag) const {
  const auto found = tags.find(tag);
  return found == tags.end() ? "not in the report" : found->second.detail;
}

RunReport PurserRun::report() const {
  try {
    return report_of(json::parse(out()));
  } catch (const json::exception& why) {
    throw HarnessError("not a report (" + std::string(why.what()) + "): " + process.describe());
  }
}

std::ostream& operator<<(std::ostream& stream, const PurserRun& run) {
  return stream << run.process.describe();
}

PruneTest::PruneTest(const RegistryOptions& options)
    : registry(options), proxy(registry.port()), pusher(registry.url()) {}

std::vector<std::string> PruneTest::command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = {PURSER_PROGRAM};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

ProcessOptions PruneTest::environment() const {
  // Nothing of whoever runs the tests: no credentials, no settings, no proxy.
  return {.environment = {{"XDG_STATE_HOME", (directory / "state").string()},
                          {"HOME", directory.path().string()}},
          .unset = {"PURSER_*", "DOCKER_*", "REGISTRY_*", "XDG_CONFIG_HOME", "http_proxy",
                    "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}};
}

PurserRun PruneTest::purser(const std::vector<std::string>& arguments) const {
  return {run(command(arguments), environment())};
}

PurserRun PruneTest::prune(const std::vector<std::string>& keep,
                           const std::vector<std::string>& more) const {
  std::vector<std::string> arguments = {"prune", host(), "--yes", "-o", "json"};
  for (const std::string& entry : keep) {
    arguments.emplace_back("--keep");
    arguments.push_back(entry);
  }
  arguments.insert(arguments.end(), more.begin(), more.end());
  return purser(arguments);
}

std::string PruneTest::lost(const std::string& repository, const std::string& tag,
                            const BuiltManifest& manifest) {
  const auto digest = pusher.digest(repository, tag);
  if (!digest) return repository + ":" + tag + " is gone";
  if (*digest != manifest.digest) return repository + ":" + tag + " points at " + *digest;
  return pusher.missing_part_of(repository, manifest);
}

std::map<std::string, std::string> PruneTest::tags_of(const std::string& repository) {
  std::map<std::string, std::string> tags;
  for (const std::string& tag : pusher.tags(repository)) {
    tags[tag] = pusher.digest(repository, tag).value_or("listed, and 404");
  }
  return tags;
}

std::vector<std::string> PruneTest::changes() {
  std::vector<std::string> changes;
  // The probe is the first DELETE of each repository, and nothing before it may change anything.
  std::set<std::string> probed;
  for (const WireRequest& request : proxy.server().requests()) {
    if (request.method == "GET" || request.method == "HEAD") continue;
    const std::string repository = request.path().substr(0, request.path().find("/manifests/"));
    if (request.method == "DELETE" && changes.empty() && probed.insert(repository).second) continue;
    changes.push_back(request.describe());
  }
  return changes;
}

BuiltManifest image_named(const std::string& name, MediaTypes types) {
  return build_image(
      {.types = types, .layers = {"base", "layer of " + name}, .labels = {{"name", name}}});
}

}  // namespace purser::testing
