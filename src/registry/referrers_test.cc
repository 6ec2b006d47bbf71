// The referrers API (A-84, A-85).
#include <fmt/format.h>

#include "registry/client_fixture.h"

namespace purser {
namespace {

using testing::HasError;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using ::testing::SizeIs;

class ReferrersTest : public ClientTest {
 protected:
  Result<std::vector<Descriptor>> referrers() {
    return client().referrers(repository("a"), image_);
  }
  Digest image_ = registry_->add_image("a", "v1");
  std::string target_ = "/v2/a/referrers/" + image_.str();
};

// A-84.
TEST_F(ReferrersTest, ReadsTheIndex) {
  change([](auto& options) { options.referrers_api = true; });
  EXPECT_THAT(referrers(), IsOkAndHolds(IsEmpty()));
  const Digest sbom = registry_->put(
      "a",
      fmt::format(R"({{"schemaVersion":2,"mediaType":"{0}","config":{{"mediaType":"a/b",)"
                  R"("digest":"{1}","size":1}},"layers":[],"subject":{{"mediaType":"{0}",)"
                  R"("digest":"{1}","size":1}}}})",
                  media_type::kOciManifest, image_.str()),
      std::string(media_type::kOciManifest));
  auto found = referrers();
  ASSERT_THAT(found, IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ(found->front().digest, sbom);
}

TEST_F(ReferrersTest, SaysWhereThereIsNoSuchApi) {
  EXPECT_THAT(referrers(), HasError(ErrorCode::unsupported));  // 404 text/plain, as 2.8.2
  for (const int status : {400, 405}) {
    answer(target_, reply(status, ""));
    EXPECT_THAT(referrers(), HasError(ErrorCode::unsupported)) << status;
  }
  answer(target_, reply(200, "<html>", {{"Content-Type", "text/html"}}));
  EXPECT_THAT(referrers(), HasError(ErrorCode::unsupported));
}

// A-85.
TEST_F(ReferrersTest, NeverTakesARefusalForNone) {
  answer(target_, reply(401, ""));
  EXPECT_THAT(referrers(), HasError(ErrorCode::unauthorized));
  answer(target_, reply(403, ""));
  EXPECT_THAT(referrers(), HasError(ErrorCode::forbidden));
  answer(target_, reply(503, ""));
  EXPECT_THAT(referrers(), HasError(ErrorCode::unreachable));
}

TEST_F(ReferrersTest, FollowsLinksOfItsOwnHostAlone) {
  const std::string empty = fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","manifests":[]}})",
                                        media_type::kOciIndex);
  const std::string type(media_type::kOciIndex);
  answer(target_, reply(200, empty, {{"Content-Type", type}, {"Link", "<?page=2>; rel=next"}}));
  answer(target_ + "?page=2",
         reply(200, empty, {{"Content-Type", type}, {"Link", "<https://evil.test/>; rel=next"}}));
  EXPECT_THAT(referrers(), HasError(ErrorCode::incomplete));
  EXPECT_EQ(registry_->count(""), 2u);
}

// C.1-23: a full page of them, and again, and again.
TEST_F(ReferrersTest, ReadsNoMoreOfThemThanSomebodyCouldNeed) {
  std::string entries;
  for (int i = 0; i < 20'000; ++i) {
    if (i > 0) entries += ',';
    entries += fmt::format(R"({{"mediaType":"{}","digest":"{}","size":1}})",
                           media_type::kOciManifest, image_.str());
  }
  const std::string page = fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","manifests":[{}]}})",
                                       media_type::kOciIndex, entries);
  for (int i = 0; i < 10; ++i) {
    answer(i == 0 ? target_ : fmt::format("{}?page={}", target_, i),
           reply(200, page,
                 {{"Content-Type", std::string(media_type::kOciIndex)},
                  {"Link", fmt::format("<?page={}>; rel=next", i + 1)}}));
  }
  EXPECT_THAT(referrers(), HasError(ErrorCode::too_large, HasSubstr("more than 100000")));
  EXPECT_EQ(registry_->count("GET", "/referrers/"), 6u);
}

class FindReferrersTest : public ReferrersTest {
 protected:
  std::string artifact_manifest(const std::string& type) const {
    return fmt::format(
        R"({{"schemaVersion":2,"mediaType":"{0}","artifactType":"{2}","config":{{"mediaType":"a/b",)"
        R"("digest":"{1}","size":1}},"layers":[],"subject":{{"mediaType":"{0}",)"
        R"("digest":"{1}","size":1}}}})",
        media_type::kOciManifest, image_.str(), type);
  }
  Digest add_artifact(const std::string& type) {
    return registry_->put("a", artifact_manifest(type), std::string(media_type::kOciManifest));
  }
  // As a client does on a registry without the API.
  void list_on_fallback_tag(const Digest& referrer, const std::string& type) {
    registry_->put(
        "a", "sha256-" + std::string(image_.hex()),
        fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","manifests":[{{"mediaType":"{}",)"
                    R"("digest":"{}","size":1,"artifactType":"{}"}}]}})",
                    media_type::kOciIndex, media_type::kOciManifest, referrer.str(), type),
        std::string(media_type::kOciIndex));
  }
  Result<ReferrerList> find(std::string type = {}) {
    return client().find_referrers(repository("a"), image_, {.artifact_type = std::move(type)});
  }
  static std::vector<Digest> digests(const ReferrerList& list) {
    std::vector<Digest> found;
    for (const Descriptor& referrer : list.referrers) found.push_back(referrer.digest);
    return found;
  }
};

