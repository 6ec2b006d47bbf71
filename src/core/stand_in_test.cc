#include "purser/stand_in.h"

#include <gmock/gmock.h>

#include <random>

#include "core/json.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::testing::HasSubstr;

const std::string kDescriptor =
    R"({"mediaType":"application/x","digest":")" + Digest::of("x").str() + R"(","size":1})";

Manifest image(const std::string& members = "", std::string_view type = media_type::kOciManifest) {
  return Manifest::parse(
             R"({"schemaVersion":2,"config":)" + kDescriptor + R"(,"layers":[])" + members + "}",
             type)
      .value();
}

std::string annotation_of(const Manifest& stand_in) {
  return stand_in.annotations().at(std::string(kStandInAnnotation));
}

// A-77: the original's own JSON plus one annotation that names the tag and the original.
TEST(StandIn, IsTheOriginalPlusOneAnnotation) {
  struct Row {
    std::string_view type;
    std::string members;
  };
  for (const auto& [type, members] :
       {Row{media_type::kOciManifest, R"("config":)" + kDescriptor + R"(,"layers":[])"},
        Row{media_type::kDockerManifest, R"("config":)" + kDescriptor + R"(,"layers":[])"},
        Row{media_type::kOciIndex, R"("manifests":[)" + kDescriptor + "]"},
        Row{media_type::kDockerList, R"("manifests":[)" + kDescriptor + "]"}}) {
    const std::string raw =
        R"({"schemaVersion":2,"mediaType":")" + std::string(type) + "\"," + members + "}";
    SCOPED_TRACE(raw);
    const Manifest original = *Manifest::parse(raw, type);
    const auto stand_in = make_stand_in(original, "v1.0");
    ASSERT_THAT(stand_in, IsOk());
    EXPECT_EQ(stand_in->media_type(), type);
    EXPECT_EQ(stand_in->kind(), original.kind());
    EXPECT_NE(stand_in->digest(), original.digest());
    auto document = *json::parse_strict(stand_in->raw());
    EXPECT_EQ(document["annotations"].size(), 1u);
    EXPECT_EQ(document["annotations"][std::string(kStandInAnnotation)],
              "v1.0@" + original.digest().str());
    document.erase("annotations");
    EXPECT_EQ(document, *json::parse_strict(raw));
  }
}

// It is recognised by making it again, by any later version: these bytes must never change.
TEST(StandIn, IsMadeInOneWayOnly) {
  const Manifest original =
      *Manifest::parse(R"({"schemaVersion":2,"manifests":[]})", media_type::kOciIndex);
  const auto stand_in = make_stand_in(original, "v1");
  ASSERT_THAT(stand_in, IsOk());
  EXPECT_EQ(stand_in->raw(), R"({"annotations":{"io.purser.stand-in":"v1@)" +
                                 original.digest().str() +
                                 R"("},"schemaVersion":2,"manifests":[]})");
  EXPECT_EQ(make_stand_in(original, "v1")->raw(), stand_in->raw());
}

TEST(StandIn, KeepsEveryOtherByteOfTheOriginal) {
  const std::string odd =
      "{\n\t\"schemaVersion\" : 2 ,\"manifests\":[ ],\r\n  \"x\": [1.50, -0, 1e2, "
      "123456789012345678901234567890, \"}]\\\"\\\\\", {\"annotations\":{\"n\":0}}, \"\\u00e9\"],"
      " \"annotations\" : { \"a\" : \"{b\" } }\n";
  const Manifest original = *Manifest::parse(odd, media_type::kOciIndex);
  const auto stand_in = make_stand_in(original, "v1");
  ASSERT_THAT(stand_in, IsOk());
  std::string expected = odd;
  expected.insert(odd.rfind("{ \"a\"") + 1,
                  R"("io.purser.stand-in":"v1@)" + original.digest().str() + "\",");
  EXPECT_EQ(stand_in->raw(), expected);
}

TEST(StandIn, FindsAnnotationsInEveryForm) {
  for (const char* annotations :
       {R"(,"annotations":{})", R"(,"annotations":{ })", R"(,"annotations":null)",
        R"(,"annotations" : null , "x":1)", R"(,"annotations":{"a":"b"},"x":"annotations")",
        R"(,"x":{"annotations":{}})", R"(,"\u0061nnotations":{"a":"b"})",
        R"(,"annotations":{"io.purser.stand\u002din":"old"})"}) {
    SCOPED_TRACE(annotations);
    const Manifest original = image(annotations);
    const auto stand_in = make_stand_in(original, "v1");
    ASSERT_THAT(stand_in, IsOk());
    EXPECT_EQ(annotation_of(*stand_in), "v1@" + original.digest().str());
    auto expected = original.annotations();
    expected[std::string(kStandInAnnotation)] = annotation_of(*stand_in);
    EXPECT_EQ(stand_in->annotations(), expected);
  }
}

// The document without the annotation, and without an `annotations` that has nothing else in it.
nlohmann::json without_claim(const Manifest& manifest) {
  auto document = *json::parse_strict(manifest.raw());
  if (document.contains("annotations")) {
    auto& annotations = document["annotations"];
    if (annotations.is_object()) annotations.erase(std::string(kStandInAnnotation));
    if (annotations.empty()) document.erase("annotations");
  }
  return document;
}

