// One request in five fails between the program and the real registry. The hundred seeds of
// src/retention/random_faults_test.cc see more than these five; these see the real thing.
#include <algorithm>
#include <string>

#include "testing/random_faults.h"
#include "testing/registry_content.h"
#include "testing/wire_faults.h"
#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

constexpr RandomImagesOptions kSmall = {.repositories = 1, .images = 4};

class RandomFaultsOnTheRealRegistryTest : public PruneTest,
                                          public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  PurserRun prune_at(const std::string& registry_host) const {
    std::vector<std::string> arguments = {
        "prune", registry_host, "--allow-empty", "--allow-missing", "--yes", "-o", "json"};
    for (const std::string& entry : images.keep) {
      arguments.emplace_back("--keep");
      arguments.push_back(entry);
    }
    return purser(arguments);
  }
  RegistryContent content() { return content_of(pusher, images); }

  // What a run without faults makes of the same, in a registry of its own.
  RegistryContent goal() const {
    const RegistryServer other;
    Pusher other_pusher(other.url());
    fill(other_pusher, images);
    const PurserRun run = prune_at(other.host());
    EXPECT_EQ(run.exit_code(), 0) << run;
    RegistryContent goal = content_of(other_pusher, images);
    EXPECT_EQ(first_named_loss(images, goal), "");
    return goal;
  }

  // Tag by tag: what the report says, and what another client sees.
  void expect_true(const RunReport& report, const RegistryContent& before,
                   const RegistryContent& now) {
    EXPECT_TRUE(report.adds_up());
    for (const auto& [path, repository] : before) {
      for (const auto& [tag, digest] : repository.tags) {
        SCOPED_TRACE(path + ":" + tag + " is reported as " + report.outcome(path + ":" + tag));
        const auto found = now.at(path).tags.find(tag);
        const bool there = found != now.at(path).tags.end();
        const std::string outcome = report.outcome(path + ":" + tag);
        if (outcome == "failed") {
          EXPECT_NE(report.detail(path + ":" + tag), "");
        } else if (outcome == "removed") {
          EXPECT_FALSE(there);
        } else {
          // Kept or skipped, or not there at all where not even the tags could be listed.
          ASSERT_TRUE(there);
          EXPECT_TRUE(pulls(path, tag, digest, found->second));
        }
      }
    }
    for (const auto& [name, manifest] : report.manifests) {
      const std::string path = name.substr(0, name.find('@'));
      const Digest digest = *Digest::parse(name.substr(name.find('@') + 1));
      if (manifest.outcome == "failed") continue;
      EXPECT_EQ(now.at(path).manifests.contains(digest), manifest.outcome != "removed") << name;
    }
  }
  // The same image: by itself, or by a stand-in for it.
  bool pulls(const std::string& path, const std::string& tag, const Digest& digest,
             const Digest& now) {
    if (now == digest) return true;
    const auto found = pusher.manifest(path, tag);
    const auto claim = found ? claim_of(found->bytes) : std::nullopt;
    return claim && claim->tag == tag && claim->original == digest;
  }

  const RandomImages images = random_images(GetParam(), kSmall);
};

//
TEST_P(RandomFaultsOnTheRealRegistryTest, APruneEndsAsWithoutThemOrStopsWithAReportThatIsTrue) {
  const RegistryContent whole = goal();
  fill(pusher, images);
  const RegistryContent before = content();
  ASSERT_NE(whole, before) << "there is nothing to do";
  RandomFaults faults(GetParam(), {.longest_wait = std::chrono::seconds(1)});
  proxy.act({}, [&](const WireRequest& request, const Pass& pass) {
    return answer_with(faults.next(request.method, request.target), request, pass);
  });

  const PurserRun run = prune_at(host());

  proxy.clear_rules();
  EXPECT_GT(faults.count(), 5u);
  const RegistryContent now = content();
  EXPECT_EQ(first_loss(whole, now), "") << run;
  EXPECT_TRUE(run.exit_code() != 0 || now == whole) << difference(whole, now) << run;
  if (run.exit_code() == 0 || run.exit_code() == 3) {
    expect_true(run.report(), before, now);
  } else {
    EXPECT_EQ(difference(before, now), "") << run;  // nothing was begun
  }
  const PurserRun next = prune_at(host());
  EXPECT_EQ(next.exit_code(), 0) << next;
  EXPECT_EQ(difference(whole, content()), "") << next;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomFaultsOnTheRealRegistryTest,
                         ::testing::Values(1, 2, 5, 16, 20),
                         [](const auto& seed) { return std::to_string(seed.param); });

}  // namespace
}  // namespace purser::testing
