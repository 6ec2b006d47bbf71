#include "net/content_range.h"

#include <gtest/gtest.h>

namespace purser::net {
namespace {

TEST(ContentRange, NamesTheBytesAndTheWhole) {
  const auto range = parse_content_range(" bytes 5-9/100\t");
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->first, 5u);
  EXPECT_EQ(range->last, 9u);
  EXPECT_EQ(range->size(), 5u);
  EXPECT_EQ(range->total, 100u);
  EXPECT_TRUE(parse_content_range("BYTES 0-0/1").has_value());
}

TEST(ContentRange, MayNotKnowTheWhole) {
  const auto range = parse_content_range("bytes 0-0/*");
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->total, std::nullopt);
}

// what is not exactly this says nothing about which bytes have come.
TEST(ContentRange, IsNothingElse) {
  for (const char* text : {"",
                           "bytes",
                           "bytes ",
                           "bytes */100",
                           "bytes 5-9",
                           "bytes 5-9/",
                           "bytes 5-9/10 0",
                           "bytes=5-9/100",
                           "bytes 9-5/100",
                           "bytes 5-100/100",
                           "bytes -5/100",
                           "bytes 5-/100",
                           "bytes +5-9/100",
                           "bytes 5-9/-1",
                           "bytes 5-9/100,200",
                           "items 5-9/100",
                           "bytes  5-9/100",
                           "bytes 0x5-9/100",
                           "bytes 0-18446744073709551615/*",
                           "bytes 0-9/18446744073709551616",
                           "0-9/100",
                           "bytes 5 - 9/100"}) {
    EXPECT_FALSE(parse_content_range(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace purser::net
