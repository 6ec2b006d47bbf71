// kill -9 at a hundred moments of prunes of the program itself, each of another registry: nothing
// that is kept is lost at any of them, and the next run ends where an undisturbed one ends.
//
// What a killed run leaves behind differs only in what the registry has done and what the journal
// says. The journal is written between an answer and the next request, so a moment is one of two: a
// request has come and was not passed on, or it was, and its answer has not left. They are counted
// in requests, and nothing hangs on a clock. PURSER_TEST_SEEDS=7 runs one of them alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "testing/fault_registry.h"
#include "testing/process.h"
#include "testing/registry_content.h"
#include "testing/temp_dir.h"
#include "tests/cli/program.h"

namespace purser::testing {
namespace {

constexpr std::uint64_t kMoments = 50;  // of each kind

// A registry with random images, and the program in front of it.
struct Scene {
  Scene(const RandomImages& images, FakeRegistryOptions options) : registry(std::move(options)) {
    fill(registry.content(), images);
    arguments = {"prune", registry.host(), "--allow-empty", "--allow-missing", "--yes"};
    for (const std::string& entry : images.keep) {
      arguments.emplace_back("--keep");
      arguments.push_back(entry);
    }
  }

  FaultRegistry registry;
  Program program;
  std::vector<std::string> arguments;
};

FakeRegistryOptions server_of(std::uint64_t seed) {
  FakeRegistryOptions options;
  if (seed % 2 == 1) options.tag_delete = FakeRegistryOptions::TagDelete::conforming;
  options.requires_children = true;
  return options;
}

// Where a run ends that nobody disturbs, and how many requests it takes.
struct Undisturbed {
  RegistryContent start = {};
  RegistryContent goal = {};
  std::size_t requests = 0;
};

Undisturbed run_undisturbed(const RandomImages& images, std::uint64_t seed) {
  Scene scene(images, server_of(seed));
  RegistryContent start = content_of(scene.registry.content(), images);
  const ProcessResult result = scene.program(scene.arguments);
  EXPECT_TRUE(result.ok()) << result.describe();
  RegistryContent goal = content_of(scene.registry.content(), images);
  EXPECT_EQ(first_named_loss(images, goal), "");
  return {std::move(start), std::move(goal), scene.registry.server().count()};
}

// `passed_on`: the registry has acted on the last request, and its answer was on the way.
void kill_at(Scene& scene, std::size_t nth, bool passed_on) {
  HttpServer& server = scene.registry.server();
  std::atomic<std::size_t> count = 0;
  scene.registry.on_each([&](const WireRequest&, const Pass& pass) {
    const std::size_t at = count++;
    if (at < nth) return Answer{.response = pass()};
    // Others that were under way beside it come too late.
    if (at > nth) return Answer{.reset = true};
    Answer answer{.reset = true};
    if (passed_on) answer = {.response = pass()};
    server.stall();
    return answer;
  });
  Process process(scene.program.command(scene.arguments), scene.program.options());
  const bool stalled = server.wait_for_stall();
  process.signal(SIGKILL);
  const ProcessResult end = process.wait();
  ASSERT_TRUE(stalled) << end.describe();
  ASSERT_EQ(end.signal, SIGKILL) << end.describe();
  server.release_stalled();
  server.wait_until_idle();
  scene.registry.on_each(nullptr);
}

class KillMomentsTest : public ::testing::TestWithParam<bool> {};

TEST_P(KillMomentsTest, LoseNothingThatIsKeptAndTheNextRunFinishes) {
  const char* chosen = std::getenv("PURSER_TEST_SEEDS");
  const std::uint64_t first = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 0;
  const std::uint64_t count = chosen != nullptr ? 1 : kMoments;
  std::size_t half_way = 0;
  for (std::uint64_t seed = first; seed < first + count && !HasFailure(); ++seed) {
    const RandomImages images = random_images(seed, {.repositories = 1, .images = 4});
    const Undisturbed whole = run_undisturbed(images, seed);
    // From the first request to the last one, evenly.
    const std::size_t nth = whole.requests * (seed % kMoments) / kMoments;
    SCOPED_TRACE("alone: PURSER_TEST_SEEDS=" + std::to_string(seed) + ", killed at request " +
                 std::to_string(nth) + " of " + std::to_string(whole.requests));
    Scene scene(images, server_of(seed));
    ASSERT_NO_FATAL_FAILURE(kill_at(scene, nth, GetParam()));
    const RegistryContent between = content_of(scene.registry.content(), images);
    EXPECT_EQ(first_loss(whole.goal, between), "");
    if (between != whole.goal && between != whole.start) ++half_way;

    const ProcessResult next = scene.program(scene.arguments);
    EXPECT_TRUE(next.ok()) << next.describe();
    EXPECT_EQ(difference(whole.goal, content_of(scene.registry.content(), images)), "")
        << next.describe();
  }
  EXPECT_TRUE(chosen != nullptr || half_way > kMoments / 5) << "only " << half_way;
}

INSTANTIATE_TEST_SUITE_P(TheLastRequest, KillMomentsTest, ::testing::Bool(),
                         [](const auto& of) { return of.param ? "WasDone" : "WasNotPassedOn"; });

}  // namespace
}  // namespace purser::testing
