// scripts/check_layers: a check that finds nothing must have looked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testing/process.h"
#include "testing/temp_dir.h"

namespace purser::testing {
namespace {

using ::testing::HasSubstr;

class CheckLayersTest : public ::testing::Test {
 protected:
  CheckLayersTest() {
    root.write("include/purser/client.h", "#include <string>\n#include \"purser/error.h\"\n");
    root.write("src/core/a.h", "#include <fmt/core.h>\n#include \"core/b.h\"\n");
    root.write("src/net/a.cc", "#include \"core/a.h\"\n#include \"purser/client.h\"\n");
    root.write("src/net/a_test.cc", "#include \"testing/process.h\"\n");
    root.write("src/cli/main.cc", "#include \"retention/plan.h\"\n");
  }
  ProcessResult check(const std::string& tree) {
    return run({PURSER_SOURCE_DIR "/scripts/check_layers", tree});
  }
  void expect_failure(const std::string& place) {
    const ProcessResult result = check(root.path().string());
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr(place));
  }

  const TempDir root;
};

TEST_F(CheckLayersTest, PassesThisTree) {
  const ProcessResult result = check(PURSER_SOURCE_DIR);
  EXPECT_TRUE(result.ok()) << result.describe();
}

TEST_F(CheckLayersTest, PassesIncludesThatPointDown) {
  const ProcessResult result = check(root.path().string());
  EXPECT_TRUE(result.ok()) << result.describe();
}

TEST_F(CheckLayersTest, FailsOnAnIncludeThatPointsUp) {
  root.write("src/net/b.h", "// a comment\n#  include \"registry/client.h\"\n");
  expect_failure("src/net/b.h:2: ");
}

TEST_F(CheckLayersTest, FailsOnAThirdPartyHeaderInAPublicOne) {
  root.write("include/purser/plan.h", "#include <fmt/core.h>\n");
  expect_failure("include/purser/plan.h:1: ");
}

TEST_F(CheckLayersTest, FailsOnAnInternalHeaderInAPublicOne) {
  root.write("include/purser/plan.h", "#include \"core/a.h\"\n");
  expect_failure("include/purser/plan.h:1: ");
}

TEST_F(CheckLayersTest, FailsOnTestCodeInTheLibrary) {
  root.write("src/core/c.cc", "\n#include \"testing/process.h\"\n");
  expect_failure("src/core/c.cc:2: ");
}

TEST_F(CheckLayersTest, FailsOnARoomThatItDoesNotKnow) {
  root.write("src/attic/a.h", "");
  expect_failure("src/attic:0: ");
}

}  // namespace
}  // namespace purser::testing
