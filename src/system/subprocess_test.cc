#include "system/subprocess.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <sstream>
#include <string>
#include <thread>

#include "system/files.h"
#include "testing/matchers.h"
#include "testing/temp_dir.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;

SubprocessEnd shell(const std::string& script, const SubprocessOptions& options = {}) {
  return run_subprocess("/bin/sh", {"-c", script}, options).value();
}

TEST(Subprocess, CollectsWhatItWroteAndHowItEnded) {
  const SubprocessEnd end = shell("cat; echo err >&2; exit 7", {.input = "in\n"});
  EXPECT_EQ(end.reason, SubprocessEnd::Reason::exited);
  EXPECT_EQ(end.status, 7);
  EXPECT_EQ(end.out, "in\n");
  EXPECT_EQ(end.err, "err\n");
  const SubprocessEnd killed = shell("kill -TERM $$");
  EXPECT_EQ(killed.reason, SubprocessEnd::Reason::signalled);
  EXPECT_EQ(killed.status, SIGTERM);
}

TEST(Subprocess, DoesNotWaitForADaemonThatHoldsTheOutputOpen) {
  const SubprocessEnd end = shell("sleep 600 & echo $!");
  EXPECT_EQ(end.reason, SubprocessEnd::Reason::exited);
  const pid_t daemon = std::stoi(end.out);
  EXPECT_EQ(::kill(daemon, SIGKILL), 0) << "it was ended with its parent";
}

TEST(Subprocess, KeepsExactlyAsMuchAsItMay) {
  EXPECT_EQ(shell("printf 12345", {.max_out = 5}).out, "12345");
  EXPECT_EQ(shell("printf 123456", {.max_out = 5}).reason, SubprocessEnd::Reason::too_much_output);
  EXPECT_EQ(shell("printf 123456 >&2", {.max_err = 5}).err, "12345");
}

TEST(Subprocess, EndsAtItsTimeoutThoughItClosedItsOutput) {
  const SubprocessEnd end =
      shell("exec >&- 2>&-; sleep 600", {.timeout = std::chrono::milliseconds(50)});
  EXPECT_EQ(end.reason, SubprocessEnd::Reason::timed_out);
}

// killed with what it started, within 200 ms on an idle machine.
TEST(Subprocess, EndsWhenAStopIsAskedFor) {
  const testing::TempDir folder;
  const std::string alive = (folder / "alive").string();
  ASSERT_EQ(::mkfifo(alive.c_str(), 0600), 0);
  std::stop_source stop;
  SubprocessEnd end;
  std::thread run([&] {
    end = shell("exec 3>" + alive + "; sleep 600 & echo x >&3; wait", {.stop = stop.get_token()});
  });
  const files::Descriptor reader(::open(alive.c_str(), O_RDONLY | O_CLOEXEC));
  char byte = 0;
  ASSERT_EQ(::read(reader.get(), &byte, 1), 1);
  stop.request_stop();
  run.join();
  EXPECT_EQ(end.reason, SubprocessEnd::Reason::stopped);
  // The end of the pipe: nobody holds it any more.
  while (::read(reader.get(), &byte, 1) == 1) {
  }
  std::stop_source before;
  before.request_stop();
  EXPECT_EQ(shell("sleep 600", {.stop = before.get_token()}).reason,
            SubprocessEnd::Reason::stopped);
}

// The caller blocks signals for its own threads; a child that inherited that could not be stopped.
TEST(Subprocess, StartsWithSignalsAsAfterALogin) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  const SubprocessEnd end = shell("sed -nE 's/^Sig(Blk|Ign):\\t//p' /proc/self/status");
  ::signal(SIGPIPE, old);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::istringstream masks(end.out);
  for (const char* what : {"blocked", "ignored"}) {
    std::uint64_t mask = 1;
    ASSERT_TRUE(masks >> std::hex >> mask) << end.out;
    EXPECT_EQ(mask & 0x7fffffffU, 0U) << what;  // 32 and 33 are the thread library's own
  }
}

// In a process of its own, because it can run nothing after it.
TEST(Subprocess, LeavesNoneBehindWhereTheCallerEndsAtOnce) {
  const testing::TempDir folder;
  for (const char* name : {"alive", "ready"}) {
    ASSERT_EQ(::mkfifo((folder / name).c_str(), 0600), 0);
  }
  const pid_t caller = ::fork();
  ASSERT_GE(caller, 0);
  if (caller == 0) {
    std::thread([&] {
      shell("cd " + folder.path().string() + "; exec 3>alive; echo up >ready; sleep 600 & wait");
      ::_exit(1);
    }).detach();
    testing::read_file(folder / "ready");
    end_subprocesses();
    ::_exit(0);
  }
  // Read to its end, which comes when nobody has it open any more.
  EXPECT_EQ(testing::read_file(folder / "alive"), "");
  int status = -1;
  ASSERT_EQ(::waitpid(caller, &status, 0), caller);
  EXPECT_EQ(status, 0) << "it was told that its program failed";
}

TEST(Subprocess, SaysThatAProgramCannotBeRun) {
  EXPECT_THAT(run_subprocess("/nonexistent/program", {}, {}), HasError(ErrorCode::io));
  EXPECT_THAT(run_subprocess("/dev/null", {}, {}), HasError(ErrorCode::io));
}

TEST(FindProgram, TakesExecutableFilesOfAbsoluteFolders) {
  EXPECT_EQ(find_program("sh", "/nonexistent:relative::/bin"), "/bin/sh");
  EXPECT_EQ(find_program("passwd", "/etc"), std::nullopt);  // a file, and not executable
  EXPECT_EQ(find_program("..", "/bin"), std::nullopt);
  EXPECT_EQ(find_program("sh", ""), std::nullopt);
}

}  // namespace
}  // namespace purser
