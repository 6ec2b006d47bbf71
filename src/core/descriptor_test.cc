#include "purser/descriptor.h"

#include <gmock/gmock.h>

#include "core/descriptor_json.h"
#include "core/json.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::purser::testing::IsOkAndHolds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Platform, ParsesAndPrints) {
  EXPECT_THAT(Platform::parse("linux/amd64"), IsOkAndHolds(Platform{"linux", "amd64", ""}));
  EXPECT_THAT(Platform::parse("linux/arm64/v8"), IsOkAndHolds(Platform{"linux", "arm64", "v8"}));
  EXPECT_THAT(Platform::parse("Linux/AMD64"), IsOkAndHolds(Platform{"linux", "amd64", ""}));
  for (const char* text : {"linux/amd64", "linux/arm/v7"}) {
    EXPECT_EQ(Platform::parse(text)->str(), text);
  }
}

TEST(Platform, RejectsOtherForms) {
  for (const char* text : {"", "linux", "linux/", "/amd64", "linux//v8", "linux/arm64/v8/x",
                           "linux/arm64/", "linux/a b", "linux amd64", "linux/amd64\n"}) {
    EXPECT_THAT(Platform::parse(text), HasError(ErrorCode::invalid_argument)) << text;
  }
  EXPECT_THAT(Platform::parse(std::string(1 << 20, '/')), HasError(ErrorCode::invalid_argument));
}

// A-59.
TEST(Platform, AcceptsWhatSatisfiesTheWish) {
  const auto accepts = [](const char* wish, const char* candidate) {
    return Platform::parse(wish)->accepts(*Platform::parse(candidate));
  };
  EXPECT_TRUE(accepts("linux/amd64", "linux/amd64"));
  EXPECT_TRUE(accepts("linux/amd64", "linux/amd64/v3"));
  EXPECT_TRUE(accepts("linux/arm", "linux/arm/v6"));
  EXPECT_TRUE(accepts("linux/arm64/v8", "linux/arm64"));  // builders leave v8 out
  EXPECT_TRUE(accepts("linux/arm/v7", "linux/arm"));
  EXPECT_FALSE(accepts("linux/arm/v6", "linux/arm"));
  EXPECT_FALSE(accepts("linux/arm/v7", "linux/arm/v6"));
  EXPECT_FALSE(accepts("linux/amd64/v3", "linux/amd64"));
  EXPECT_FALSE(accepts("linux/amd64", "windows/amd64"));
  EXPECT_FALSE(accepts("linux/amd64", "linux/arm64"));
  EXPECT_FALSE(accepts("linux/amd64", "unknown/unknown"));
}

TEST(Platform, KnowsThatOfAttestations) {
  EXPECT_TRUE(Platform::parse("unknown/unknown")->is_unknown());
  EXPECT_FALSE(Platform::parse("linux/unknown")->is_unknown());
}

const std::string kDigest = Digest::of("abc").str();

Result<Descriptor> parse(const std::string& text) {
  return parse_descriptor(*json::parse_strict(text));
}
std::string with(const std::string& members) {
  return R"({"mediaType":"application/x","digest":")" + kDigest + R"(","size":3)" + members + "}";
}

TEST(ParseDescriptor, ReadsEveryMember) {
  const auto descriptor =
      parse(with(R"(,"artifactType":"a/b","annotations":{"k":"v"},"urls":["http://x"],"unknown":[1],
              "data":"YWJj","platform":{"os":"linux","architecture":"arm64","variant":"v8",
              "os.version":"1","features":["x"]})"));
  ASSERT_THAT(descriptor, IsOk());
  EXPECT_EQ(descriptor->media_type, "application/x");
  EXPECT_EQ(descriptor->digest.str(), kDigest);
  EXPECT_EQ(descriptor->size, 3);
  EXPECT_EQ(descriptor->artifact_type, "a/b");
  EXPECT_EQ(descriptor->platform, (Platform{"linux", "arm64", "v8"}));
  EXPECT_THAT(descriptor->annotations, ElementsAre(Pair("k", "v")));
}

TEST(ParseDescriptor, TakesNullForAbsent) {
  const auto descriptor =
      parse(with(R"(,"artifactType":null,"annotations":null,"platform":null,"data":null)"));
  ASSERT_THAT(descriptor, IsOk());
  EXPECT_EQ(descriptor->platform, std::nullopt);
  EXPECT_THAT(descriptor->annotations, IsEmpty());
}

// A-52: size is int64 >= 0, digest valid.
TEST(ParseDescriptor, RejectsMalformedMembers) {
  const std::string digest = R"("digest":")" + kDigest + R"(")";
  for (const std::string& text :
       {std::string("[]"), std::string("7"), std::string("{}"), "{" + digest + "}",
        std::string(R"({"size":3})"), std::string(R"({"digest":"sha256:abc","size":3})"),
        std::string(R"({"digest":"sha256:../../etc","size":3})"),
        R"({"digest":"blake3:)" + kDigest.substr(7) + R"(","size":3})",
        std::string(R"({"digest":7,"size":3})"), "{" + digest + R"(,"size":-1})",
        "{" + digest + R"(,"size":"3"})", "{" + digest + R"(,"size":3.0})",
        "{" + digest + R"(,"size":3e0})", "{" + digest + R"(,"size":9223372036854775808})",
        with(R"(,"platform":"linux/amd64")"), with(R"(,"platform":{"os":7})"),
        with(R"(,"annotations":["a"])"), with(R"(,"annotations":{"a":1})"),
        with(R"(,"artifactType":1)")}) {
    EXPECT_THAT(parse(text), HasError(ErrorCode::bad_response)) << text;
  }
  EXPECT_THAT(parse("{" + digest + R"(,"size":9223372036854775807,"mediaType":"x"})"), IsOk());
}

// A-52: `data` is verified.
TEST(ParseDescriptor, RejectsDataThatIsNotTheContent) {
  for (const char* data : {"YWJk", "YWJjZA==", "", "YWJ", "****"}) {
    EXPECT_THAT(parse(with(std::string(R"(,"data":")") + data + "\"")),
                HasError(ErrorCode::bad_response, HasSubstr("\"data\"")))
        << data;
  }
  EXPECT_THAT(parse(R"({"digest":")" + kDigest + R"(","size":4,"data":"YWJj"})"),
              HasError(ErrorCode::bad_response));
}

// A registry written in Go would take the other key's value.
TEST(ParseDescriptor, RejectsKeysThatDifferOnlyInCase) {
  for (const char* key : {"Digest", "DIGEST", "sIze", "\xC5\xBFize", "mediatype", "Platform"}) {
    EXPECT_THAT(parse(with(std::string(",\"") + key + "\":\"x\"")),
                HasError(ErrorCode::bad_response, HasSubstr("could be read as")))
        << key;
  }
  EXPECT_THAT(parse(with(R"(,"digests":"x","Größe":1)")), IsOk());
}

}  // namespace
}  // namespace purser
