// The program as a process, without a registry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "testing/http_server.h"
#include "tests/cli/program.h"

namespace purser {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ProcessResult;

TEST(ProgramTest, PrintsThePartsOfAReference) {
  const Program purser;
  const ProcessResult result = purser({"parse", "registry.example.com:5000/team/app:v1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out,
            "registry\tregistry.example.com:5000\n"
            "repository\tteam/app\n"
            "namespace\tteam\n"
            "image\tapp\n"
            "tag\tv1\n"
            "digest\t-\n");
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(ProgramTest, HelpsOnStdout) {
  const Program purser;
  const ProcessResult result = purser({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("Usage: purser"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(ProgramTest, ExplainsAMalformedReference) {
  const Program purser;
  for (const char* name :
       {"registry.test/App:v1", "http://registry.test/app", "a b", "x:t:u", ""}) {
    const ProcessResult result = purser({"digest", name});
    EXPECT_EQ(result.exit_code, 2) << name;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr("purser: ")) << name;
  }
}

TEST(ProgramTest, NamesTheLineOfAKeepListThatIsWrong) {
  const Program purser;
  const auto list = purser.home().write("keep.txt", "team/app:v1\n\nteam/app\n");
  const ProcessResult result = purser({"prune", "localhost:1", "--keep-file", list.string()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr(list.string()), HasSubstr("3"), HasSubstr("team/app:*")));
}

TEST(ProgramTest, ReadsAKeepListFromStdin) {
  const Program purser;
  const ProcessResult result = purser({"prune", "localhost:1", "--keep-file", "-"}, "team/app\n");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("stdin"));
}

// a mistyped host must not hang.
TEST(ProgramTest, SaysSoonThatNobodyAnswers) {
  const Program purser;
  const ProcessResult result = purser({"catalog", "localhost:1"});
  EXPECT_EQ(result.exit_code, 6) << result.describe();
  EXPECT_THAT(result.err, HasSubstr("localhost:1"));
}

TEST(ProgramTest, IsNotDoneWhenItsAnswerCouldNotBeWritten) {
  const Program purser;
  // A shell only for its redirection.
  const ProcessResult result = testing::run(
      {"/bin/sh", "-c", std::string(PURSER_PROGRAM) + " --help >/dev/full"}, purser.options());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("No space left"));
}

TEST(ProgramTest, NeverShowsAPasswordFromStdin) {
  const Program purser;
  const ProcessResult result =
      purser({"-vv", "-u", "ann", "--password-stdin", "digest", "localhost:1/a:v1"}, "s3cret\n");
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.out + result.err, Not(HasSubstr("s3cret")));
}

TEST(ProgramTest, StopsAtTheFirstSignal) {
  testing::HttpServer* stalling = nullptr;
  testing::HttpServer server([&](const testing::WireRequest&) {
    stalling->stall();
    return testing::Answer();
  });
  stalling = &server;
  for (const int signal : {SIGINT, SIGTERM}) {
    const Program purser;
    testing::Process process(purser.command({"digest", server.host() + "/a:v1"}), purser.options());
    ASSERT_TRUE(server.wait_for_stall());
    process.signal(signal);
    const ProcessResult result = process.wait();
    EXPECT_EQ(result.exit_code, 130) << result.describe();
    EXPECT_THAT(result.out, IsEmpty());
    server.release_stalled();
  }
}

//
TEST(ProgramTest, KnowsAWebPageFromARegistry) {
  testing::HttpServer server([](const testing::WireRequest&) {
    testing::Answer page;
    page.response.status = 200;
    page.response.headers.fields = {{"Content-Type", "text/html"}};
    page.response.body = "<html>\x1b[2JWelcome</html>";
    return page;
  });
  const Program purser;
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"ping", server.host()}, {"catalog", server.host()}, {"tags", server.host() + "/a"}}) {
    const ProcessResult result = purser(arguments);
    EXPECT_EQ(result.exit_code, 1) << result.describe();
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));
  }
}

}  // namespace
}  // namespace purser
