#include "purser/retry.h"

#include <gtest/gtest.h>

#include "net/retry_after.h"

namespace purser {
namespace {

using namespace std::chrono_literals;

// full jitter, doubling from half a second, capped at 30 s.
TEST(RetryPolicyTest, BacksOffExponentiallyWithFullJitter) {
  const RetryPolicy policy;
  EXPECT_EQ(policy.backoff(1, 0.5), 250ms);
  EXPECT_EQ(policy.backoff(2, 0.5), 500ms);
  EXPECT_EQ(policy.backoff(3, 0.5), 1000ms);
  EXPECT_EQ(policy.backoff(7, 0.5), 15'000ms);
  EXPECT_EQ(policy.backoff(1'000'000, 0.5), 15'000ms);
  EXPECT_EQ(policy.backoff(3, 0.0), 0ms);
}

//
TEST(RetryPolicyTest, KnowsWhichStatusIsWorthAnotherAttempt) {
  for (const int status : {408, 425, 429, 499, 500, 502, 503, 504, 522}) {
    EXPECT_TRUE(is_retryable_status(status)) << status;
  }
  for (const int status : {200, 202, 301, 304, 400, 401, 403, 404, 405, 409, 416, 501, 505, 507}) {
    EXPECT_FALSE(is_retryable_status(status)) << status;
  }
}

//
TEST(RetryAfterTest, ReadsSecondsAndDates) {
  using net::parse_retry_after;
  const auto now = std::chrono::system_clock::from_time_t(784111777);  // Sun, 06 Nov 1994 08:49:37
  EXPECT_EQ(parse_retry_after("7", now), 7s);
  EXPECT_EQ(parse_retry_after(" 120 ", now), 120s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), 60s);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:38 GMT", now), 1s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), std::nullopt);
  EXPECT_GT(parse_retry_after("99999999999999999999", now), 24h * 365);
  EXPECT_GT(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), 24h * 365);
  for (const char* text : {"", "0", "-1", "1.5", "soon", "Sun, 99 Nov"}) {
    EXPECT_EQ(parse_retry_after(text, now), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace purser
