// Unread is not absent: where something could not be read nothing goes, and the others go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class UnreadTest : public PruneTest {
 protected:
  UnreadTest() {
    for (const std::string repository : {"team/broken", "team/well"}) {
      pusher.push(repository, index, "kept");
      pusher.push(repository, image_named("old"), "old");
      pusher.push(repository, image_named("older"), "older");
    }
  }

  // What every case here must come to: one repository as it was, the other done, and both said.
  void expect_one_left_alone(const PurserRun& run) {
    EXPECT_EQ(run.exit_code(), 3) << run;
    const RunReport report = run.report();
    EXPECT_TRUE(report.applied);
    EXPECT_FALSE(report.complete);
    EXPECT_TRUE(report.adds_up());
    EXPECT_EQ(report.tags_removed, 2u);
    EXPECT_THAT(report.warnings, Contains(HasSubstr("team/broken")));
    EXPECT_THAT(pusher.tags("team/broken"), ElementsAre("kept", "old", "older"));
    EXPECT_EQ(lost("team/broken", "old", image_named("old")), "");
    EXPECT_EQ(lost("team/broken", "kept", index), "");
    EXPECT_THAT(pusher.tags("team/well"), ElementsAre("kept"));
    EXPECT_EQ(lost("team/well", "kept", index), "");
    for (const std::string& change : changes()) {
      EXPECT_THAT(change, HasSubstr("team/well")) << "changed what could not be read";
    }
  }

  const BuiltManifest child = image_named("child");
  const BuiltManifest index = build_index({child});
};

WireResponse json_error(int status, const std::string& code) {
  WireResponse response{.status = status,
                        .body = R"({"errors":[{"code":")" + code + R"(","message":"no"}]})"};
  response.headers.fields = {{"Content-Type", "application/json"}};
  return response;
}

TEST_F(UnreadTest, ATagThatIsForbidden) {
  proxy.answer({.target = "team/broken/manifests/older"}, json_error(403, "DENIED"));
  expect_one_left_alone(prune({"**:kept"}));
}

TEST_F(UnreadTest, AChildThatIsForbidden) {
  proxy.answer({.target = "team/broken/manifests/" + child.digest}, json_error(403, "DENIED"));
  expect_one_left_alone(prune({"**:kept"}));
}

TEST_F(UnreadTest, ATagListThatIsForbidden) {
  proxy.answer({.target = "team/broken/tags/list"}, json_error(403, "DENIED"));
  expect_one_left_alone(prune({"**:kept"}));
}

TEST_F(UnreadTest, ATagListWhoseNextPageIsOnAnotherHost) {  // A-39, A-44
  proxy.change_answer(
      {.target = "team/broken/tags/list"}, [](const WireRequest&, WireResponse& response) {
        response.headers.fields.emplace_back(
            "Link", "<http://127.0.0.1:9/v2/team/broken/tags/list?last=old>; rel=\"next\"");
      });
  expect_one_left_alone(prune({"**:kept"}));
}

TEST_F(UnreadTest, ATagListThatIsNotJson) {
  WireResponse html{.status = 200, .body = "<html>please log in</html>"};
  html.headers.fields = {{"Content-Type", "text/html"}};
  proxy.answer({.target = "team/broken/tags/list"}, html);
  expect_one_left_alone(prune({"**:kept"}));
}

TEST_F(UnreadTest, AManifestWithOtherBytesThanItsDigestSays) {  // A-48, A-49
  proxy.change_answer({.target = "team/broken/manifests/" + child.digest},
                      [](const WireRequest&, WireResponse& response) {
                        if (!response.body.empty()) response.body[0] = ' ';
                      });
  expect_one_left_alone(prune({"**:kept"}));
}

// 501 stands for every error that asking again does not mend; those that may mend are retried.
TEST_F(UnreadTest, ATagThatTheServerFailsOn) {
  proxy.answer({.target = "team/broken/manifests/older"}, {.status = 501});
  expect_one_left_alone(prune({"**:kept"}));
}

TEST_F(UnreadTest, AnswersThatComeAtTheSecondAttemptAreNoGap) {  // A-89
  proxy.answer({.target = "team/broken/manifests/older", .times = 1}, {.status = 500});
  proxy.drop({.target = "team/broken/tags/list", .times = 1});
  const PurserRun run = prune({"**:kept"});
  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_THAT(pusher.tags("team/broken"), ElementsAre("kept"));
  EXPECT_EQ(lost("team/broken", "kept", index), "");
}

// A connection that closes inside the header block has said nothing (A-89).
TEST_F(UnreadTest, AHeaderBlockThatIsCutOffIsNoAnswer) {
  for (const std::string& target : {std::string("manifests/kept"), child.digest}) {
    proxy.cut_answer({.target = "team/broken/.*" + target, .times = 1}, 40);
  }
  const PurserRun run = prune({"**:kept"});
  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(lost("team/broken", "kept", index), "");
}

// What cannot be read when apply looks again is unread too, though the plan was sure.
TEST_F(UnreadTest, WhatFailsBetweenThePlanAndItsWork) {
  const std::string plan = (directory / "plan.json").string();
  ASSERT_EQ(purser({"plan", host(), "--keep", "**:kept", "--out", plan}).exit_code(), 0);
  proxy.answer({.target = "team/broken/manifests/older"}, json_error(403, "DENIED"));
  const PurserRun run = purser({"apply", plan, "--yes", "-o", "json"});
  EXPECT_EQ(run.exit_code(), 3) << run;
  EXPECT_EQ(run.report().outcome("team/broken:old"), "skipped");
  EXPECT_THAT(run.report().detail("team/broken:old"), HasSubstr("older"));
  EXPECT_EQ(run.report().outcome("team/well:old"), "removed");
  EXPECT_EQ(lost("team/broken", "old", image_named("old")), "");
  EXPECT_EQ(lost("team/well", "kept", index), "");
}

// A registry without a catalog is not an empty registry (A-45).
class NoCatalogTest : public UnreadTest, public ::testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Answers, NoCatalogTest, ::testing::Values(404, 405, 403));

TEST_P(NoCatalogTest, IsAnErrorThatNamesTheWayAround) {
  WireResponse none{.status = GetParam(), .body = "<html>no such page</html>"};
  none.headers.fields = {{"Content-Type", "text/html"}};
  proxy.answer({.target = "/v2/_catalog"}, none);
  const PurserRun without = prune({"**:kept"});
  EXPECT_THAT(without.exit_code(), AnyOf(1, 4)) << without;
  EXPECT_THAT(without.err(), HasSubstr("--repos-file"));
  EXPECT_THAT(changes(), IsEmpty());

  const auto list = directory.write("repos.txt", "# all of them\nteam/well\n");
  const PurserRun with = prune({"**:kept"}, {"--repos-file", list.string()});
  EXPECT_EQ(with.exit_code(), 0) << with;
  EXPECT_THAT(pusher.tags("team/well"), ElementsAre("kept"));
  EXPECT_THAT(pusher.tags("team/broken"), ElementsAre("kept", "old", "older"));
}

}  // namespace
}  // namespace purser::testing
