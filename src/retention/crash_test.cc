// A run that is killed at any request, and the next run: nothing kept is lost, no tag stays on a
// stand-in, and the rest of the work gets done.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "purser/prune.h"
#include "purser/stand_in.h"
#include "testing/fake_registry.h"
#include "testing/manual_clock.h"
#include "testing/matchers.h"
#include "testing/temp_dir.h"

namespace purser {
namespace {

namespace fs = std::filesystem;
using testing::FakeRegistry;
using testing::FakeRegistryOptions;
using testing::IsOk;
using testing::SeenRequest;

const std::string kRepo = "team/app";

Client client_of(const std::shared_ptr<FakeRegistry>& registry) {
  ClientOptions options;
  options.registry = registry->host();
  options.transport = registry;
  options.retry.max_attempts = 1;
  options.clock = std::make_shared<testing::ManualClock>();
  return *Client::create(std::move(options));
}

// A kept tag with a doomed sibling, a kept index with a tagged child, a doomed index with children
// of its own and a shared one.
struct World {
  explicit World(const FakeRegistryOptions& options = {})
      : registry(std::make_shared<FakeRegistry>(options)) {
    registry->set_tag(kRepo, "sibling", kept);
    registry->set_tag(kRepo, "child-tag", shared);
    registry->set_tag(kRepo, "old-too", old);
  }

  std::shared_ptr<FakeRegistry> registry;
  Digest kept = registry->add_image(kRepo, "kept");
  Digest shared = registry->add_image(kRepo, "", "shared");
  Digest own_1 = registry->add_image(kRepo, "", "own-1");
  Digest own_2 = registry->add_image(kRepo, "", "own-2");
  Digest index_kept = registry->add_index(kRepo, "index-kept", {shared});
  Digest index_old = registry->add_index(kRepo, "index-old", {shared, own_1, own_2});
  Digest old = registry->add_image(kRepo, "old");
};

Result<Report> prune_world(const World& world, const fs::path& state) {
  Client client = client_of(world.registry);
  KeepPolicy policy;
  policy.entries.push_back(*KeepEntry::parse(kRepo + ":kept", world.registry->host()));
  policy.entries.push_back(*KeepEntry::parse(kRepo + ":index-kept", world.registry->host()));
  PruneOptions options;
  options.apply.state_directory = state;
  return prune(client, policy, options);
}

// The kill: from this request on nothing reaches the registry, and the state directory is what it
// was then. `served` says whether the last request still reached it.
bool run_and_kill(const World& world, std::size_t at, bool served, const fs::path& state,
                  const fs::path& after) {
  bool killed = false;
  std::size_t count = 0;
  fs::create_directories(state);
  world.registry->on_request([&](const SeenRequest&) -> std::optional<http::Outcome> {
    if (killed) return http::Failure{http::Failure::Kind::broken, "killed"};
    if (count++ < at) return std::nullopt;
    killed = true;
    fs::copy(state, after, fs::copy_options::recursive);
    if (served) return std::nullopt;
    return http::Failure{http::Failure::Kind::broken, "killed"};
  });
  (void)prune_world(world, state);
  world.registry->on_request(nullptr);
  return killed;
}

void expect_finished(const World& world) {
  const FakeRegistry& registry = *world.registry;
  EXPECT_THAT(registry.tags(kRepo), ::testing::ElementsAre("index-kept", "kept"));
  EXPECT_EQ(registry.tag(kRepo, "kept"), world.kept);
  EXPECT_EQ(registry.tag(kRepo, "index-kept"), world.index_kept);
  EXPECT_TRUE(registry.has(kRepo, world.kept));
  EXPECT_TRUE(registry.has(kRepo, world.index_kept));
  EXPECT_TRUE(registry.has(kRepo, world.shared));
  EXPECT_FALSE(registry.has(kRepo, world.index_old));
  EXPECT_FALSE(registry.has(kRepo, world.own_1));
  EXPECT_FALSE(registry.has(kRepo, world.own_2));
  EXPECT_FALSE(registry.has(kRepo, world.old));
  EXPECT_EQ(registry.manifest_count(kRepo), 3u) << "a stand-in or a child was left behind";
}

// What the first run left, wherever it was killed: everything kept resolves.
void expect_kept(const World& world) {
  EXPECT_TRUE(world.registry->has(kRepo, *world.registry->tag(kRepo, "kept")));
  EXPECT_TRUE(world.registry->has(kRepo, *world.registry->tag(kRepo, "index-kept")));
  EXPECT_TRUE(world.registry->has(kRepo, world.shared));
}

class CrashTest : public ::testing::TestWithParam<bool> {};

TEST_P(CrashTest, TheNextRunFinishesWhateverTheRequestAtWhichTheFirstWasKilled) {
  bool killed = true;
  std::size_t at = 0;
  for (; killed; ++at) {
    SCOPED_TRACE("killed at request " + std::to_string(at));
    World world;
    testing::TempDir state(testing::TempDir::Medium::memory);
    killed = run_and_kill(world, at, GetParam(), state / "first", state / "then");
    expect_kept(world);
    auto second = prune_world(world, killed ? state / "then" : state / "first");
    ASSERT_THAT(second, IsOk());
    EXPECT_TRUE(second->complete());
    expect_finished(world);
    if (HasFailure()) break;
  }
  EXPECT_GT(at, 20u) << "the run was too short to prove anything";
}

// Another machine has no journal: it finds stand-ins by what they say of themselves.
TEST_P(CrashTest, ARunWithoutTheJournalLeavesNoTagOnAStandInAndLosesNothing) {
  bool killed = true;
  for (std::size_t at = 0; killed; ++at) {
    SCOPED_TRACE("killed at request " + std::to_string(at));
    World world;
    testing::TempDir state(testing::TempDir::Medium::memory);
    killed = run_and_kill(world, at, GetParam(), state / "first", state / "then");
    auto second = prune_world(world, state / "elsewhere");
    ASSERT_THAT(second, IsOk());
    EXPECT_THAT(world.registry->tags(kRepo), ::testing::ElementsAre("index-kept", "kept"));
    EXPECT_EQ(world.registry->tag(kRepo, "kept"), world.kept);
    EXPECT_EQ(world.registry->tag(kRepo, "index-kept"), world.index_kept);
    EXPECT_TRUE(world.registry->has(kRepo, world.shared));
    if (HasFailure()) break;
  }
}

// The lost tag is all that its entry matches: were it looked for before it is back, the run would
// be refused.
TEST(CrashedRunTest, PutsALostTagBackBeforeTheNextRunLooksForIt) {
  auto registry = std::make_shared<FakeRegistry>();
  registry->add_image(kRepo, "latest");
  const Digest doomed = registry->add_image(kRepo, "doomed");
  testing::TempDir state(testing::TempDir::Medium::memory);
  fs::create_directories(state / "first");
  bool deleted = false;
  bool killed = false;
  registry->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deleted && !killed) {
      killed = true;
      fs::copy(state / "first", state / "then", fs::copy_options::recursive);
    }
    if (killed) return http::Failure{http::Failure::Kind::broken, "killed"};
    if (request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos) {
      registry->set_tag(kRepo, "latest", doomed);
      deleted = true;
    }
    return std::nullopt;
  });
  Client client = client_of(registry);
  KeepPolicy policy;
  policy.entries.push_back(*KeepEntry::parse(kRepo + ":latest", registry->host()));
  PruneOptions options;
  options.apply.state_directory = state / "first";
  (void)prune(client, policy, options);
  registry->on_request(nullptr);
  ASSERT_TRUE(killed);
  ASSERT_TRUE(registry->tags(kRepo).empty());

  options.apply.state_directory = state / "then";
  EXPECT_THAT(prune(client, policy, options), IsOk());
  EXPECT_EQ(registry->tag(kRepo, "latest"), doomed);
  EXPECT_TRUE(registry->has(kRepo, doomed));
}

