#include "purser/manifest.h"

#include <gmock/gmock.h>

#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const std::string kDigest = Digest::of("x").str();
const std::string kConfigType = "application/vnd.oci.image.config.v1+json";

std::string descriptor(const std::string& type, const std::string& more = "") {
  return R"({"mediaType":")" + type + R"(","digest":")" + kDigest + R"(","size":1)" + more + "}";
}
// A document without a mediaType, `members` behind what an image or an index needs.
std::string image(const std::string& members = "") {
  return R"({"schemaVersion":2,"config":)" + descriptor(kConfigType) + R"(,"layers":[)" +
         descriptor("application/x-tar") + "," + descriptor("application/x-tar") + "]" + members +
         "}";
}
std::string index(const std::string& members = "") {
  return R"({"schemaVersion":2,"manifests":[)" +
         descriptor(std::string(media_type::kOciManifest),
                    R"(,"platform":{"os":"linux","architecture":"amd64"})") +
         "," + descriptor("application/vnd.example.thing+json") + "]" + members + "}";
}
std::string type_member(std::string_view type) {
  return R"(,"mediaType":")" + std::string(type) + R"(")";
}

TEST(MediaTypeNormalize, DropsParametersAndCase) {
  EXPECT_EQ(media_type::normalize("Application/JSON; charset=utf-8"), "application/json");
  EXPECT_EQ(media_type::normalize(" text/plain\t"), "text/plain");
  EXPECT_EQ(media_type::normalize(""), "");
  EXPECT_EQ(media_type::normalize(" ; q=1"), "");
}

TEST(Manifest, ReadsAnImage) {
  const std::string raw = image(R"(,"annotations":{"a":"b"},"unknown":{"x":[1.50]})");
  for (const auto type : {media_type::kOciManifest, media_type::kDockerManifest}) {
    const auto manifest = Manifest::parse(raw, type);
    ASSERT_THAT(manifest, IsOk());
    EXPECT_EQ(manifest->kind(), Manifest::Kind::image);
    EXPECT_EQ(manifest->raw(), raw);
    EXPECT_EQ(manifest->digest(), Digest::of(raw));
    EXPECT_EQ(manifest->media_type(), type);
    EXPECT_EQ(manifest->config()->media_type, kConfigType);
    EXPECT_THAT(manifest->layers(), SizeIs(2));
    EXPECT_THAT(manifest->children(), IsEmpty());
    EXPECT_EQ(manifest->artifact_type(), kConfigType);
    EXPECT_THAT(manifest->annotations(), ElementsAre(Pair("a", "b")));
    EXPECT_FALSE(manifest->subject().has_value());
  }
}

// The children of an index may have any media type.
TEST(Manifest, ReadsAnIndex) {
  for (const auto type : {media_type::kOciIndex, media_type::kDockerList}) {
    const auto manifest = Manifest::parse(index(), type);
    ASSERT_THAT(manifest, IsOk());
    EXPECT_EQ(manifest->kind(), Manifest::Kind::index);
    ASSERT_THAT(manifest->children(), SizeIs(2));
    EXPECT_EQ(manifest->children()[0].platform->str(), "linux/amd64");
    EXPECT_EQ(manifest->children()[1].media_type, "application/vnd.example.thing+json");
    EXPECT_FALSE(manifest->config().has_value());
    EXPECT_EQ(manifest->artifact_type(), "");
  }
}

TEST(Manifest, ReadsSubjectAndArtifactType) {
  const std::string more = R"(,"subject":)" + descriptor(std::string(media_type::kOciManifest)) +
                           R"(,"artifactType":"application/vnd.example.sbom")";
  for (const auto& [raw, type] : {std::pair{image(more), media_type::kOciManifest},
                                  std::pair{index(more), media_type::kOciIndex}}) {
    const auto manifest = Manifest::parse(raw, type);
    ASSERT_THAT(manifest, IsOk());
    EXPECT_EQ(manifest->subject()->digest.str(), kDigest);
    EXPECT_EQ(manifest->artifact_type(), "application/vnd.example.sbom");
  }
}

TEST(Manifest, DescribesItself) {
  const auto manifest = Manifest::parse(image(), media_type::kOciManifest);
  const Descriptor self = manifest->descriptor();
  EXPECT_EQ(self.media_type, media_type::kOciManifest);
  EXPECT_EQ(self.digest, Digest::of(image()));
  EXPECT_EQ(self.size, static_cast<std::int64_t>(image().size()));
}

