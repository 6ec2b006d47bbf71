#include "purser/image_summary.h"

#include <fmt/format.h>

#include "registry/client_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;

class SummaryTest : public ClientTest {
 protected:
  struct Image {
    std::string created = "2024-05-01T10:00:00Z";
    std::string arch = "amd64";
    std::vector<std::pair<std::string, int>> layers = {{"base", 100}};
    std::string annotated = {};
  };
  Digest image(const std::string& tag, const Image& what) {
    const std::string config = fmt::format(R"({{"created":"{}","os":"linux","architecture":"{}"}})",
                                           what.created, what.arch);
    config_size_ = static_cast<std::int64_t>(config.size());
    std::string layers;
    for (const auto& [name, size] : what.layers) {
      layers += fmt::format(R"({}{{"mediaType":"a/b","digest":"{}","size":{}}})",
                            layers.empty() ? "" : ",", Digest::of(name).str(), size);
    }
    const std::string annotations =
        what.annotated.empty()
            ? ""
            : fmt::format(R"(,"annotations":{{"org.opencontainers.image.created":"{}"}})",
                          what.annotated);
    return registry_->put(
        "a", tag,
        fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":)"
                    R"("application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},)"
                    R"("layers":[{}]{}}})",
                    media_type::kOciManifest, registry_->add_blob("a", config).str(), config.size(),
                    layers, annotations),
        std::string(media_type::kOciManifest));
  }
  Digest index(const std::string& tag, const std::vector<std::pair<Digest, std::string>>& children,
               const std::string& annotations = {}) {
    std::string list;
    for (const auto& [digest, arch] : children) {
      list += fmt::format(R"({}{{"mediaType":"{}","digest":"{}","size":1,"platform":)"
                          R"({{"os":"{}","architecture":"{}"}}}})",
                          list.empty() ? "" : ",", media_type::kOciManifest, digest.str(),
                          arch == "unknown" ? "unknown" : "linux", arch);
    }
    return registry_->put(
        "a", tag,
        fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","manifests":[{}]{}}})",
                    media_type::kOciIndex, list, annotations),
        std::string(media_type::kOciIndex));
  }
  TagSummary of(const std::string& tag) {
    auto summaries = summarize_tags(client(), repository("a"), {tag});
    EXPECT_THAT(summaries, IsOk());
    return summaries ? summaries->at(0) : TagSummary{};
  }
  static std::string created(const TagSummary& summary) {
    return summary.image && summary.image->created ? to_rfc3339(*summary.image->created) : "null";
  }
  static std::vector<std::string> platforms(const TagSummary& summary) {
    std::vector<std::string> list;
    for (const Platform& platform : summary.image->platforms) list.push_back(platform.str());
    return list;
  }
  std::int64_t config_size_ = 0;
};

TEST_F(SummaryTest, SumsConfigAndLayersOfAnImage) {
  const Digest digest = image("v1", {.layers = {{"base", 100}, {"app", 20}}});
  const TagSummary summary = of("v1");
  ASSERT_TRUE(summary.image);
  EXPECT_EQ(summary.tag, "v1");
  EXPECT_EQ(summary.image->digest, digest);
  EXPECT_EQ(summary.image->media_type, media_type::kOciManifest);
  EXPECT_EQ(summary.image->size, config_size_ + 120);
  EXPECT_EQ(created(summary), "2024-05-01T10:00:00Z");
  EXPECT_THAT(platforms(summary), ElementsAre("linux/amd64"));
}

TEST_F(SummaryTest, CountsASharedLayerOfAnIndexOnce) {
  const Digest amd = image("", {.layers = {{"base", 100}, {"amd", 1}}});
  const std::int64_t first = config_size_;
  const Digest arm = image("", {.arch = "arm64", .layers = {{"base", 100}, {"arm", 2}}});
  index("v1", {{amd, "amd64"}, {arm, "arm64"}, {amd, "amd64"}});
  const TagSummary summary = of("v1");
  EXPECT_EQ(summary.image->size, first + config_size_ + 103);
  EXPECT_THAT(platforms(summary), ElementsAre("linux/amd64", "linux/arm64"));
}

