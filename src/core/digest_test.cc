#include "purser/digest.h"

#include <gmock/gmock.h>

#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::testing::HasSubstr;

// FIPS 180-4 examples.
constexpr std::string_view kSha256OfAbc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kSha512OfAbc =
    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

TEST(Digest, ParsesItsTwoAlgorithms) {
  for (const std::string_view text : {kSha256OfAbc, kSha512OfAbc}) {
    const auto digest = Digest::parse(text);
    ASSERT_THAT(digest, IsOk());
    EXPECT_EQ(digest->str(), text);
    EXPECT_EQ(std::string(digest->algorithm()) + ":" + std::string(digest->hex()), text);
  }
  EXPECT_EQ(Digest::parse(kSha256OfAbc)->short_hex(), "ba7816bf8f01");
}

// and the digest rows of A.1: a digest goes into a URL and a file name as it is.
TEST(Digest, RejectsEverythingElse) {
  const std::string hex(64, 'a');
  for (const std::string& text :
       {std::string(), std::string(":"), std::string("sha256:"), hex, "sha256:" + hex + "a",
        "sha256:" + hex.substr(1), "sha256:" + std::string(64, 'A'), "SHA256:" + hex,
        "sha256:" + std::string(63, 'a') + "g", "sha1:" + std::string(40, 'a'),
        "md5:" + std::string(32, 'a'), "sha512:" + hex, "blake3:" + hex, "sha256:sha256:" + hex,
        " sha256:" + hex, "sha256:" + hex + "\n", "sha256:../" + std::string(61, 'a'),
        "sha256:" + std::string(63, 'a') + std::string(1, '\0')}) {
    EXPECT_THAT(Digest::parse(text), HasError(ErrorCode::invalid_argument)) << text;
  }
}

TEST(Digest, NamesTheMistake) {
  EXPECT_THAT(Digest::parse("sha256:abc"),
              HasError(ErrorCode::invalid_argument, HasSubstr("3 hex digits where sha256 has 64")));
}

TEST(Digest, OfBytesIsTheirSha256) { EXPECT_EQ(Digest::of("abc").str(), kSha256OfAbc); }

// the algorithm of the digest that was asked for decides.
TEST(Digest, MatchesByItsOwnAlgorithm) {
  EXPECT_TRUE(Digest::parse(kSha256OfAbc)->matches("abc"));
  EXPECT_TRUE(Digest::parse(kSha512OfAbc)->matches("abc"));
  EXPECT_FALSE(Digest::parse(kSha256OfAbc)->matches("abd"));
  EXPECT_FALSE(Digest::parse(kSha512OfAbc)->matches(""));
}

TEST(Hasher, HashesPiecesLikeTheWhole) {
  auto hasher = Hasher::create("sha512");
  ASSERT_THAT(hasher, IsOk());
  for (const std::string_view piece : {"a", "", "bc"}) hasher->update(piece);
  EXPECT_EQ(std::move(*hasher).finish().str(), kSha512OfAbc);
}

TEST(Hasher, KnowsNoOtherAlgorithm) {
  EXPECT_THAT(Hasher::create("sha1"), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(Hasher::create("SHA256"), HasError(ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace purser