// A-48: schema 1 is refused; its signed form is not named by the digest of its bytes, so the type
// is looked at before the digest.
TEST(Manifest, RefusesSchema1) {
  const auto other = Digest::of("something else");
  for (const auto type : {media_type::kDockerSchema1, media_type::kDockerSchema1Signed}) {
    EXPECT_THAT(Manifest::parse(R"({"schemaVersion":1})", type, other),
                HasError(ErrorCode::unsupported, HasSubstr("schema 1")));
  }
  EXPECT_THAT(Manifest::parse(R"({"schemaVersion":1,"fsLayers":[]})", "application/json"),
              HasError(ErrorCode::unsupported));
  EXPECT_THAT(
      Manifest::parse("{" + type_member(media_type::kDockerSchema1Signed).substr(1) + "}", ""),
      HasError(ErrorCode::unsupported));
}

// A-49: hashed by the algorithm of the digest that was asked for.
TEST(Manifest, ChecksTheExpectedDigestByItsOwnAlgorithm) {
  auto hasher = *Hasher::create("sha512");
  hasher.update(image());
  const Digest sha512 = std::move(hasher).finish();
  const auto manifest = Manifest::parse(image(), media_type::kOciManifest, sha512);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->digest(), sha512);
  EXPECT_THAT(Manifest::parse(image(" "), media_type::kOciManifest, sha512),
              HasError(ErrorCode::digest_mismatch));
  EXPECT_THAT(Manifest::parse(image(), media_type::kOciManifest, Digest::of(image() + "\n")),
              HasError(ErrorCode::digest_mismatch, HasSubstr(Digest::of(image()).str())));
  // Damage is damage whatever the bytes claim to be.
  EXPECT_THAT(Manifest::parse("<html>", "text/html", sha512), HasError(ErrorCode::digest_mismatch));
}

// A-50.
TEST(Manifest, LimitsTheSize) {
  std::string raw = image();
  raw.append(kMaxManifestBytes - raw.size(), ' ');
  EXPECT_THAT(Manifest::parse(raw, media_type::kOciManifest), IsOk());
  raw += ' ';
  EXPECT_THAT(Manifest::parse(raw, media_type::kOciManifest), HasError(ErrorCode::too_large));
}

// A-51: where the Content-Type says nothing, the document's `mediaType` does, then its shape.
TEST(Manifest, TakesTheTypeFromTheDocumentWhereTheServerNamesNone) {
  for (const char* sent_as : {"", "text/plain; charset=utf-8", "application/json",
                              "application/octet-stream", "binary/octet-stream"}) {
    SCOPED_TRACE(sent_as);
    const auto media_type_of = [&](const std::string& raw) {
      const auto manifest = Manifest::parse(raw, sent_as);
      return manifest ? manifest->media_type() : to_string(manifest.error());
    };
    EXPECT_EQ(media_type_of(image(type_member(media_type::kDockerManifest))),
              media_type::kDockerManifest);
    EXPECT_EQ(media_type_of(index(type_member(media_type::kDockerList))), media_type::kDockerList);
    EXPECT_EQ(media_type_of(image()), media_type::kOciManifest);
    EXPECT_EQ(media_type_of(index()), media_type::kOciIndex);
    for (const char* raw : {"{}", R"({"tags":[]})", R"({"schemaVersion":2,"config":{}})"}) {
      EXPECT_THAT(Manifest::parse(raw, sent_as),
                  HasError(ErrorCode::bad_response, HasSubstr("neither")))
          << raw;
    }
  }
}

// A-51, C.1-12 (CVE-2021-41190): what one reader takes for an image and another for an index.
TEST(Manifest, RefusesADocumentWithTwoMeanings) {
  const std::string both = image(R"(,"manifests":[])");
  for (const char* sent_as :
       {"", "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json"}) {
    EXPECT_THAT(Manifest::parse(both, sent_as), HasError(ErrorCode::bad_response)) << sent_as;
  }
  for (const char* member : {R"(,"config":null)", R"(,"layers":[])", R"(,"fsLayers":[])"}) {
    EXPECT_THAT(Manifest::parse(index(member), media_type::kOciIndex),
                HasError(ErrorCode::bad_response, HasSubstr("is an index and has the member")))
        << member;
  }
  EXPECT_THAT(Manifest::parse(image(R"(,"fsLayers":[])"), media_type::kOciManifest),
              HasError(ErrorCode::bad_response, HasSubstr("fsLayers")));
  for (const char* member : {R"(,"Manifests":[])", R"(,"manife\u017ft\u017f":[])",
                             R"(,"mediatype":"x")", R"(,"SUBJECT":{})"}) {
    EXPECT_THAT(Manifest::parse(image(member), media_type::kOciManifest),
                HasError(ErrorCode::bad_response, HasSubstr("could be read as")))
        << member;
  }
}

