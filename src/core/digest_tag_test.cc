#include "core/digest_tag.h"

#include <gtest/gtest.h>

#include "testing/snapshot_builder.h"

namespace purser {
namespace {

using testing::digest_named;
using testing::digest_tag_of;

TEST(DigestTagTest, IsAnAlgorithmADashAndSixtyFourDigits) {
  const std::string tag = digest_tag_of(digest_named("a"), ".sig");
  const auto parsed = parse_digest_tag(tag);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->key, digest_tag_key(digest_named("a")));
  EXPECT_EQ(parsed->suffix, ".sig");
  EXPECT_EQ(subject_of_digest_tag(tag), digest_named("a"));
  EXPECT_TRUE(parse_digest_tag("sha512-" + std::string(64, 'a')).has_value());
  EXPECT_EQ(subject_of_digest_tag("sha512-" + std::string(64, 'a')), std::nullopt);
}

TEST(DigestTagTest, NothingElseIsOne) {
  for (const std::string& tag :
       {std::string("v1"), std::string("sha256-"), "sha256-" + std::string(63, 'a'),
        "sha256-" + std::string(64, 'A'), "sha256-" + std::string(64, 'g'),
        "sha256." + std::string(64, 'a'), "sha1-" + std::string(64, 'a'),
        "xsha256-" + std::string(64, 'a')}) {
    EXPECT_FALSE(parse_digest_tag(tag).has_value()) << tag;
    EXPECT_FALSE(subject_of_digest_tag(tag).has_value()) << tag;
  }
}

TEST(DigestTagTest, SignaturesAttestationsSbomsAndFallbacksGoWithTheirSubject) {
  for (const char* suffix : {"", ".sig", ".att", ".sbom"}) {
    const std::string tag = digest_tag_of(digest_named("a"), suffix);
    EXPECT_TRUE(goes_with_its_subject(*parse_digest_tag(tag))) << suffix;
  }
  for (const char* suffix : {".signed", ".sigs", "-sig", "x"}) {
    const std::string tag = digest_tag_of(digest_named("a"), suffix);
    EXPECT_FALSE(goes_with_its_subject(*parse_digest_tag(tag))) << suffix;
  }
}

}  // namespace
}  // namespace purser
