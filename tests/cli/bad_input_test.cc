// What a user gets wrong, and what the world does: a clear sentence and the right exit code.
#include <gtest/gtest.h>

#include <chrono>

#include "testing/http_server.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"
#include "tests/integration/fill.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class BadInputTest : public ::testing::Test {
 protected:
  ProcessResult run(const std::vector<std::string>& arguments) const { return purser_(arguments); }
  std::string file(const std::string& name, const std::string& text) const {
    return purser_.home().write(name, text).string();
  }
  Program purser_;
};

TEST_F(BadInputTest, ABadReferenceIsAUsageError) {  // A-1
  for (const char* verb : {"digest", "manifest", "inspect", "config", "untag", "delete", "parse"}) {
    EXPECT_THAT(run({verb, "localhost:1/Team/App:v1"}), Fails(2, HasSubstr("lower"))) << verb;
    EXPECT_THAT(run({verb, "localhost:1/app:v1@sha256:abc"}), Fails(2, HasSubstr("digest")))
        << verb;
    EXPECT_THAT(run({verb, ""}), Fails(2, HasSubstr("empty"))) << verb;
  }
  EXPECT_THAT(run({"tags", "localhost:1/app:v1"}), Fails(2, HasSubstr("tag")));
  EXPECT_THAT(run({"tags", "http://localhost:1/app"}), Fails(2, HasSubstr("http")));
  EXPECT_THAT(run({"catalog", "localhost:99999"}), Fails(2, HasSubstr("99999")));
  EXPECT_THAT(run({"tag", "localhost:1/app:v1", ".bad"}), Fails(2, HasSubstr(".bad")));
}

TEST_F(BadInputTest, AnEmptyRepositoryIsNotTheWholeRegistry) {
  for (const char* verb : {"prune", "plan"}) {
    EXPECT_THAT(run({verb, "localhost:1/", "--keep", "app:*"}),
                Fails(2, HasSubstr("whole registry")));
    EXPECT_THAT(run({verb, "https://localhost:1/", "--keep", "app:*"}),
                Fails(2, HasSubstr("whole registry")));
  }
}

TEST_F(BadInputTest, AListFromStdinCannotSwallowThePassword) {
  for (const char* option : {"--keep-file", "--repos-file"}) {
    const ProcessResult result = purser_(
        {"prune", "localhost:1", "--keep", "app:*", option, "-", "-u", "me", "--password-stdin"},
        "hunter2!X");
    EXPECT_THAT(result, Fails(2, HasSubstr("PURSER_PASSWORD"))) << option;
    EXPECT_THAT(result.err, ::testing::Not(HasSubstr("hunter2")));
  }
  EXPECT_THAT(purser_({"apply", "-", "--yes", "-u", "me", "--password-stdin"}, "hunter2"),
              Fails(2, HasSubstr("PURSER_PASSWORD")));
}

TEST_F(BadInputTest, AMistypedOptionIsNamedWithoutItsValue) {
  const ProcessResult result = run({"ping", "localhost:1", "--password=hunter2"});
  EXPECT_THAT(result, Fails(2, HasSubstr("--password")));
  EXPECT_THAT(result.err, ::testing::Not(HasSubstr("hunter2")));
}

TEST_F(BadInputTest, AnUnknownVerbOrOptionIsAUsageError) {
  EXPECT_THAT(run({"tgas", "localhost:1/app"}),
              Fails(2, AllOf(HasSubstr("tgas"), HasSubstr("tags"))));
  EXPECT_THAT(run({"tags", "localhost:1/app", "--lnog"}), Fails(2, HasSubstr("--lnog")));
  EXPECT_THAT(run({"tags", "localhost:1/app", "--sort", "size"}), Fails(2, HasSubstr("semver")));
  EXPECT_THAT(run({"tags", "localhost:1/app", "--limit", "-1"}), Fails(2, HasSubstr("--limit")));
  EXPECT_THAT(run({"tags", "localhost:1/app", "--limit", "many"}), Fails(2, HasSubstr("many")));
  EXPECT_THAT(run({"tags"}), Fails(2, HasSubstr("tags")));
  EXPECT_THAT(run({"catalog", "a.example.com", "b.example.com"}), Fails(2, HasSubstr("b.example")));
  EXPECT_THAT(run({}), Fails(2, HasSubstr("--help")));
}

