// The examples do on the real registry what they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ExamplesTest : public PruneTest {
 protected:
  ExamplesTest() {
    pusher.push("team/app", kept, "v2");
    pusher.push("team/app", image_named("old"), "v1");
    pusher.push("team/base", image_named("base"), "latest");
  }
  const BuiltManifest kept = image_named("kept");
};

TEST_F(ExamplesTest, ListTagsNamesEachTagWithItsDigest) {
  const ProcessResult listed = run({EXAMPLE_LIST_TAGS, host()}, environment());
  EXPECT_TRUE(listed.ok()) << listed.describe();
  EXPECT_THAT(listed.out, HasSubstr(host() + "/team/app:v2 " + kept.digest + "\n"));
  EXPECT_THAT(listed.out, HasSubstr(host() + "/team/app:v1 " + image_named("old").digest + "\n"));
  EXPECT_THAT(listed.out, HasSubstr(host() + "/team/base:latest "));
}

TEST_F(ExamplesTest, ListTagsFailsWhereARepositoryCannotBeRead) {
  proxy.answer({.target = "team/app/tags/list"}, {.status = 403});
  const ProcessResult listed = run({EXAMPLE_LIST_TAGS, host()}, environment());
  EXPECT_EQ(listed.exit_code, 1) << listed.describe();
  EXPECT_THAT(listed.err, HasSubstr("team/app"));
}

TEST_F(ExamplesTest, PruneByKeepListShowsFirstAndActsWhenAsked) {
  const std::vector<std::string> argv = {EXAMPLE_PRUNE_BY_KEEP_LIST, host(), "team/app:v2",
                                         "team/base:*"};
  const ProcessResult shown = run(argv, environment());
  EXPECT_TRUE(shown.ok()) << shown.describe();
  EXPECT_THAT(shown.out, HasSubstr("team/app:v1 remove"));
  EXPECT_THAT(shown.out, HasSubstr("0 removed of 3"));
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("v1", "v2"));

  ProcessOptions apply = environment();
  apply.environment["APPLY"] = "1";
  const ProcessResult done = run(argv, apply);
  EXPECT_TRUE(done.ok()) << done.describe();
  EXPECT_THAT(done.out, HasSubstr("1 removed of 3"));
  EXPECT_EQ(lost("team/app", "v2", kept), "");
  EXPECT_EQ(pusher.status("team/app", "v1"), 404);
}

TEST_F(ExamplesTest, PruneByKeepListRefusesAnEntryThatMatchesNothing) {
  ProcessOptions apply = environment();
  apply.environment["APPLY"] = "1";
  const ProcessResult refused =
      run({EXAMPLE_PRUNE_BY_KEEP_LIST, host(), "team/app:v3", "team/base:*"}, apply);
  EXPECT_EQ(refused.exit_code, 7) << refused.describe();
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("v1", "v2"));
}

}  // namespace
}  // namespace purser::testing
