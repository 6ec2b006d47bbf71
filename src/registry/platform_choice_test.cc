// The image of an index that fits a platform (A-59).
#include <fmt/format.h>

#include "registry/client_fixture.h"

namespace purser {
namespace {

using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;

class PlatformTest : public ClientTest {
 protected:
  Digest image(const std::string& arch, const std::string& variant = {}) {
    const std::string config =
        fmt::format(R"({{"os":"linux","architecture":"{}","variant":"{}"}})", arch, variant);
    const Digest blob = registry_->add_blob("a", config);
    return registry_->put(
        "a",
        fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}",)"
                    R"("digest":"{}","size":{}}},"layers":[]}})",
                    media_type::kOciManifest, "application/vnd.oci.image.config.v1+json",
                    blob.str(), config.size()),
        std::string(media_type::kOciManifest));
  }
  static std::string child(const Digest& digest, const std::string& platform,
                           std::string_view type = media_type::kOciManifest) {
    return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":1{}{}}})", type, digest.str(),
                       platform.empty() ? "" : ",\"platform\":", platform);
  }
  static std::string platform(const std::string& os, const std::string& arch,
                              const std::string& variant = {}) {
    return fmt::format(R"({{"os":"{}","architecture":"{}"{}}})", os, arch,
                       variant.empty() ? "" : fmt::format(R"(,"variant":"{}")", variant));
  }
  Digest index(const std::string& tag, const std::vector<std::string>& children) {
    std::string list;
    for (const std::string& entry : children) list += (list.empty() ? "" : ",") + entry;
    return registry_->put("a", tag,
                          fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","manifests":[{}]}})",
                                      media_type::kOciIndex, list),
                          std::string(media_type::kOciIndex));
  }
  Result<Manifest> find(const std::string& tag, const std::string& wish) {
    return client().manifest(reference("a:" + tag), *Platform::parse(wish));
  }
};

// A-59.
TEST_F(PlatformTest, FollowsAnIndexToTheChildThatFits) {
  const Digest amd = image("amd64");
  const Digest arm = image("arm64");
  index("v1", {child(amd, platform("linux", "amd64")), child(arm, platform("linux", "arm64"))});
  auto found = find("v1", "linux/arm64");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->digest(), arm);
}

TEST_F(PlatformTest, PrefersTheExactVariant) {
  const Digest v7 = image("arm", "v7");
  const Digest v6 = image("arm", "v6");
  index("v1",
        {child(v7, platform("linux", "arm", "v7")), child(v6, platform("linux", "arm", "v6"))});
  EXPECT_EQ(find("v1", "linux/arm/v6")->digest(), v6);
  EXPECT_EQ(find("v1", "linux/arm")->digest(), v7);
}

TEST_F(PlatformTest, FindsTheChildOfANestedIndex) {
  const Digest arm = image("arm64");
  const Digest inner = index("", {child(arm, platform("linux", "arm64"))});
  index("v1", {child(inner, "", media_type::kOciIndex)});
  EXPECT_EQ(find("v1", "linux/arm64")->digest(), arm);
}

// C.1-23
TEST_F(PlatformTest, LooksIntoNoMoreNestedIndexesThanItsLimit) {
  std::vector<std::string> nested;
  for (int i = 0; i < 5; ++i) {
    const Digest other = image("other" + std::to_string(i));
    nested.push_back(
        child(index("", {child(other, platform("linux", "s390x"))}), "", media_type::kOciIndex));
  }
  index("v1", nested);
  ClientOptions options = client_options();
  options.read_limits.manifests = 3;
  EXPECT_THAT(client(options).manifest(reference("a:v1"), *Platform::parse("linux/arm64")),
              HasError(ErrorCode::too_large, HasSubstr("more than 3 manifests")));
}

TEST_F(PlatformTest, LooksFourIndexesDeepAndNoDeeper) {
  Digest inner = image("arm64");
  inner = index("", {child(inner, platform("linux", "arm64"))});
  for (const char* tag : {"d2", "d3", "d4", "d5"}) {
    inner = index(tag, {child(inner, "", media_type::kOciIndex)});
  }
  EXPECT_THAT(find("d4", "linux/arm64"), IsOk());
  EXPECT_THAT(find("d5", "linux/arm64"), HasError(ErrorCode::unsupported));
}

TEST_F(PlatformTest, NamesThePlatformsThatThereAre) {
  index("v1", {child(image("amd64"), platform("linux", "amd64")),
               child(image("x"), platform("unknown", "unknown"))});
  EXPECT_THAT(find("v1", "linux/s390x"), HasError(ErrorCode::not_found, "it is for linux/amd64"));
  EXPECT_THAT(find("v1", "unknown/unknown"), HasError(ErrorCode::not_found));
}

TEST_F(PlatformTest, LooksIntoTheConfigOfASingleImage) {
  registry_->set_tag("a", "one", image("amd64"));
  EXPECT_THAT(find("one", "linux/amd64"), IsOk());
  EXPECT_THAT(find("one", "linux/arm64"), HasError(ErrorCode::not_found, HasSubstr("linux/amd64")));
}

}  // namespace
}  // namespace purser