TEST_F(BadInputTest, AnUnreachableHostIsToldQuickly) {  // A-90
  std::string closed;  // a port that nobody listens on: it was ours a moment ago
  {
    HttpServer gone([](const WireRequest&) { return Answer{}; });
    closed = gone.host();
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(run({"ping", closed}), Fails(6, AllOf(HasSubstr(closed), HasSubstr("Check"))));
  EXPECT_THAT(run({"tags", closed + "/app"}), Fails(6, HasSubstr(closed + "/app")));
  EXPECT_THAT(run({"tags", closed + "/app", "--long"}), Fails(6, HasSubstr(closed + "/app")));
  EXPECT_THAT(run({"prune", closed, "--keep", "a:b", "--yes"}), Fails(6, HasSubstr(closed)));
  EXPECT_THAT(run({"ping", "no-such-host.invalid"}),
              Fails(6, AllOf(HasSubstr("no-such-host.invalid"), HasSubstr("spelling"))));
  EXPECT_LT(std::chrono::steady_clock::now() - start, kPatience * std::chrono::seconds(20));
}

TEST_F(BadInputTest, APageInPlaceOfJsonIsNoRegistry) {  // A-8, A-41
  HttpServer portal([](const WireRequest&) {
    return Answer{.response = {.status = 200,
                               .headers = {{{"Content-Type", "text/html"}}},
                               .body = "<html><title>Please log in</title></html>"}};
  });
  EXPECT_THAT(run({"ping", portal.host()}),
              Fails(1, AllOf(HasSubstr("not a registry"), HasSubstr("Check the host"))));
  for (const char* verb : {"manifest", "inspect", "config"}) {
    EXPECT_THAT(run({verb, portal.host() + "/app:v1"}), Fails(1, HasSubstr("/app:v1"))) << verb;
  }
  EXPECT_THAT(run({"catalog", portal.host()}), Fails(1, HasSubstr("JSON")));
  EXPECT_THAT(run({"tags", portal.host() + "/app"}), Fails(1, HasSubstr("JSON")));
  EXPECT_THAT(run({"digest", portal.host() + "/app:v1"}), Fails(1, HasSubstr("/app:v1")));
  // What cannot be read is nothing to prune by.
  const ProcessResult prune = run({"prune", portal.host(), "--keep", "a:b", "--yes"});
  EXPECT_NE(prune.exit_code, 0) << prune.describe();
  EXPECT_EQ(portal.count("DELETE") + portal.count("PUT"), 0U);
}

TEST_F(BadInputTest, ATypingErrorInAKeepListIsNamedByItsLine) {
  RegistryServer registry;
  Pusher(registry.url()).push("team/app", build_image(), "v1");
  const auto prune = [&](const std::string& list) {
    return run({"prune", registry.host(), "--keep-file", file("keep.txt", list), "--yes"});
  };
  EXPECT_THAT(prune("# what stays\nteam/app:v1\nteam/app\n"),
              Fails(2, AllOf(HasSubstr("keep.txt:3: "), HasSubstr("team/app:*"))));
  EXPECT_THAT(prune("team/app:v1\nteam/App:v2\n"), Fails(2, HasSubstr("keep.txt:2: ")));
  EXPECT_THAT(prune("team/app@sha256:12\n"), Fails(2, HasSubstr("keep.txt:1: ")));
  EXPECT_THAT(run({"prune", registry.host(), "--keep-file", "/nonexistent"}),
              Fails(1, HasSubstr("/nonexistent")));
  EXPECT_THAT(run({"prune", registry.host()}), Fails(2, HasSubstr("--keep")));

  const ProcessResult unmatched = prune("team/app:v1\nteam/app:v11\n");
  EXPECT_EQ(unmatched.exit_code, 7) << unmatched.describe();
  EXPECT_THAT(unmatched.err, AllOf(HasSubstr("team/app:v11"), HasSubstr("--allow-missing")));
  const ProcessResult nothing = prune("# nothing\n");
  EXPECT_EQ(nothing.exit_code, 7) << nothing.describe();
  EXPECT_THAT(nothing.err, HasSubstr("empty"));
  EXPECT_EQ(Pusher(registry.url()).status("team/app", "v1"), 200);
}

TEST_F(BadInputTest, AFileThatIsNoPlanIsNotApplied) {
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), std::string("no json"),
        std::string(R"({"purser_plan":99})"), std::string(1000, '[')}) {
    EXPECT_THAT(run({"apply", file("plan.json", text), "--yes"}),
                Fails(2, AllOf(HasSubstr("plan.json"), HasSubstr("plan"))))
        << text.substr(0, 20);
  }
  EXPECT_THAT(run({"apply", "/nonexistent", "--yes"}), Fails(1, HasSubstr("/nonexistent")));
  EXPECT_THAT(run({"apply", "/", "--yes"}), Fails(2, HasSubstr("directory")));
}

