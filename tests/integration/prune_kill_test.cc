// kill -9 at any request of a prune, then the next run: nothing kept is lost at any moment, no tag
// is left on a stand-in, and the rest of the work gets done.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

// What happens to the request at which the program is killed.
enum class LastRequest {
  never_arrives,  // as if killed before it was sent
  arrives,        // on the wire already: the registry does it after the program's death
  was_done,       // the registry did it, its answer was on the way
};

class KillTest : public PruneTest, public ::testing::WithParamInterface<LastRequest> {
 protected:
  // Untags of an image and of a child, an index with children that nobody else needs and a nested
  // one, a manifest with two tags, and a signature: each kind of work that a prune does.
  void fill(const std::string& repository) {
    pusher.push(repository, kept_index, "multi");
    pusher.push(repository, kept_image, "kept");
    pusher.push(repository, signature, digest_tag(shared_child.digest, ".sig"));
    pusher.push(repository, kept_image, "untag-me");
    pusher.push(repository, shared_child, "untag-child");
    pusher.push(repository, kept_index, "untag-index");
    pusher.push(repository, old_index, "old-multi");
    pusher.push(repository, old_image, "old");
    pusher.push(repository, old_image, "old-too");
    pusher.push(repository, old_signature, digest_tag(old_image.digest, ".sig"));
  }

  std::vector<std::string> arguments(const std::string& repository) const {
    return {"prune",  host() + "/" + repository, "--keep", repository + ":kept",
            "--keep", repository + ":multi",     "--yes",  "-o",
            "json"};
  }

  // Where the program changes things, as counts of requests from its start.
  struct Span {
    std::size_t first_change = 0;
    std::size_t end = 0;
  };
  Span measure() {
    fill("measured");
    proxy.server().forget_requests();
    const PurserRun run = purser(arguments("measured"));
    EXPECT_EQ(run.exit_code(), 0) << run;
    const std::vector<WireRequest> requests = proxy.server().requests();
    const auto first = std::find_if(requests.begin(), requests.end(), [](const WireRequest& r) {
      return r.method == "PUT" || r.method == "DELETE";
    });
    proxy.server().forget_requests();
    return {static_cast<std::size_t>(first - requests.begin()), requests.size()};
  }

  void kill_at(std::size_t nth, const std::string& repository) {
    const Match match{.skip = nth, .times = 1};
    switch (GetParam()) {
      case LastRequest::never_arrives:
        proxy.stall_and_drop(match);
        break;
      case LastRequest::arrives:
        proxy.stall(match);
        break;
      case LastRequest::was_done:
        proxy.stall_answer(match);
        break;
    }
    Process process(command(arguments(repository)), environment());
    ASSERT_TRUE(proxy.server().wait_for_stall()) << process.out() << process.err();
    process.signal(SIGKILL);
    const ProcessResult end = process.wait();
    ASSERT_EQ(end.signal, SIGKILL) << end.describe();
    proxy.server().release_stalled();
    // When this returns, the registry has done all that it will ever do for the dead program.
    proxy.server().wait_until_idle();
    proxy.clear_rules();
  }

  std::string kept_is_lost(const std::string& repository) {
    for (const auto& [tag, manifest] :
         {std::pair("multi", &kept_index), std::pair("kept", &kept_image)}) {
      if (auto missing = lost(repository, tag, *manifest); !missing.empty()) return missing;
    }
    return lost(repository, digest_tag(shared_child.digest, ".sig"), signature);
  }

  void expect_nothing_kept_lost(const std::string& repository) {
    EXPECT_EQ(kept_is_lost(repository), "");
  }

  // Everything that was ever put onto a tag to take it away.
  std::set<std::string> stand_ins(const std::string& repository) {
    std::set<std::string> digests;
    for (const WireRequest& request : proxy.server().requests()) {
      if (request.method != "PUT" || request.path().find(repository) == std::string::npos) continue;
      if (request.body.find("io.purser.stand-in") == std::string::npos) continue;
      digests.insert(digest_of(request.body));
    }
    return digests;
  }

  void expect_done(const std::string& repository) {
    expect_nothing_kept_lost(repository);
    const std::vector<std::string> tags = {"kept", "multi",
                                           digest_tag(shared_child.digest, ".sig")};
    EXPECT_EQ(pusher.tags(repository), tags);
    for (const BuiltManifest* gone : {&old_index, &old_image, &old_signature}) {
      EXPECT_EQ(pusher.status(repository, gone->digest), 404);
    }
    for (const std::string& digest : stand_ins(repository)) {
      EXPECT_EQ(pusher.status(repository, digest), 404) << "a stand-in stays behind";
    }
  }

  const BuiltManifest kept_image = image_named("kept");
  const BuiltManifest shared_child = image_named("shared child");
  const BuiltManifest kept_index = build_index({shared_child, image_named("child")});
  const BuiltManifest signature = build_signature(shared_child.digest);
  const BuiltManifest old_child = image_named("old child");
  const BuiltManifest nested_child = image_named("nested old child");
  const BuiltManifest nested = build_index({nested_child}, {.annotations = {{"nested", "yes"}}});
  const BuiltManifest old_index = build_index({shared_child, old_child, nested});
  const BuiltManifest old_image = image_named("old", MediaTypes::docker);
  const BuiltManifest old_signature = build_signature(old_image.digest);
};

INSTANTIATE_TEST_SUITE_P(TheLastRequest, KillTest,
                         ::testing::Values(LastRequest::never_arrives, LastRequest::arrives,
                                           LastRequest::was_done),
                         [](const auto& of) {
                           switch (of.param) {
                             case LastRequest::never_arrives:
                               return "NeverArrives";
                             case LastRequest::arrives:
                               return "ArrivesAfterwards";
                             case LastRequest::was_done:
                               break;
                           }
                           return "WasDone";
                         });

TEST_P(KillTest, TheNextRunFinishesTheWork) {
  const Span span = measure();
  for (std::size_t nth = span.first_change; nth < span.end; ++nth) {
    const std::string repository = "app-" + std::to_string(nth);
    SCOPED_TRACE("killed at request " + std::to_string(nth));
    fill(repository);
    ASSERT_NO_FATAL_FAILURE(kill_at(nth, repository));
    expect_nothing_kept_lost(repository);

    const PurserRun next = purser(arguments(repository));
    EXPECT_EQ(next.exit_code(), 0) << next;
    expect_done(repository);
    // Children of a removed index have no tag that would lead to them: the journal does.
    for (const BuiltManifest* gone : {&old_child, &nested, &nested_child}) {
      EXPECT_EQ(pusher.status(repository, gone->digest), 404) << "an untagged child stays behind";
    }
    if (HasFailure()) return;
  }
}

// Another machine, or a state directory that is gone: no journal tells what was going on.
TEST_P(KillTest, ARunWithoutTheJournalLosesNothingEither) {
  const Span span = measure();
  for (std::size_t nth = span.first_change; nth < span.end; nth += 2) {
    const std::string repository = "app-" + std::to_string(nth);
    SCOPED_TRACE("killed at request " + std::to_string(nth));
    fill(repository);
    ASSERT_NO_FATAL_FAILURE(kill_at(nth, repository));
    expect_nothing_kept_lost(repository);
    std::filesystem::remove_all(directory / "state");

    const PurserRun next = purser(arguments(repository));
    EXPECT_EQ(next.exit_code(), 0) << next;
    expect_done(repository);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace purser::testing
