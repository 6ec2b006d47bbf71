// kill -9 at any request of a prune, then the next run: nothing kept is lost at any moment, no tag
// is left on a stand-in, and the rest of the work gets done.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "testing/skopeo.h"
#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

// What happens to the request at which the program is killed.
enum class LastRequest {
  never_arrives,  // as if killed before it was sent
  was_done,       // the registry did it, and its answer was on the way
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

  // The requests to be killed at, as counts from the program's start: each one that changes
  // something, and the one after it, when the journal has its line. Between those nothing happens
  // that a run leaves behind; PURSER_TEST_EVERY_REQUEST=1 kills there as well, and takes minutes.
  std::vector<std::size_t> moments() {
    fill("measured");
    proxy.server().forget_requests();
    const PurserRun run = purser(arguments("measured"));
    EXPECT_EQ(run.exit_code(), 0) << run;
    const std::vector<WireRequest> requests = proxy.server().requests();
    const bool every = std::getenv("PURSER_TEST_EVERY_REQUEST") != nullptr;
    const auto changes = [&](std::size_t at) {
      return requests[at].method == "PUT" || requests[at].method == "DELETE";
    };
    std::vector<std::size_t> moments;
    for (std::size_t at = 0; at < requests.size(); ++at) {
      const bool after_a_change = at > 0 && changes(at - 1);
      const bool before_arrival = GetParam() == LastRequest::never_arrives;
      if (every || changes(at) || (after_a_change && before_arrival)) moments.push_back(at);
    }
    EXPECT_GT(moments.size(), 10u) << "too few changes for a test of crashes";
    return moments;
  }

  void kill_at(std::size_t nth, const std::string& repository) {
    const Match match{.skip = nth, .times = 1};
    switch (GetParam()) {
      case LastRequest::never_arrives:
        proxy.stall_and_drop(match);
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

  // Empty if every kept tag has its own manifest and all that it needs.
  std::string kept_is_lost(const std::string& repository) {
    for (const auto& [tag, manifest] :
         {std::pair("multi", &kept_index), std::pair("kept", &kept_image)}) {
      if (auto missing = lost(repository, tag, *manifest); !missing.empty()) return missing;
    }
    return lost(repository, digest_tag(shared_child.digest, ".sig"), signature);
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
    EXPECT_EQ(kept_is_lost(repository), "");
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
                         ::testing::Values(LastRequest::never_arrives, LastRequest::was_done),
                         [](const auto& of) {
                           return of.param == LastRequest::was_done ? "WasDone" : "NeverArrives";
                         });

TEST_P(KillTest, TheNextRunFinishesTheWork) {
  for (const std::size_t nth : moments()) {
    const std::string repository = "app-" + std::to_string(nth);
    SCOPED_TRACE("killed at request " + std::to_string(nth));
    fill(repository);
    proxy.server().forget_requests();
    ASSERT_NO_FATAL_FAILURE(kill_at(nth, repository));
    EXPECT_EQ(kept_is_lost(repository), "");

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
  for (const std::size_t nth : moments()) {
    const std::string repository = "app-" + std::to_string(nth);
    SCOPED_TRACE("killed at request " + std::to_string(nth));
    fill(repository);
    proxy.server().forget_requests();
    ASSERT_NO_FATAL_FAILURE(kill_at(nth, repository));
    EXPECT_EQ(kept_is_lost(repository), "");
    std::filesystem::remove_all(directory / "state");

    const PurserRun next = purser(arguments(repository));
    EXPECT_EQ(next.exit_code(), 0) << next;
    expect_done(repository);
    if (HasFailure()) return;
  }
}

// Killed with a tag on its stand-in: until the next run it pulls the same image, and a run that
// keeps the tag now gives it back its own manifest, with the journal or without.
class StandInLeftBehindTest : public PruneTest, public ::testing::WithParamInterface<bool> {};

INSTANTIATE_TEST_SUITE_P(Journal, StandInLeftBehindTest, ::testing::Bool(),
                         [](const auto& of) { return of.param ? "IsThere" : "IsGone"; });

TEST_P(StandInLeftBehindTest, PullsTheSameImageAndIsTakenBackWhereTheTagIsKeptNow) {
  const BuiltManifest image = image_named("shared");
  pusher.push("team/app", image, "kept");
  pusher.push("team/app", image, "untag-me");
  proxy.stall_answer({.method = "PUT", .times = 1});
  Process process(command({"prune", host(), "--keep", "team/app:kept", "--yes"}), environment());
  ASSERT_TRUE(proxy.server().wait_for_stall()) << process.out() << process.err();
  process.signal(SIGKILL);
  process.wait();
  proxy.server().release_stalled();
  proxy.clear_rules();

  const auto stand_in = pusher.manifest("team/app", "untag-me");
  ASSERT_TRUE(stand_in);
  ASSERT_NE(stand_in->digest, image.digest);
  const ProcessResult pulled =
      pull_with_skopeo(registry.host() + "/team/app:untag-me", directory / "pulled");
  EXPECT_TRUE(pulled.ok()) << pulled.describe();
  for (const BuiltBlob& blob : image.blobs) {
    EXPECT_NE(stand_in->bytes.find(blob.digest), std::string::npos);
  }
  if (!GetParam()) std::filesystem::remove_all(directory / "state");

  const PurserRun run = prune({"team/app:*"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(lost("team/app", "untag-me", image), "");
  EXPECT_EQ(lost("team/app", "kept", image), "");
  EXPECT_EQ(pusher.status("team/app", stand_in->digest), 404) << "the stand-in stays behind";
  EXPECT_FALSE(run.report().warnings.empty());
}

// The last look of the dead run is made up for: a kept tag that another client moved onto a doomed
// digest just before its delete went with it, and comes back from the journal.
TEST_P(KillTest, AKeptTagThatWentWithADeleteIsPutBackByTheNextRun) {
  const BuiltManifest doomed = image_named("doomed");
  pusher.push("team/app", kept_image, "kept");
  pusher.push("team/app", kept_image, "kept-too");
  pusher.push("team/app", doomed, "doomed");
  const bool answered = GetParam() == LastRequest::never_arrives;
  proxy.before({.method = "DELETE", .target = doomed.digest, .times = 1}, [&](const WireRequest&) {
    pusher.push("team/app", doomed, "kept");
    // Killed at the look after the delete, or before the answer to it is there.
    if (answered) return proxy.stall_and_drop({});
    pusher.delete_status("team/app", doomed.digest);
    proxy.server().stall();
  });
  Process process(command({"prune", host(), "--keep", "team/app:kept*", "--yes"}), environment());
  ASSERT_TRUE(proxy.server().wait_for_stall()) << process.out() << process.err();
  process.signal(SIGKILL);
  process.wait();
  proxy.server().release_stalled();
  proxy.server().wait_until_idle();
  proxy.clear_rules();
  ASSERT_EQ(pusher.status("team/app", "kept"), 404);

  const PurserRun run = prune({"team/app:kept*"});

  EXPECT_EQ(lost("team/app", "kept", doomed), "") << run;
  EXPECT_EQ(lost("team/app", "kept-too", kept_image), "");
  EXPECT_FALSE(run.report().warnings.empty());
}

}  // namespace
}  // namespace purser::testing
