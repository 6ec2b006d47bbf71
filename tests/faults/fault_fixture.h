// A prune by the library, over real HTTP, of a registry whose answers go wrong.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "purser/prune.h"
#include "testing/fault_registry.h"
#include "testing/matchers.h"
#include "testing/temp_dir.h"
#include "tests/integration/registry_client.h"

namespace purser::testing {

// In team/app: kept, on an index with two children; also, the same image under another name; old,
// on an index that shares a child with it; and doomed, on an image of its own. In team/well: kept
// and old, each on an image of its own, and nothing ever goes wrong there.
class FaultyWorld {
 public:
  inline static const std::string kApp = "team/app";
  inline static const std::string kWell = "team/well";

  explicit FaultyWorld(FakeRegistryOptions options = {}) : registry(std::move(options)) { fill(); }

  Client client() const {
    ClientOptions options;
    options.registry = registry.host();
    options.retry.first_delay = std::chrono::milliseconds(0);
    return client_of(std::move(options));
  }
  // Keeps team/app:kept and team/well:kept.
  Result<Report> prune() const {
    Client with = client();
    KeepPolicy policy;
    for (const std::string& path : {kApp, kWell}) {
      policy.entries.push_back(*KeepEntry::parse(path + ":kept", registry.host()));
    }
    PruneOptions options;
    options.apply.state_directory = state.path();
    options.survey.guardrails.allow_missing = true;
    return purser::prune(with, policy, options);
  }

  static bool is_in_app(const WireRequest& request) {
    return request.target.find(kApp) != std::string::npos;
  }
  // Does this to each answer to such a request in team/app.
  using Change = std::function<void(Answer&)>;
  void change(const std::string& method, const std::string& contains, const Change& change) {
    registry.on_each([=](const WireRequest& request, const Pass& pass) {
      Answer answer{.response = pass()};
      const bool fits = (method.empty() || request.method == method) && is_in_app(request) &&
                        request.target.find(contains) != std::string::npos;
      if (fits) change(answer);
      return answer;
    });
  }

  void expect_kept_is_whole() const {
    const FakeRegistry& content = registry.content();
    EXPECT_EQ(content.tag(kApp, "kept"), index);
    for (const Digest& digest : {index, shared, own}) EXPECT_TRUE(content.has(kApp, digest));
    EXPECT_EQ(content.tag(kWell, "kept"), well);
    EXPECT_TRUE(content.has(kWell, well));
  }
  void expect_pruned() const {
    expect_kept_is_whole();
    EXPECT_THAT(registry.content().tags(kApp), ::testing::ElementsAre("kept"));
    EXPECT_EQ(registry.content().manifest_count(kApp), 3u);
    expect_well_is_pruned();
  }
  void expect_well_is_pruned() const {
    EXPECT_THAT(registry.content().tags(kWell), ::testing::ElementsAre("kept"));
  }
  void expect_app_is_untouched() const {
    expect_kept_is_whole();
    EXPECT_THAT(registry.content().tags(kApp),
                ::testing::ElementsAre("also", "doomed", "kept", "old"));
    EXPECT_EQ(registry.content().tag(kApp, "also"), index);
    EXPECT_EQ(registry.content().manifest_count(kApp), 6u);
  }

  FaultRegistry registry;
  TempDir state{TempDir::Medium::memory};
  Digest shared = Digest::of("");
  Digest own = Digest::of("");
  Digest index = Digest::of("");
  Digest old = Digest::of("");
  Digest well = Digest::of("");

 private:
  void fill() {
    FakeRegistry& content = registry.content();
    shared = content.add_image(kApp, "", "shared");
    own = content.add_image(kApp, "", "own");
    index = content.add_index(kApp, "kept", {shared, own});
    content.set_tag(kApp, "also", index);
    const Digest child = content.add_image(kApp, "", "child of the old one");
    old = content.add_index(kApp, "old", {shared, child});
    content.add_image(kApp, "doomed");
    well = content.add_image(kWell, "kept");
    content.add_image(kWell, "old");
  }
};

class FaultTest : public ::testing::Test, protected FaultyWorld {};

}  // namespace purser::testing