TEST_F(SummaryTest, TakesTheAnnotationBeforeTheConfig) {
  image("v1", {.created = "2020-01-01T00:00:00Z", .annotated = "2023-02-03T04:05:06+01:00"});
  EXPECT_EQ(created(of("v1")), "2023-02-03T03:05:06Z");
}

TEST_F(SummaryTest, TakesTheNewestChildOfAnIndexAttestationsAside) {
  const Digest old = image("", {.created = "2020-01-01T00:00:00Z"});
  const Digest newer = image("", {.created = "2022-01-01T00:00:00Z", .arch = "arm64"});
  const Digest attestation = image("", {.created = "2025-01-01T00:00:00Z", .arch = "unknown"});
  index("v1", {{old, "amd64"}, {newer, "arm64"}, {attestation, "unknown"}});
  const TagSummary summary = of("v1");
  EXPECT_EQ(created(summary), "2022-01-01T00:00:00Z");
  EXPECT_THAT(platforms(summary), ElementsAre("linux/amd64", "linux/arm64"));
  index("v2", {{old, "amd64"}},
        R"(,"annotations":{"org.opencontainers.image.created":"2024-01-01T00:00:00Z"})");
  EXPECT_EQ(created(of("v2")), "2024-01-01T00:00:00Z");
}

TEST_F(SummaryTest, TakesTheDatesOfReproducibleBuildsForNone) {
  for (const char* date : {"0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1980-01-01T00:00:01Z",
                           "", "yesterday", "2024-13-01T00:00:00Z"}) {
    image("v1", {.created = date});
    EXPECT_EQ(created(of("v1")), "null") << date;
  }
}

TEST_F(SummaryTest, LeavesOutAChildThatTheRegistryDoesNotHave) {
  const Digest amd = image("", {});
  index("v1", {{amd, "amd64"}, {Digest::of("absent"), "arm64"}});
  const TagSummary summary = of("v1");
  EXPECT_FALSE(summary.error);
  EXPECT_EQ(summary.image->size, config_size_ + 100);
}

// Unread is not absent.
TEST_F(SummaryTest, HasNoSizeWhereAChildCouldNotBeRead) {
  const Digest amd = image("", {});
  index("v1", {{amd, "amd64"}});
  registry_->fail({.contains = amd.str(), .times = -1, .status = 403});
  const TagSummary summary = of("v1");
  ASSERT_TRUE(summary.image && summary.error);
  EXPECT_FALSE(summary.image->size);
  EXPECT_EQ(summary.error->code, ErrorCode::forbidden);
}

TEST_F(SummaryTest, KeepsTheSizeWhereOnlyTheConfigCouldNotBeRead) {
  image("v1", {});
  registry_->fail({.contains = "/blobs/", .times = -1, .status = 403});
  const TagSummary summary = of("v1");
  ASSERT_TRUE(summary.image && summary.error);
  EXPECT_EQ(summary.image->size, config_size_ + 100);
  EXPECT_FALSE(summary.image->created);
}

TEST_F(SummaryTest, RecordsTheFailureOfATagInItsEntry) {
  image("v1", {});
  auto summaries = summarize_tags(client(), repository("a"), {"gone", "v1"});
  ASSERT_THAT(summaries, IsOk());
  ASSERT_THAT(*summaries, SizeIs(2));
  EXPECT_FALSE((*summaries)[0].image);
  EXPECT_EQ((*summaries)[0].error->code, ErrorCode::not_found);
  EXPECT_TRUE((*summaries)[1].image);
}

