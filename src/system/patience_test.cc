#include "system/patience.h"

#include <gmock/gmock.h>

#include "testing/matchers.h"

namespace purser {
namespace {

using namespace std::chrono_literals;

TEST(Patience, HasNoEndWhereNothingSetsOne) {
  const Patience patience;
  EXPECT_EQ(patience.within(30s), 30s);
  EXPECT_FALSE(patience.over().has_value());
}

TEST(Patience, EndsWithTheStop) {
  std::stop_source stop;
  const Patience patience({.stop = stop.get_token()});
  EXPECT_FALSE(patience.over().has_value());
  stop.request_stop();
  ASSERT_TRUE(patience.over().has_value());
  EXPECT_EQ(patience.over()->code, ErrorCode::cancelled);
}

TEST(Patience, EndsWithTheDeadline) {
  const Patience patience({.deadline = 0ms});
  EXPECT_EQ(patience.within(30s), 0s);
  ASSERT_TRUE(patience.over().has_value());
  EXPECT_EQ(patience.over()->message, "the deadline has passed");
}

TEST(Patience, LeavesNoMoreThanTheDeadlineDoes) {
  const Patience hour({.deadline = 1h});
  EXPECT_EQ(hour.within(30s), 30s);
  EXPECT_GT(hour.within(2h), 59min);
  EXPECT_LE(hour.within(2h), 1h);
  // What the clock cannot count has no end.
  const Patience longest({.deadline = std::chrono::milliseconds::max()});
  EXPECT_EQ(longest.within(30s), 30s);
  EXPECT_FALSE(longest.over().has_value());
}

}  // namespace
}  // namespace purser
