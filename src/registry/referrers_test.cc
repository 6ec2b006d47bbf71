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

}  // namespace
}  // namespace purser