TEST(Manifest, RefusesATypeThatContradictsTheDocument) {
  EXPECT_THAT(
      Manifest::parse(image(type_member(media_type::kDockerManifest)), media_type::kOciManifest),
      HasError(ErrorCode::bad_response, HasSubstr("calls itself")));
  EXPECT_THAT(
      Manifest::parse(index(type_member(media_type::kOciIndex)), "application/vnd.example+json"),
      HasError(ErrorCode::bad_response, HasSubstr("calls itself")));
  EXPECT_THAT(Manifest::parse(image(), media_type::kOciIndex), HasError(ErrorCode::bad_response));
  EXPECT_THAT(Manifest::parse(index(), media_type::kOciManifest),
              HasError(ErrorCode::bad_response));
  for (const char* version : {"1", "3", "\"2\"", "2.0"}) {
    EXPECT_THAT(
        Manifest::parse(R"({"schemaVersion":)" + std::string(version) + R"(,"manifests":[]})",
                        media_type::kOciIndex),
        HasError(ErrorCode::bad_response, HasSubstr("schemaVersion")))
        << version;
  }
}

// Unknown is kept as unknown: its bytes, and no guess at what they point at.
TEST(Manifest, KeepsAnUnknownTypeAsUnknown) {
  const std::string type = "application/vnd.oci.artifact.manifest.v1+json";
  const std::string raw = R"({"manifests":7,"blobs":[],"mediaType":")" + type + R"("})";
  for (const std::string& sent_as : {type, std::string("text/plain")}) {
    const auto manifest = Manifest::parse(raw, sent_as, Digest::of(raw));
    ASSERT_THAT(manifest, IsOk());
    EXPECT_EQ(manifest->kind(), Manifest::Kind::unknown);
    EXPECT_EQ(manifest->media_type(), type);
    EXPECT_EQ(manifest->raw(), raw);
    EXPECT_THAT(manifest->children(), IsEmpty());
  }
}

// A-52, A-97.
TEST(Manifest, RefusesWhatIsNotStrictJson) {
  EXPECT_THAT(Manifest::parse("<html>login</html>", "text/html"),
              HasError(ErrorCode::bad_response, HasSubstr("(sent as text/html)")));
  for (const std::string& raw :
       {std::string(), std::string("[]"), std::string("null"), image() + "x",
        image() + std::string(1, '\0'), "\xEF\xBB\xBF" + image(), image(R"(,"layers":[])"),
        image(R"(,"x":{"y":1,"y":2})"), image(",\"x\":\"\xFF\""),
        image(",\"x\":" + std::string(64, '[') + std::string(64, ']'))}) {
    for (const std::string_view type :
         {std::string_view(), media_type::kOciManifest, std::string_view("application/x+json")}) {
      EXPECT_THAT(Manifest::parse(raw, type), HasError(ErrorCode::bad_response)) << raw;
    }
  }
}

TEST(Manifest, RefusesMissingOrMalformedMembers) {
  const std::string config = R"({"schemaVersion":2,"config":)" + descriptor("c");
  for (const std::string& raw :
       {std::string(R"({"schemaVersion":2,"layers":[]})"), config + "}",
        config + R"(,"layers":{}})", config + R"(,"layers":[7]})", config + R"(,"layers":[{}]})",
        config + R"(,"layers":[],"subject":{}})", config + R"(,"layers":[],"annotations":[]})",
        config + R"(,"layers":[],"annotations":{"a":null}})",
        config + R"(,"layers":[],"artifactType":1})", config + R"(,"layers":[],"mediaType":1})",
        std::string(R"({"config":7,"layers":[]})")}) {
    EXPECT_THAT(Manifest::parse(raw, media_type::kOciManifest), HasError(ErrorCode::bad_response))
        << raw;
  }
  EXPECT_THAT(Manifest::parse(R"({"schemaVersion":2})", media_type::kOciIndex),
              HasError(ErrorCode::bad_response, HasSubstr("no manifests")));
  EXPECT_THAT(
      Manifest::parse(R"({"manifests":[{"digest":"sha256:1","size":1}]})", media_type::kOciIndex),
      HasError(ErrorCode::bad_response, HasSubstr("number 1 of its manifests")));
}

// Go writes an empty list as null.
TEST(Manifest, TakesNullForAnEmptyList) {
  const auto empty = Manifest::parse(R"({"manifests":null})", media_type::kOciIndex);
  ASSERT_THAT(empty, IsOk());
  EXPECT_THAT(empty->children(), IsEmpty());
  EXPECT_THAT(Manifest::parse(R"({"config":)" + descriptor("c") + R"(,"layers":null})",
                              media_type::kOciManifest),
              IsOk());
}

TEST(Manifest, ErrorNamesTheDigestThatWasAskedFor) {
  const auto manifest = Manifest::parse("x", "", Digest::of("x"));
  ASSERT_THAT(manifest, HasError(ErrorCode::bad_response));
  EXPECT_THAT(to_string(manifest.error()),
              HasSubstr("cannot read the manifest " + Digest::of("x").str() + ": the JSON"));
}

}  // namespace
}  // namespace purser
