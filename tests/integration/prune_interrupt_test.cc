// Ctrl-C while a prune's change is under way: it ends at once but for what must not be left
// half done, and its report is true, tag by tag.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

// What becomes of the request at which the program is interrupted.
enum class LastRequest {
  never_arrives,  // lost on its way, and nobody answers it
  was_done,       // the registry did it, and its answer does not come
};

class InterruptTest : public PruneTest, public ::testing::WithParamInterface<LastRequest> {
 protected:
  void fill(const std::string& repository) {
    pusher.push(repository, kept_image_, "kept");
    pusher.push(repository, kept_image_, "untag-me");
    pusher.push(repository, old_index_, "old-multi");
    pusher.push(repository, old_image_, "old");
    pusher.push(repository, old_image_, "old-too");
  }
  std::vector<std::string> arguments(const std::string& repository) const {
    return {"prune", host() + "/" + repository, "--keep", repository + ":kept", "--yes", "-o",
            "json"};
  }

  // The requests that change something, as counts from the program's start.
  std::vector<std::size_t> changes_of_a_run() {
    fill("measured");
    proxy.server().forget_requests();
    const PurserRun run = purser(arguments("measured"));
    EXPECT_EQ(run.exit_code(), 0) << run;
    std::vector<std::size_t> moments;
    std::size_t at = 0;
    for (const WireRequest& request : proxy.server().requests()) {
      if (request.method == "PUT" || request.method == "DELETE") moments.push_back(at);
      ++at;
    }
    EXPECT_GE(moments.size(), 6u) << "too few changes for a test of interruptions";
    return moments;
  }

  PurserRun interrupted_at(std::size_t nth, const std::string& repository) {
    const Match match{.skip = nth, .times = 1};
    if (GetParam() == LastRequest::never_arrives) {
      proxy.stall_and_drop(match);
    } else {
      proxy.stall_answer(match);
    }
    Process process(command(arguments(repository)), environment());
    EXPECT_TRUE(proxy.server().wait_for_stall()) << process.out() << process.err();
    const auto sent = std::chrono::steady_clock::now();
    process.signal(SIGINT);
    PurserRun run{process.wait()};
    EXPECT_LT(std::chrono::steady_clock::now() - sent, kPatience * std::chrono::seconds(10)) << run;
    EXPECT_EQ(run.exit_code(), 130) << run;
    proxy.server().release_stalled();
    proxy.server().wait_until_idle();
    proxy.clear_rules();
    return run;
  }

  // What the report says of each tag is what another client sees.
  void expect_true(const PurserRun& run, const std::string& repository,
                   const std::map<std::string, std::string>& before) {
    const RunReport report = run.report();
    EXPECT_TRUE(report.adds_up()) << run;
    EXPECT_FALSE(report.complete) << run;
    const auto now = tags_of(repository);
    for (const auto& [tag, digest] : before) {
      const std::string outcome = report.outcome(repository + ":" + tag);
      const auto found = now.find(tag);
      if (outcome == "removed") {
        EXPECT_TRUE(found == now.end()) << tag << " is there: " << run;
      } else {
        EXPECT_TRUE(found != now.end() && found->second == digest) << tag << " is not: " << run;
      }
    }
    EXPECT_EQ(lost(repository, "kept", kept_image_), "");
  }

  const BuiltManifest kept_image_ = image_named("kept");
  const BuiltManifest old_index_ = build_index({image_named("old child")});
  const BuiltManifest old_image_ = image_named("old", MediaTypes::docker);
};

INSTANTIATE_TEST_SUITE_P(TheLastRequest, InterruptTest,
                         ::testing::Values(LastRequest::never_arrives, LastRequest::was_done),
                         [](const auto& of) {
                           return of.param == LastRequest::was_done ? "WasDone" : "NeverArrives";
                         });

//
TEST_P(InterruptTest, EndsSoonWithATrueReportAndTheNextRunDoesTheRest) {
  for (const std::size_t nth : changes_of_a_run()) {
    const std::string repository = "app-" + std::to_string(nth);
    SCOPED_TRACE("interrupted at request " + std::to_string(nth));
    fill(repository);
    const auto before = tags_of(repository);
    proxy.server().forget_requests();
    const PurserRun run = interrupted_at(nth, repository);
    // Before the first change there is nothing to report but that it was ended.
    if (!run.out().empty()) expect_true(run, repository, before);
    if (run.out().empty()) EXPECT_EQ(tags_of(repository), before) << run;

    const PurserRun next = purser(arguments(repository));
    EXPECT_EQ(next.exit_code(), 0) << next;
    EXPECT_EQ(tags_of(repository).size(), 1u) << next;
    EXPECT_EQ(lost(repository, "kept", kept_image_), "");
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace purser::testing