// The kinds of servers on which a removal takes other steps.
struct Server {
  const char* name;
  FakeRegistryOptions options = {};
};

void PrintTo(const Server& server, std::ostream* stream) { *stream << server.name; }

class ServerCrashTest : public ::testing::TestWithParam<Server> {};

// the registry acts, and whether it did is not known.
TEST_P(ServerCrashTest, TheNextRunFinishesWhateverTheRequestAtWhichTheFirstWasKilled) {
  bool killed = true;
  std::size_t at = 0;
  for (; killed && !HasFailure(); ++at) {
    SCOPED_TRACE("killed at request " + std::to_string(at));
    World world(GetParam().options);
    testing::TempDir state(testing::TempDir::Medium::memory);
    killed = run_and_kill(world, at, true, state / "first", state / "then");
    expect_kept(world);
    // A kill may leave work for two runs: the next one finds out anew how this server deletes.
    auto next = prune_world(world, killed ? state / "then" : state / "first");
    ASSERT_THAT(next, IsOk());
    EXPECT_TRUE(next->complete()) << to_json(*next);
    expect_finished(world);
  }
  EXPECT_GT(at, 20u) << "the run was too short to prove anything";
}

using TagDelete = FakeRegistryOptions::TagDelete;
using Wants = FakeRegistryOptions::DeleteWants;

INSTANTIATE_TEST_SUITE_P(
    Servers, ServerCrashTest,
    ::testing::Values(Server{"deletes_tags", {.tag_delete = TagDelete::conforming}},
                      Server{"wants_no_tag",
                             {.tag_delete = TagDelete::conforming, .delete_wants = Wants::no_tag}},
                      Server{"wants_one_tag",
                             {.tag_delete = TagDelete::conforming,
                              .delete_wants = Wants::one_tag_at_most}},
                      Server{"tags_hold_manifests",
                             {.tag_delete = TagDelete::conforming, .tags_hold_manifests = true}},
                      Server{"refuses_annotations",
                             {.tag_delete = TagDelete::conforming, .refuses_annotations = true}},
                      Server{"resolves_tags", {.tag_delete = TagDelete::deletes_manifest}},
                      Server{"later_and_500", {.delete_lag = 2, .delete_status = 500}}),
    [](const auto& server) { return std::string(server.param.name); });

INSTANTIATE_TEST_SUITE_P(LastRequest, CrashTest, ::testing::Bool(),
                         [](const auto& served) { return served.param ? "Served" : "NotServed"; });

}  // namespace
}  // namespace purser
