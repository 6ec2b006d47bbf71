#include "net/notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace purser::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> texts(const std::vector<LogEvent>& events) {
  std::vector<std::string> result;
  for (const LogEvent& event : events) result.push_back(event.text);
  return result;
}

// A-96
TEST(WarningsTest, ReadsTheTextsOfARegistry) {
  EXPECT_THAT(warnings_of({{"Warning", R"(299 - "Your auth token will expire in 30 seconds.")"},
                           {"Warning", R"(299 - "a \"quoted\", b", 299 - "c" "Sat, 1 Jan 2000")"}}),
              ElementsAre("Your auth token will expire in 30 seconds.", R"(a "quoted", b)", "c"));
}

// A-96: caches have codes of their own, and an agent that is named is not the registry.
TEST(WarningsTest, LeavesThoseOfCachesOut) {
  for (const char* field : {R"(110 proxy "stale")", R"(299 cache.test "x")", "299 - bare", "299",
                            "", ",,,", "\"", R"(299 - "")"}) {
    EXPECT_THAT(warnings_of({{"Warning", field}}), IsEmpty()) << field;
  }
}

// A-96
TEST(WarningsTest, CutsWhatIsTooLong) {
  const std::string text(10'000, 'x');
  const auto warnings = warnings_of({{"Warning", "299 - \"" + text + "\""}});
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_LE(warnings[0].size(), 4096U);
}

// A-96
TEST(NoticesTest, TellsEachWarningOnceAndNotWithoutEnd) {
  Notices notices;
  const http::Headers headers = {{"Warning", R"(299 - "old server")"}};
  EXPECT_THAT(texts(notices.take(headers)), ElementsAre("the registry says: old server"));
  EXPECT_THAT(notices.take(headers), IsEmpty());
  std::size_t told = 0;
  for (int i = 0; i < 1000; ++i) {
    told += notices.take({{"Warning", "299 - \"" + std::to_string(i) + "\""}}).size();
  }
  EXPECT_LT(told, 100U);
}

// A-91
TEST(NoticesTest, TellsTheRateLimitAtFirstAndWhenHalfIsUsedUp) {
  Notices notices;
  const auto after = [&](int remaining) {
    return texts(notices.take(
        {{"ratelimit-limit", "100;w=21600"}, {"ratelimit-remaining", std::to_string(remaining)}}));
  };
  EXPECT_THAT(after(90), ElementsAre("rate limit: 90 of 100 requests in 6 h left"));
  EXPECT_THAT(after(89), IsEmpty());
  EXPECT_THAT(after(45), ElementsAre("rate limit: 45 of 100 requests in 6 h left"));
  EXPECT_THAT(after(44), IsEmpty());
  EXPECT_THAT(after(0), SizeIs(1));
  EXPECT_THAT(after(0), IsEmpty());
  ASSERT_TRUE(notices.rate_limit());
  EXPECT_EQ(notices.rate_limit()->remaining, 0);
}

}  // namespace
}  // namespace purser::net