// "At most one HEAD a tag and one GET for each distinct manifest and config."
TEST_F(SummaryTest, AsksForEachThingOnce) {
  const Digest amd = image("", {});
  const Digest arm = image("", {.arch = "arm64"});
  const Digest all = index("v0", {{amd, "amd64"}, {arm, "arm64"}});
  std::vector<std::string> tags{"v0"};
  for (int i = 1; i < 50; ++i) {
    tags.push_back(fmt::format("v{}", i));
    registry_->set_tag("a", tags.back(), i % 2 == 0 ? all : amd);
  }
  EXPECT_THAT(summarize_tags(client(), repository("a"), tags), IsOk());
  EXPECT_EQ(registry_->count("HEAD"), 50u);
  EXPECT_EQ(registry_->count("GET", "/manifests/"), 3u);
  EXPECT_EQ(registry_->count("GET", "/blobs/"), 2u);
}

TEST_F(SummaryTest, SummarizesAManifestThatWasReadAlready) {
  image("v1", {});
  const Client c = client();
  auto manifest = c.manifest(reference("a:v1"));
  ASSERT_THAT(manifest, IsOk());
  auto summary = summarize_image(c, repository("a"), *manifest);
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->size, config_size_ + 100);
  registry_->fail({.contains = "/blobs/", .times = -1, .status = 403});
  EXPECT_THAT(summarize_image(c, repository("a"), *manifest), HasError(ErrorCode::forbidden));
}

TEST(Rfc3339Test, ReadsAndWritesTimes) {
  const auto round = [](const char* text) {
    const auto time = parse_rfc3339(text);
    return time ? to_rfc3339(*time) : std::string("none");
  };
  EXPECT_EQ(round("2024-02-29T23:59:59Z"), "2024-02-29T23:59:59Z");
  EXPECT_EQ(round("2024-02-29T23:59:59.123456789Z"), "2024-02-29T23:59:59Z");
  EXPECT_EQ(round("2024-01-01T00:30:00+01:00"), "2023-12-31T23:30:00Z");
  EXPECT_EQ(round("2024-01-01t00:00:00-05:30"), "2024-01-01T05:30:00Z");
  for (const char* bad :
       {"", "2024", "2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:00", "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00Zx", " 2024-01-01T00:00:00Z"}) {
    EXPECT_EQ(round(bad), "none") << bad;
  }
}

// C.1-23: and what is not known whole has no size and no time.
TEST_F(SummaryTest, ReadsNoMoreChildrenThanItsLimit) {
  std::vector<std::pair<Digest, std::string>> children;
  for (const char* name : {"a", "b", "c"}) {
    children.emplace_back(image("", {.layers = {{name, 100}}}), name);
  }
  index("v1", children);
  ClientOptions options = client_options();
  options.read_limits.manifests = 2;
  const auto summaries = summarize_tags(client(options), repository("a"), {"v1"});
  ASSERT_THAT(summaries, IsOk());
  EXPECT_EQ(registry_->count("GET", "/manifests/"), 3u);
  const TagSummary& summary = summaries->at(0);
  ASSERT_TRUE(summary.image);
  EXPECT_EQ(summary.image->size, std::nullopt);
  EXPECT_EQ(created(summary), "null");
  ASSERT_TRUE(summary.error);
  EXPECT_EQ(summary.error->code, ErrorCode::too_large);
  EXPECT_THAT(summary.error->message, HasSubstr("more than 2 manifests"));
  const auto whole = summarize_tags(client(), repository("a"), {"v1"});
  ASSERT_THAT(whole, IsOk());
  EXPECT_FALSE(whole->at(0).error);
}

TEST_F(SummaryTest, HasNoTimeOfAnIndexWhoseNewestChildMayBeTheUnreadOne) {
  const Digest old = image("", {.created = "2020-01-01T00:00:00Z"});
  const Digest newer = image("", {.created = "2022-01-01T00:00:00Z", .arch = "arm64"});
  index("v1", {{old, "amd64"}, {newer, "arm64"}});
  registry_->fail({.contains = newer.str(), .times = -1, .status = 500});
  const TagSummary summary = of("v1");
  EXPECT_TRUE(summary.error);
  EXPECT_EQ(created(summary), "null");
}

}  // namespace
}  // namespace purser
