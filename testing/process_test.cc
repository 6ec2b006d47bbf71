#include "testing/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "testing/harness_error.h"
#include "testing/temp_dir.h"

namespace purser::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProcessTest, GivesOutputsAndExitCode) {
  const ProcessResult result = run({"sh", "-c", "echo answer; echo complaint >&2; exit 3"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.out, "answer\n");
  EXPECT_EQ(result.err, "complaint\n");
  EXPECT_FALSE(result.ok());
}

TEST(ProcessTest, PassesStdinOfAnySize) {
  const std::string text(1'000'000, 'x');
  EXPECT_EQ(run({"cat"}, {.stdin_text = text}).out, text);
}

TEST(ProcessTest, PassesArgumentsWithoutAShell) {
  EXPECT_EQ(run({"printf", "%s|", "a b", "$HOME", "*", ""}).out, "a b|$HOME|*||");
}

TEST(ProcessTest, SetsAndUnsetsTheEnvironment) {
  setenv("PURSER_TEST_DROPPED_ONE", "1", 1);
  setenv("PURSER_TEST_SET", "old", 1);
  const ProcessResult result = run(
      {"env"}, {.environment = {{"PURSER_TEST_SET", "new"}}, .unset = {"PURSER_TEST_DROPPED_*"}});
  EXPECT_THAT(result.out, HasSubstr("PURSER_TEST_SET=new\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("PURSER_TEST_SET=old")));
  EXPECT_THAT(result.out, Not(HasSubstr("PURSER_TEST_DROPPED")));
  EXPECT_THAT(result.out, HasSubstr("PATH="));
}

TEST(ProcessTest, RunsInTheDirectoryThatItIsGiven) {
  const TempDir directory;
  EXPECT_EQ(run({"pwd", "-P"}, {.directory = directory.path()}).out,
            std::filesystem::canonical(directory.path()).string() + "\n");
}

TEST(ProcessTest, KillsAtTheEndOfTheTimeLimit) {
  const ProcessResult result =
      run({"sh", "-c", "echo begun; sleep 600"}, {.time_limit = std::chrono::milliseconds(100)});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_FALSE(result.exit_code);
}

TEST(ProcessTest, EndsWhatTheProgramStartedToo) {
  Process shell({"sh", "-c", "sleep 600 & echo $!; wait"});
  while (!shell.out().ends_with('\n') && shell.running()) {
  }
  const pid_t sleeper = std::stoi(shell.out());
  ASSERT_EQ(::kill(sleeper, 0), 0);
  shell.signal(SIGKILL);
  EXPECT_EQ(shell.wait().signal, SIGKILL);
  // An orphan's end is reaped by init at some later time; a zombie is dead all the same.
  const std::string state = "/proc/" + std::to_string(sleeper) + "/stat";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  bool dead = false;
  while (!dead && std::chrono::steady_clock::now() < deadline) {
    const ProcessResult look = run({"cat", state});
    dead = !look.ok() || look.out.find(") Z ") != std::string::npos;
  }
  EXPECT_TRUE(dead);
}

TEST(ProcessTest, EndsWithSigtermWhereTheProgramObeys) {
  Process sleeper({"sleep", "600"});
  EXPECT_TRUE(sleeper.running());
  EXPECT_EQ(sleeper.end().signal, SIGTERM);
  EXPECT_FALSE(sleeper.running());
}

TEST(ProcessTest, EndsWithSigkillWhereItDoesNot) {
  Process stubborn({"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"});
  while (stubborn.out().empty() && stubborn.running()) {
  }
  const ProcessResult result = stubborn.end(std::chrono::milliseconds(100));
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST(ProcessTest, SaysWhichProgramIsMissing) {
  try {
    run({"purser-no-such-program"});
    FAIL() << "ran a program that does not exist";
  } catch (const HarnessError& error) {
    EXPECT_THAT(error.what(), HasSubstr("purser-no-such-program"));
    EXPECT_THAT(error.what(), HasSubstr("scripts/setup"));
  }
}

TEST(TempDirTest, GoesWithAllThatIsInIt) {
  std::filesystem::path path;
  {
    const TempDir directory;
    path = directory.path();
    EXPECT_EQ(read_file(directory.write("a/b/c", "bytes\n")), "bytes\n");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace purser::testing
