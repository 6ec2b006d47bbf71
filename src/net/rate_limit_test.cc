#include "net/rate_limit.h"

#include <gtest/gtest.h>

namespace purser::net {
namespace {

using namespace std::chrono_literals;

// A-91: as Docker Hub sends them.
TEST(RateLimitTest, ReadsTheFieldsOfDockerHub) {
  const auto found = rate_limit_of({{"ratelimit-limit", "100;w=21600"},
                                    {"ratelimit-remaining", "76;w=21600"},
                                    {"docker-ratelimit-source", "192.0.2.1"}});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (RateLimit{.limit = 100, .remaining = 76, .window = 21600s}));
  EXPECT_EQ(to_string(*found), "76 of 100 requests in 6 h left");
}

// A-91: draft-ietf-httpapi-ratelimit-headers, its first form.
TEST(RateLimitTest, ReadsTheThreeFieldsOfTheDrafts) {
  const auto found = rate_limit_of({{"RateLimit-Limit", "10, 10;w=1, 1000;w=3600"},
                                    {"RateLimit-Remaining", "9"},
                                    {"RateLimit-Reset", "50"}});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (RateLimit{.limit = 10, .remaining = 9, .reset = 50s}));
  EXPECT_EQ(to_string(*found), "9 of 10 requests left, new ones in 50 s");
}

// A-91: its later forms.
TEST(RateLimitTest, ReadsTheOneFieldOfTheLaterDrafts) {
  EXPECT_EQ(rate_limit_of({{"RateLimit", "limit=100, remaining=50, reset=5"}}),
            (RateLimit{.limit = 100, .remaining = 50, .reset = 5s}));
  EXPECT_EQ(rate_limit_of({{"RateLimit", R"("default";r=50;t=30)"},
                           {"RateLimit-Policy", R"("default";q=100;w=60)"}}),
            (RateLimit{.limit = 100, .remaining = 50, .window = 60s, .reset = 30s}));
}

// A-91: what is not understood says nothing, and no number is made up.
TEST(RateLimitTest, SaysNothingOfWhatIsNotUnderstood) {
  EXPECT_EQ(rate_limit_of({}), std::nullopt);
  for (const char* field : {"", ";", ",", "=", "\"", "many", "-5", "1e3", "99999999999999999999",
                            "\"limit\"=5", "limit", "w=;;=,"}) {
    EXPECT_EQ(rate_limit_of({{"RateLimit-Limit", field}}), std::nullopt) << field;
    EXPECT_EQ(rate_limit_of({{"RateLimit", field}}), std::nullopt) << field;
  }
  EXPECT_EQ(to_string({.reset = 5s}), "");
}

}  // namespace
}  // namespace purser::net
