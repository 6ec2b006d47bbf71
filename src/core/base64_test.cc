#include "core/base64.h"

#include <gtest/gtest.h>

namespace purser {
namespace {

// The vectors of RFC 4648, section 10.
TEST(DecodeBase64, DecodesPaddedText) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("AP/+"), std::string("\0\xFF\xFE", 3));
}

TEST(DecodeBase64, RefusesEverythingElse) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zm9v====", "====", "=", "Z===", "Zg==Zg==", " Zg==",
                           "Zg== ", "Zm9v\n", "Zm 9v", "Zm-_", "Zm9v!", "=Zm9"}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace purser
