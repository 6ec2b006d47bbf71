#include "cli/diagnostics.h"

#include <gmock/gmock.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "cli/memory_file.h"

namespace purser::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

Waiting pause(std::chrono::seconds time) {
  return {.what = "https://r.test",
          .why = "the server answered 429",
          .until = std::chrono::steady_clock::now() + time,
          .whole_host = true};
}

TEST(DiagnosticsTest, SaysNothingButErrorsWhenQuiet) {
  MemoryFile memory;
  Diagnostics err(memory.file(), true, false, true, 2);
  err.warning("a warning");
  err.note("a note", 1);
  err.progress("1/2");
  EXPECT_EQ(memory.text(), "");
  err.error("an error");
  EXPECT_EQ(memory.text(), "purser: an error\n");
}

TEST(DiagnosticsTest, ShowsNotesOfTheVerbosityThatWasAskedFor) {
  MemoryFile memory;
  Diagnostics err(memory.file(), false, false, false, 1);
  err.note("first", 1);
  err.note("second", 2);
  EXPECT_THAT(memory.text(), HasSubstr("first"));
  EXPECT_THAT(memory.text(), Not(HasSubstr("second")));
}

TEST(DiagnosticsTest, ShowsNoProgressInAPipe) {
  MemoryFile memory;
  Diagnostics err(memory.file(), false, false, false, 0);
  err.progress("1/2");
  EXPECT_EQ(memory.text(), "");
}

TEST(DiagnosticsTest, GoesOnWhenItCannotBeWritten) {
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  Diagnostics err(full, true, false, false, 1);
  err.warning("a warning");
  err.progress("1/2");
  err.error("an error");
  EXPECT_NE(std::ferror(full), 0);
  std::fclose(full);
}

TEST(DiagnosticsTest, StripsEscapeSequences) {
  MemoryFile memory;
  Diagnostics err(memory.file(), true, false, false, 0);
  err.warning("tag \x1b[2Jgone");
  EXPECT_THAT(memory.text(), Not(HasSubstr("\x1b")));
}

TEST(DiagnosticsTest, ShowsAStepAtOnceAndTakesItAway) {
  MemoryFile memory;
  {
    Diagnostics err(memory.file(), true, false, false, 0);
    err.progress("1/2  a: read");
    err.clear_progress();
  }
  EXPECT_EQ(memory.text(), "\r\x1b[K1/2  a: read\r\x1b[K");
}

// who watches sees the wait without doing anything.
TEST(DiagnosticsTest, DrawsAWaitAsTheTimeGoesOn) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  Diagnostics err(file, true, false, false, 0);
  err.waiting(pause(60s));
  // The drawing thread writes behind this test's back; what it wrote is read through another name.
  char buffer[256] = {};
  while (::pread(::fileno(file), buffer, sizeof buffer - 1, 0) <= 0) std::this_thread::yield();
  EXPECT_THAT(buffer, HasSubstr(" s: https://r.test: the server answered 429"));
  err.clear_progress();
  std::fclose(file);
}

//
TEST(DiagnosticsTest, TellsALogOfALongPauseOnce) {
  MemoryFile memory;
  Diagnostics err(memory.file(), false, false, false, 0);
  err.waiting(pause(60s));
  err.waiting(pause(60s));
  err.waiting(pause(1s));
  Waiting retry = pause(90s);
  retry.whole_host = false;
  err.waiting(retry);
  EXPECT_THAT(memory.text(),
              testing::StartsWith("purser: the server answered 429; nothing more is sent to "
                                  "https://r.test for 60 s, until "));
  EXPECT_EQ(std::ranges::count(memory.text(), '\n'), 1);
}

TEST(DiagnosticsTest, KeepsNoPlaceForALineThatIsGone) {
  MemoryFile memory;
  {
    Diagnostics err(memory.file(), true, false, false, 0);
    err.progress("1/2  a: read");
    err.warning("look");
    err.clear_progress();
  }
  EXPECT_THAT(memory.text(), EndsWith("\r\x1b[Kpurser: warning: look\n"));
}

}  // namespace
}  // namespace purser::cli
