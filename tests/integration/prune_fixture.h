// The program under test, a real registry behind a proxy, and another client that looks at it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "testing/image_builder.h"
#include "testing/process.h"
#include "testing/proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "testing/temp_dir.h"

namespace purser::testing {

// What `-o json` of prune, apply and delete says.
struct RunReport {
  struct Decision {
    std::string action = {};
    std::string means = {};
    std::string outcome = {};
    std::string detail = {};
    std::string reasons = {};  // joined by "; "
  };
  bool applied = false;
  bool complete = false;
  std::uint64_t tags_seen = 0;
  std::uint64_t tags_kept = 0;
  std::uint64_t tags_removed = 0;
  std::uint64_t tags_failed = 0;
  std::uint64_t tags_skipped = 0;
  std::uint64_t tags_to_remove = 0;
  std::uint64_t manifests_removed = 0;
  std::map<std::string, Decision> tags = {};       // by "team/app:v1"
  std::map<std::string, Decision> manifests = {};  // by "team/app@sha256:…"
  std::vector<std::string> warnings = {};
  std::vector<std::string> flags = {};  // that the refusals name

  bool adds_up() const {
    return tags_seen == tags_kept + tags_removed + tags_failed + tags_skipped;
  }
  std::string outcome(const std::string& tag) const;
  std::string detail(const std::string& tag) const;
};

struct PurserRun {
  ProcessResult process = {};

  std::optional<int> exit_code() const { return process.exit_code; }
  const std::string& out() const { return process.out; }
  const std::string& err() const { return process.err; }
  // Throws HarnessError where stdout is not a report.
  RunReport report() const;
};
// For the message of a failure.
std::ostream& operator<<(std::ostream& stream, const PurserRun& run);

// Every case has a registry of its own, so that none can disturb another.
class PruneTest : public ::testing::Test {
 protected:
  explicit PruneTest(const RegistryOptions& options = {});

  // The registry's name for the program: that of the proxy before it.
  std::string host() const { return proxy.host(); }
  std::vector<std::string> command(const std::vector<std::string>& arguments) const;
  ProcessOptions environment() const;
  PurserRun purser(const std::vector<std::string>& arguments) const;
  // `purser prune HOST --keep … --yes -o json`, and more arguments.
  PurserRun prune(const std::vector<std::string>& keep,
                  const std::vector<std::string>& more = {}) const;

  // Empty if the tag has exactly this manifest and everything that it needs is there.
  std::string lost(const std::string& repository, const std::string& tag,
                   const BuiltManifest& manifest);
  // Tag to digest, as the other client sees them.
  std::map<std::string, std::string> tags_of(const std::string& repository);
  // The requests since `forget_requests` that could change something: all but reads, and but the
  // DELETE of a digest that no manifest has, by which the program asks whether deletes work.
  std::vector<std::string> changes();

  RegistryServer registry;
  Proxy proxy;
  Pusher pusher;
  TempDir directory;  // XDG_STATE_HOME is its folder "state"
};

// `REPOSITORY:TAG` of a manifest that is told from others by `name` alone.
BuiltManifest image_named(const std::string& name, MediaTypes types = MediaTypes::oci);

}  // namespace purser::testing