// A limit on the size of files stands for the disk: the write fails in the same place.
class FullDiskTest : public BadInputTest {
 protected:
  FullDiskTest() {
    Pusher(registry_.url()).push("team/app", build_image(), "v1");
    Pusher(registry_.url()).push("team/app", build_image({.layers = {"x"}}), "v2");
  }
  // The program, under a shell that lowers the limit of its own files and no others.
  ProcessResult limited(const std::string& command) const {
    return testing::run(
        {"sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" " + command, PURSER_PROGRAM},
        purser_.options());
  }
  RegistryServer registry_;
};

TEST_F(FullDiskTest, UnderThePlanFileIsNoPlan) {
  const std::string out = file("plan.json", "the plan of yesterday");
  const std::string command = "plan " + registry_.host() + " --keep team/app:v1 --out " + out;
  const ProcessResult result = limited(command);
  EXPECT_THAT(result, Fails(1, AllOf(HasSubstr("plan.json"), HasSubstr("too large"))));
  EXPECT_EQ(read_file(out), "the plan of yesterday");
}

TEST_F(FullDiskTest, UnderStdoutIsNoSuccess) {
  const ProcessResult result = testing::run(
      {"sh", "-c", "exec \"$0\" manifest --raw " + registry_.host() + "/team/app:v1 >/dev/full",
       PURSER_PROGRAM},
      purser_.options());
  EXPECT_THAT(result, Fails(1, HasSubstr("No space left")));
}

TEST_F(FullDiskTest, UnderTheJournalStopsThePruneBeforeItChangesAnything) {
  const ProcessResult result = limited("prune " + registry_.host() + " --keep team/app:v1 --yes" +
                                       " --state-dir /proc/self/purser");
  EXPECT_EQ(result.exit_code, 1) << result.describe();
  EXPECT_EQ(Pusher(registry_.url()).status("team/app", "v2"), 200);
}

TEST_F(BadInputTest, AReaderThatGoesAwayIsNoError) {
  RegistryServer registry;
  push_under_each(registry.url(), "app", build_image(), numbered("t", 20));
  const ProcessResult result = testing::run(
      {"bash", "-c", "set -o pipefail; \"$0\" tags " + registry.host() + "/app | head -n 1",
       PURSER_PROGRAM},
      purser_.options());
  EXPECT_THAT(result, Answers("t-000\n"));
  // Nobody reads at all: the pipe is closed before the program starts to write.
  const ProcessResult closed = testing::run(
      {"bash", "-c",
       "set -o pipefail; { sleep 0; \"$0\" tags " + registry.host() + "/app --long; } | true",
       PURSER_PROGRAM},
      purser_.options());
  EXPECT_THAT(closed, Answers(""));
}

}  // namespace
}  // namespace purser::testing