// A-84
TEST_F(FindReferrersTest, TakesTheIndexOfTheFallbackTagWhereThereIsNoApi) {
  const Digest sbom = add_artifact("t/sbom");
  list_on_fallback_tag(sbom, "t/sbom");
  const auto list = find();
  ASSERT_THAT(list, testing::IsOk());
  EXPECT_FALSE(list->has_api);
  EXPECT_TRUE(list->fallback_tag);
  EXPECT_THAT(digests(*list), ::testing::ElementsAre(sbom));
}

// A-85: an upgraded registry, whose API does not know what was pushed before.
TEST_F(FindReferrersTest, ReadsTheFallbackTagBesideAnEmptyAnswerOfTheApi) {
  const Digest old = registry_->add_image("a", "", "old");
  list_on_fallback_tag(old, "t/old");
  change([](auto& options) { options.referrers_api = true; });
  const Digest sbom = add_artifact("t/sbom");
  list_on_fallback_tag(old, "t/old");
  const auto list = find();
  ASSERT_THAT(list, testing::IsOk());
  EXPECT_TRUE(list->has_api);
  EXPECT_THAT(digests(*list), ::testing::UnorderedElementsAre(old, sbom));
}

// A-84: the registry need not filter.
TEST_F(FindReferrersTest, TakesThoseOfTheTypeThatIsAskedFor) {
  change([](auto& options) { options.referrers_api = true; });
  const Digest sbom = add_artifact("t/sbom");
  add_artifact("t/signature");
  const auto list = find("t/sbom");
  ASSERT_THAT(list, testing::IsOk());
  EXPECT_THAT(digests(*list), ::testing::ElementsAre(sbom));
}

// A-87
TEST_F(FindReferrersTest, NamesTheTagsOfCosign) {
  const std::string tag = "sha256-" + std::string(image_.hex()) + ".sig";
  const Digest signature = registry_->add_image("a", tag);
  const auto list = find();
  ASSERT_THAT(list, testing::IsOk());
  ASSERT_THAT(list->digest_tags, SizeIs(1));
  EXPECT_EQ(list->digest_tags.at(tag).digest, signature);
  EXPECT_FALSE(list->fallback_tag);
}

// A-85
TEST_F(FindReferrersTest, NeverTakesWhatCouldNotBeReadForNone) {
  for (const char* unread : {"/referrers/", "/manifests/sha256-", ".att"}) {
    registry_->clear_faults();
    registry_->fail({.contains = unread, .times = -1, .status = 403});
    EXPECT_THAT(find(), HasError(ErrorCode::forbidden)) << unread;
  }
}

TEST_F(FindReferrersTest, SaysWhereTheFallbackTagIsOnSomethingElse) {
  registry_->add_image("a", "sha256-" + std::string(image_.hex()));
  EXPECT_THAT(find(), HasError(ErrorCode::bad_response, HasSubstr("no index")));
}

}  // namespace
}  // namespace purser
