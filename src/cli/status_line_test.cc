#include "cli/status_line.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace purser::cli {
namespace {

using namespace std::chrono_literals;
constexpr StatusLine::TimePoint kStart{1000h};

Waiting pause(std::chrono::seconds time) {
  return {.what = "https://r.test",
          .why = "the server answered 429",
          .until = kStart + time,
          .whole_host = true};
}
Waiting retry(std::chrono::seconds time) {
  return {.what = "https://r.test", .why = "no answer", .until = kStart + time};
}

TEST(StatusLineTest, SaysWhatIsDoneAndForHowLongItTakesAlready) {
  StatusLine line;
  EXPECT_EQ(line.text(kStart, 79), "");
  line.set_step("3/40  a: read", kStart);
  EXPECT_EQ(line.text(kStart + 1s, 79), "3/40  a: read");
  EXPECT_EQ(line.text(kStart + 12s, 79), "3/40  a: read  12 s");
  line.set_step("3/40  a: read", kStart + 20s);  // still the same
  EXPECT_EQ(line.text(kStart + 30s, 79), "3/40  a: read  30 s");
  line.set_step("4/40  b: read", kStart + 31s);
  EXPECT_EQ(line.text(kStart + 31s, 79), "4/40  b: read");
}

TEST(StatusLineTest, CountsAWaitDownAndForgetsIt) {
  StatusLine line;
  line.set_step("3/40  a: read", kStart);
  line.set_wait(pause(60s), kStart);
  EXPECT_EQ(line.text(kStart, 200),
            "waits 60 s: https://r.test: the server answered 429 | 3/40  a: read");
  EXPECT_EQ(line.text(kStart + 58500ms, 200),
            "waits 2 s: https://r.test: the server answered 429 | 3/40  a: read");
  EXPECT_EQ(line.text(kStart + 60s, 200), "3/40  a: read  60 s");
}

TEST(StatusLineTest, ShowsAWaitThoughNothingElseIsTold) {
  StatusLine line;
  line.set_wait(pause(5s), kStart);
  EXPECT_EQ(line.text(kStart, 79), "waits 5 s: https://r.test: the server answered 429");
}

TEST(StatusLineTest, ShowsTheWaitThatHoldsUpMost) {
  StatusLine line;
  line.set_wait(retry(20s), kStart);
  line.set_wait(retry(3s), kStart);
  EXPECT_TRUE(line.text(kStart, 79).starts_with("waits 20 s"));
  line.set_wait(pause(5s), kStart);
  EXPECT_TRUE(line.text(kStart, 79).starts_with("waits 5 s"));
  line.set_wait(retry(30s), kStart);
  EXPECT_TRUE(line.text(kStart, 79).starts_with("waits 5 s"));
  line.set_wait(retry(30s), kStart + 6s);  // the pause is over
  EXPECT_TRUE(line.text(kStart + 6s, 79).starts_with("waits 24 s"));
}

TEST(StatusLineTest, KeepsToTheWidthAndLetsTheTimeStand) {
  StatusLine line;
  line.set_step(std::string(300, 'x'), kStart);
  const std::string text = line.text(kStart + 12s, 40);
  EXPECT_LE(text.size(), 40U);
  EXPECT_TRUE(text.ends_with("  12 s"));
}

TEST(StatusLineTest, TellsALogUntilWhenAPauseLasts) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  EXPECT_EQ(
      pause_sentence(pause(60s), kStart, std::chrono::system_clock::from_time_t(1'000'000'000)),
      "the server answered 429; nothing more is sent to https://r.test for 60 s, "
      "until 01:47:40");
}

}  // namespace
}  // namespace purser::cli
