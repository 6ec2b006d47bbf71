#include "cli/prompt.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "testing/matchers.h"

namespace purser::cli {
namespace {

using ::purser::testing::HasError;
using ::testing::HasSubstr;
using ::testing::Not;

// Somebody in front of a terminal: `keyboard` is his end.
class PromptTest : public ::testing::Test {
 protected:
  PromptTest() : keyboard_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    ::grantpt(keyboard_);
    ::unlockpt(keyboard_);
    terminal_ = ::open(::ptsname(keyboard_), O_RDWR | O_NOCTTY);
    out_ = ::fdopen(::dup(terminal_), "w");
  }
  ~PromptTest() override {
    std::fclose(out_);
    ::close(terminal_);
    ::close(keyboard_);
  }

  void type(const std::string& keys) const {
    ASSERT_EQ(::write(keyboard_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  // Reads the screen until this is on it.
  std::string screen_until(const std::string& text) const {
    std::string screen;
    char byte = 0;
    while (screen.find(text) == std::string::npos && ::read(keyboard_, &byte, 1) == 1) {
      screen += byte;
    }
    return screen;
  }
  // What is on it once `end` was written there.
  std::string screen() const {
    std::fputs("<end>", out_);
    std::fflush(out_);
    return screen_until("<end>");
  }
  termios state() const {
    termios now = {};
    ::tcgetattr(terminal_, &now);
    return now;
  }
  Result<std::string> ask(Echo echo, const std::string& keys) {
    Result<std::string> answer = std::string();
    {
      // Typed when the question is on the screen: what is typed before is dropped.
      const std::jthread typist([&] {
        shown_ += screen_until("? ");
        during_ = state();
        type(keys);
      });
      answer = prompt(terminal_, out_, "who? ", echo, {});
    }
    shown_ += screen();
    return answer;
  }

  int keyboard_;
  int terminal_ = -1;
  std::FILE* out_ = nullptr;
  std::string shown_;
  termios during_ = {};
};

TEST_F(PromptTest, ReadsALine) {
  EXPECT_EQ(ask(Echo::shown, "ann\n").value(), "ann");
  EXPECT_THAT(shown_, HasSubstr("who? ann"));
}

// C.1-15.
TEST_F(PromptTest, ShowsNothingOfAHiddenLine) {
  const termios before = state();
  EXPECT_EQ(ask(Echo::hidden, "s3cret with blanks \n").value(), "s3cret with blanks ");
  EXPECT_THAT(shown_, Not(HasSubstr("s3cret")));
  EXPECT_EQ(during_.c_lflag & static_cast<tcflag_t>(ECHO), 0U);
  EXPECT_EQ(during_.c_cc[VQUIT], _POSIX_VDISABLE);
  EXPECT_EQ(during_.c_cc[VSUSP], _POSIX_VDISABLE);
  const termios after = state();
  EXPECT_EQ(after.c_lflag, before.c_lflag);
  EXPECT_EQ(after.c_cc[VQUIT], before.c_cc[VQUIT]);
}

TEST_F(PromptTest, AnEmptyLineIsNoAnswer) {
  EXPECT_THAT(ask(Echo::hidden, "\n"), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(ask(Echo::shown, "\x04"), HasError(ErrorCode::invalid_argument));
}

TEST_F(PromptTest, IsInterruptedAndLeavesTheTerminalAsItWas) {
  const termios before = state();
  std::stop_source stop;
  const std::jthread signal([&] {
    screen_until("? ");
    type("half of a s3cr");
    stop.request_stop();
  });
  EXPECT_THAT(prompt(terminal_, out_, "who? ", Echo::hidden, stop.get_token()),
              HasError(ErrorCode::cancelled, Not(HasSubstr("s3cr"))));
  EXPECT_EQ(state().c_lflag, before.c_lflag);
}

// C.1-15: half of a password would be the next line that the shell reads.
TEST_F(PromptTest, LeavesNothingThatWasTypedToTheShell) {
  EXPECT_EQ(ask(Echo::hidden, "wrong\nthe s3cret with").value(), "wrong");
  type("ls\n");
  std::array<char, 64> line = {};
  const ssize_t got = ::read(terminal_, line.data(), line.size());
  ASSERT_GT(got, 0);
  EXPECT_EQ(std::string(line.data(), static_cast<std::size_t>(got)), "ls\n");
}

TEST_F(PromptTest, HidesNothingWhereThereIsNoTerminal) {
  EXPECT_THAT(prompt(::fileno(out_) + 100, out_, "who? ", Echo::hidden, {}),
              HasError(ErrorCode::io, HasSubstr("hide")));
}

}  // namespace
}  // namespace purser::cli