// The place in the text is found for whatever document the parser takes: here, each that a few
// changed bytes make of an ordinary one.
TEST(StandIn, KeepsTheDocumentWhateverItLooksLike) {
  const std::string seed = R"({"schemaVersion":2, "a":{"annotations":{"\\":"\"}"}}, "b":[[],{}],
      "annotations":{"k":"v","io.purser.stand-in":"x"},"manifests":[)" +
                           kDescriptor + R"(],"c":[1,{"d":null}],"e":-1.5e3})";
  constexpr std::string_view kBytes = "{}[]\",:\\ 0aAn-";
  std::mt19937 random(42);
  int readable = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string raw = seed;
    for (std::size_t n = 1 + random() % 3; n > 0; --n) {
      raw[random() % raw.size()] = kBytes[random() % kBytes.size()];
    }
    const auto original = Manifest::parse(raw, media_type::kOciIndex);
    if (!original) continue;
    ++readable;
    const auto stand_in = make_stand_in(*original, "v1");
    ASSERT_THAT(stand_in, IsOk()) << raw;
    ASSERT_EQ(annotation_of(*stand_in), "v1@" + original->digest().str()) << raw;
    ASSERT_EQ(without_claim(*stand_in), without_claim(*original)) << raw;
  }
  EXPECT_GT(readable, 1000);
}

// A stand-in that was left behind, and then tagged or untagged like any image.
TEST(StandIn, OfAStandInNamesTheStandIn) {
  const Manifest original = image();
  const Manifest first = *make_stand_in(original, "v1");
  const auto second = make_stand_in(first, "v1");
  ASSERT_THAT(second, IsOk());
  EXPECT_NE(second->digest(), first.digest());
  EXPECT_NE(second->digest(), original.digest());
  EXPECT_EQ(stand_in_claim(*second)->original, first.digest());
  EXPECT_EQ(second->raw().size(), first.raw().size());  // replaced, not added
  EXPECT_TRUE(is_stand_in_for(*second, "v1", first));
  EXPECT_FALSE(is_stand_in_for(*second, "v1", original));
}

TEST(StandIn, IsRefusedForUnknownTypesAndWrongTags) {
  const Manifest unknown = *Manifest::parse("{}", "application/vnd.example+json");
  EXPECT_THAT(make_stand_in(unknown, "v1"),
              HasError(ErrorCode::unsupported, HasSubstr("application/vnd.example+json")));
  for (const char* tag : {"", "-x", "a\"b", "a@b", "a/b"}) {
    EXPECT_THAT(make_stand_in(image(), tag), HasError(ErrorCode::invalid_argument)) << tag;
  }
}

TEST(StandIn, IsRefusedWhereItWouldBeTooLarge) {
  std::string raw = R"({"manifests":[],"x":")";
  raw += std::string(kMaxManifestBytes - raw.size() - 2, 'x') + "\"}";
  const auto original = Manifest::parse(raw, media_type::kOciIndex);
  ASSERT_THAT(original, IsOk());
  EXPECT_THAT(make_stand_in(*original, "v1"), HasError(ErrorCode::too_large));
}

TEST(StandInClaim, ReadsWhatAStandInSays) {
  const Manifest original = image();
  const auto claim = stand_in_claim(*make_stand_in(original, "v1"));
  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->tag, "v1");
  EXPECT_EQ(claim->original, original.digest());
}

TEST(StandInClaim, IsNoneWithoutAWholeAnnotation) {
  const std::string digest = Digest::of("x").str();
  EXPECT_FALSE(stand_in_claim(image()).has_value());
  for (const std::string& value :
       {std::string(), std::string("v1"), "@" + digest, "v1@" + digest.substr(1), "v1" + digest,
        "-v@" + digest, "v1@" + digest + " ", "v1@v2@" + digest}) {
    EXPECT_FALSE(stand_in_claim(image(R"(,"annotations":{"io.purser.stand-in":")" + value + "\"}"))
                     .has_value())
        << value;
  }
}

TEST(IsStandInFor, TellsTheOneFromAllOthers) {
  const Manifest original = image();
  const Manifest stand_in = *make_stand_in(original, "v1");
  EXPECT_TRUE(is_stand_in_for(stand_in, "v1", original));
  EXPECT_FALSE(is_stand_in_for(stand_in, "v2", original));
  EXPECT_FALSE(is_stand_in_for(original, "v1", original));
  EXPECT_FALSE(is_stand_in_for(stand_in, "v1", image(R"(,"x":1)")));
  // Somebody's image that claims to be one, and is not what Purser makes.
  const Manifest forged =
      image(R"(,"annotations":{"io.purser.stand-in":"v1@)" + original.digest().str() + "\"}");
  EXPECT_TRUE(stand_in_claim(forged).has_value());
  EXPECT_FALSE(is_stand_in_for(forged, "v1", original));
  EXPECT_FALSE(is_stand_in_for(*Manifest::parse(stand_in.raw(), media_type::kDockerManifest), "v1",
                               original));
}

}  // namespace
}  // namespace purser
