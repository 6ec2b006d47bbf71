// scripts/protocol_items: what it counts as proven, a test says it proves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testing/process.h"
#include "testing/temp_dir.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ProtocolItemsTest : public ::testing::Test {
 protected:
  // Rows of the list, as in {"A-1", "proven"}.
  void list(const std::vector<std::pair<std::string, std::string>>& items) {
    std::string text = "| item | demand | state |\n|---|---|---|\n";
    for (const auto& [item, state] : items) {
      text.append("| ").append(item).append(" | words | ").append(state).append(" |\n");
    }
    root_.write("docs/protocol-items.md", text);
  }
  ProcessResult items(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), PURSER_SOURCE_DIR "/scripts/protocol_items");
    arguments.push_back(root_.path().string());
    return run(arguments);
  }
  void expect_check_fails(const std::string& why) {
    const ProcessResult result = items({"--check"});
    EXPECT_EQ(result.exit_code, 1) << result.describe();
    EXPECT_THAT(result.err, HasSubstr(why));
  }

  TempDir root_;
};

TEST_F(ProtocolItemsTest, AgreesWithTheTestsOfThisTree) {
  const std::string script = PURSER_SOURCE_DIR "/scripts/protocol_items";
  const ProcessResult check = run({script, "--check"});
  EXPECT_TRUE(check.ok()) << check.describe();
  // One that found nothing would agree with everything.
  EXPECT_THAT(run({script, "--list"}).out, HasSubstr("ChallengeTest.HasLimits"));
}

TEST_F(ProtocolItemsTest, CountsACitationAboveATestBesideItAndInsideIt) {
  list({{"A-1", "open"},
        {"A-5", "proven"},
        {"A-7", "proven"},
        {"A-9", "open"},
        {"C.1-2", "proven"}});
  root_.write("src/net/a_test.cc",
              "// A-5: why\n// and C.1-2.\nTEST(Suite, First) {\n  work();\n}\n\n"
              "TEST_F(Suite,\n       Second) {  // A-7\n  work();  // A-9\n}\n");
  const ProcessResult result = items({"--list"});
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("A-5  words  [proven]\n    Suite.First  (src/net/a_test.cc:1)\n"),
                    HasSubstr("C.1-2  words  [proven]\n    Suite.First  "),
                    HasSubstr("A-7  words  [proven]\n    Suite.Second  (src/net/a_test.cc:8)\n"),
                    HasSubstr("A-9  words  [open]\n    Suite.Second  (src/net/a_test.cc:9)\n"),
                    HasSubstr("A-1  words  [open]\nA-5")));
  // A-9 is cited, and the list says that this is not all of it.
  EXPECT_EQ(items().out,
            "protocol items with a test: 3 of 5 (A-5 to A-45: 2 of 3; C.1: 1 of 1); 0 more are for "
            "later\n");
}

TEST_F(ProtocolItemsTest, CountsEachItemOfARange) {
  list({{"A-6", "proven"}, {"A-7", "proven"}, {"A-8", "proven"}});
  root_.write("tests/a_test.cc", "// A-6 to A-8.\nTEST(Suite, Case) {}\n");
  EXPECT_TRUE(items({"--check"}).ok());
}

TEST_F(ProtocolItemsTest, CountsNothingThatIsNoCitationOfATest) {
  list({{"A-5", "proven"},
        {"A-6", "proven"},
        {"A-7", "proven"},
        {"A-8", "proven"},
        {"A-9", "proven"}});
  root_.write("src/net/a.cc", "// A-5\n");
  root_.write(
      "src/net/a_test.cc",
      "// The file on A-6.\n#include <x>\n\n// A-7\nvoid helper() {\n  work();  // A-8\n}\n\n"
      "TEST(Suite, Case) {\n  text(\"// A-9\");\n  sha(\"x\");  // SHA-5, SA-6, A-256x\n}\n");
  const ProcessResult result = items();
  EXPECT_THAT(result.out, HasSubstr("with a test: 0 of 5 "));
}

TEST_F(ProtocolItemsTest, FailsOnAProofThatNoTestGives) {
  list({{"A-5", "proven"}});
  expect_check_fails("A-5 is marked proven, and no test cites it");
}

TEST_F(ProtocolItemsTest, FailsOnACitationOfNothing) {
  list({{"A-5", "open"}});
  root_.write("tests/a_test.cc", "// A-500\nTEST(Suite, Case) {}\n");
  expect_check_fails("tests/a_test.cc:1: cites A-500");
}

TEST_F(ProtocolItemsTest, FailsOnAListThatItCannotRead) {
  list({{"A-5", "done"}});
  expect_check_fails("A-5 is \"done\"");
  list({{"A-5", "later"}});
  expect_check_fails("A-5 is \"later\"");
  list({{"A-5", "open"}, {"A-5", "open"}});
  expect_check_fails("A-5 is listed twice");
  list({});
  expect_check_fails("lists no item");
}

TEST_F(ProtocolItemsTest, LeavesOutWhatIsForLater) {
  list({{"A-5", "open"}, {"A-25", "later: nothing is uploaded yet"}});
  EXPECT_THAT(items().out, AllOf(HasSubstr("0 of 1 "), HasSubstr("1 more are for later")));
  EXPECT_THAT(items().err, Not(HasSubstr("A-25")));
}

}  // namespace
}  // namespace purser::testing
