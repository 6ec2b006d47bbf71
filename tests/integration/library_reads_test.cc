// Reader: each row of the table that looks, by the library, on the real registry.
#include <gtest/gtest.h>

#include <map>

#include "purser/image_summary.h"
#include "testing/matchers.h"
#include "testing/proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "testing/skopeo.h"
#include "tests/integration/fill.h"
#include "tests/integration/registry_client.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LibraryReadsTest : public ::testing::Test {
 protected:
  Reference reference(std::string_view rest) const { return reference_in(proxy_.host(), rest); }
  Repository repository(std::string_view path) const { return repository_in(proxy_.host(), path); }

  RegistryServer registry_;
  Proxy proxy_{registry_.port()};
  Pusher pusher_{registry_.url()};
  const Client client_ = client_of(proxy_.host());
};

TEST_F(LibraryReadsTest, PingTellsWhatTheRegistryIs) {
  const Result<PingInfo> info = client_.ping();
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->url, proxy_.url("/v2/"));
  EXPECT_EQ(info->scheme, "http");
  EXPECT_EQ(info->status, 200);
  EXPECT_EQ(info->auth, "none");
  EXPECT_FALSE(info->authenticated);
  EXPECT_EQ(info->api_version, "registry/2.0");
}

TEST_F(LibraryReadsTest, CatalogIsWholeAndItsPagesAreAsLargeAsAsked) {
  const std::vector<std::string> names = numbered("team/app", 25);
  push_into_each(registry_.url(), names, build_image(), "v1");
  EXPECT_THAT(client_.catalog(), IsOkAndHolds(ElementsAreArray(names)));
  EXPECT_THAT(client_.catalog({.match = "TEAM/APP-00", .limit = 2}),
              IsOkAndHolds(ElementsAre("team/app-000", "team/app-001")));
  EXPECT_THAT(client_.catalog({.match = "("}), HasError(ErrorCode::invalid_argument));

  proxy_.server().forget_requests();
  EXPECT_THAT(client_.catalog({.limit = 10}), IsOkAndHolds(SizeIs(10)));
  EXPECT_EQ(proxy_.server().count(), 1U);

  std::vector<std::size_t> sizes;
  std::vector<std::string> seen;
  NamePager pager = client_.catalog_pages(10);
  for (;;) {
    auto page = pager.next();
    ASSERT_THAT(page, IsOk());
    if (!*page) break;
    sizes.push_back((*page)->size());
    seen.insert(seen.end(), (*page)->begin(), (*page)->end());
  }
  EXPECT_THAT(sizes, ElementsAre(10, 10, 5));
  EXPECT_THAT(seen, ElementsAreArray(names));
  EXPECT_EQ(pager.skipped(), 0U);
}

TEST_F(LibraryReadsTest, TagsAreSortedAndFilteredWhateverTheServersOrder) {
  for (const char* tag : {"b", "Release-2", "a", "release-1"}) {
    pusher_.push("team/app", build_image(), tag);
  }
  EXPECT_THAT(client_.tags(repository("team/app")),
              IsOkAndHolds(ElementsAre("Release-2", "a", "b", "release-1")));
  EXPECT_THAT(client_.tags(repository("team/app"), {.match = "release-"}),
              IsOkAndHolds(ElementsAre("Release-2", "release-1")));
  EXPECT_THAT(client_.tags(repository("team/none")), HasError(ErrorCode::not_found));
}

TEST_F(LibraryReadsTest, AThousandTagsComeWhole) {
  const std::vector<std::string> tags = numbered("t", 1000);
  push_under_each(registry_.url(), "team/app", build_image(), tags);
  EXPECT_THAT(client_.tags(repository("team/app")), IsOkAndHolds(ElementsAreArray(tags)));
  // This server ignores the size of a page and sends all of them.
  EXPECT_THAT(client_.tags(repository("team/app"), {.page_size = 100}),
              IsOkAndHolds(ElementsAreArray(tags)));
  std::size_t count = 0;
  NamePager pager = client_.tag_pages(repository("team/app"), 100);
  for (;;) {
    auto page = pager.next();
    ASSERT_THAT(page, IsOk());
    if (!*page) break;
    count += (*page)->size();
  }
  EXPECT_EQ(count, 1000U);
}

TEST_F(LibraryReadsTest, ARepositoryWithoutTagsIsUnknownToThisServer) {
  const std::string digest = pusher_.push("team/app", build_image(), "v1");
  pusher_.push("team/digests", build_image());
  EXPECT_THAT(client_.tags(repository("team/digests")), HasError(ErrorCode::not_found));
  // One that lost its last tag is there, and empty.
  ASSERT_EQ(pusher_.delete_status("team/app", digest), 202);
  EXPECT_THAT(client_.tags(repository("team/app")), IsOkAndHolds(IsEmpty()));
}

TEST_F(LibraryReadsTest, ReadsTheBytesOfAllFourMediaTypes) {
  for (const MediaTypes types : {MediaTypes::oci, MediaTypes::docker}) {
    const BuiltManifest image = build_image({.types = types});
    const BuiltManifest index = build_index(
        {image, build_image({.types = types, .architecture = "arm64"})}, {.types = types});
    pusher_.push("team/app", index, "index");
    pusher_.put("team/app", image, "image");
    for (const auto& [tag, pushed] :
         std::map<std::string, BuiltManifest>{{"image", image}, {"index", index}}) {
      const auto head = client_.head(reference("team/app:" + tag));
      ASSERT_THAT(head, IsOk());
      EXPECT_EQ(head->digest.str(), pushed.digest);
      EXPECT_EQ(head->media_type, pushed.media_type);
      EXPECT_EQ(head->size, static_cast<std::int64_t>(pushed.bytes.size()));
      const auto manifest = client_.manifest(reference("team/app:" + tag));
      ASSERT_THAT(manifest, IsOk());
      EXPECT_EQ(manifest->raw(), pushed.bytes);
      EXPECT_EQ(manifest->digest().str(), pushed.digest);
      EXPECT_EQ(manifest->children().size(), pushed.children.size());
    }
  }
}

TEST_F(LibraryReadsTest, FollowsAnIndexToAnUntaggedChild) {
  const BuiltManifest amd64 = build_image();
  const BuiltManifest arm64 = build_image({.architecture = "arm64", .variant = "v8"});
  pusher_.push("team/app", build_index({amd64, arm64}), "v1");
  const auto manifest =
      client_.manifest(reference("team/app:v1"), Platform::parse("linux/arm64").value());
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->raw(), arm64.bytes);
  EXPECT_THAT(client_.manifest(reference("team/app:v1"), Platform::parse("linux/s390x").value()),
              HasError(ErrorCode::not_found, HasSubstr("linux/arm64/v8")));
}

TEST_F(LibraryReadsTest, ReadsAnImageThatOtherClientsPushed) {
  push_with_skopeo(BusyboxImage(), registry_.host() + "/base/busybox:1");
  const auto manifest = client_.manifest(reference("base/busybox:1"));
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->raw(), inspect_raw_with_skopeo(registry_.host() + "/base/busybox:1"));
  ASSERT_TRUE(manifest->config());
  EXPECT_THAT(client_.small_blob(repository("base/busybox"), *manifest->config()),
              IsOkAndHolds(HasSubstr("/bin/sh")));
  const auto summary = summarize_image(client_, repository("base/busybox"), *manifest);
  ASSERT_THAT(summary, IsOk());
  std::int64_t size = manifest->config()->size;
  for (const Descriptor& layer : manifest->layers()) size += layer.size;
  EXPECT_EQ(summary->size, size);
  ASSERT_THAT(summary->platforms, SizeIs(1));
  EXPECT_TRUE(summary->created.has_value());
}

TEST_F(LibraryReadsTest, SummarizesTwoTagsOfOneDigestAlike) {
  const BuiltManifest image = build_image();
  pusher_.push("team/app", image, "a");
  pusher_.put("team/app", image, "b");
  const auto tags = summarize_tags(client_, repository("team/app"), {"a", "b", "none"});
  ASSERT_THAT(tags, IsOk());
  ASSERT_THAT(*tags, SizeIs(3));
  EXPECT_EQ((*tags)[0].tag, "a");
  EXPECT_EQ((*tags)[0].image->digest.str(), image.digest);
  EXPECT_EQ((*tags)[1].image->digest, (*tags)[0].image->digest);
  EXPECT_EQ((*tags)[1].image->size, (*tags)[0].image->size);
  EXPECT_FALSE((*tags)[2].image);
  EXPECT_EQ((*tags)[2].error->code, ErrorCode::not_found);
}

TEST_F(LibraryReadsTest, AsksOnceForEachOfManyHeads) {
  const BuiltManifest image = build_image();
  const std::vector<std::string> tags = numbered("t", 50);
  push_under_each(registry_.url(), "team/app", image, tags);
  auto next = tags.begin();
  std::map<std::string, std::string> digests;
  const Status done = client_.head_each(
      [&]() -> std::optional<Reference> {
        if (next == tags.end()) return std::nullopt;
        return reference("team/app:" + *next++);
      },
      [&](const Reference& of, Result<Descriptor> head) {
        if (head) digests[*of.tag()] = head->digest.str();
      });
  EXPECT_THAT(done, IsOk());
  EXPECT_THAT(digests, SizeIs(50));
  EXPECT_EQ(digests["t-049"], image.digest);
  EXPECT_EQ(proxy_.server().count("HEAD"), 50U);
  EXPECT_EQ(proxy_.server().count(), 50U);
}

TEST_F(LibraryReadsTest, ThisServerHasNoReferrersAndSaysSo) {
  const std::string digest = pusher_.push("team/app", build_image(), "v1");
  EXPECT_THAT(client_.referrers(repository("team/app"), Digest::parse(digest).value()),
              HasError(ErrorCode::unsupported));
}

TEST_F(LibraryReadsTest, ReadsNothingOfAnotherRegistry) {
  EXPECT_THAT(client_.head(Reference::parse("other.example.com/app:v1").value()),
              HasError(ErrorCode::invalid_argument, HasSubstr("other.example.com")));
  EXPECT_EQ(proxy_.server().count(), 0U);
}

TEST_F(LibraryReadsTest, NamesReferenceAndStatusOfWhatIsNotThere) {
  const auto manifest = client_.manifest(reference("team/app:none"));
  ASSERT_THAT(manifest, HasError(ErrorCode::not_found));
  EXPECT_EQ(manifest.error().registry, proxy_.host());
  EXPECT_EQ(manifest.error().subject, "team/app:none");
  ASSERT_TRUE(manifest.error().http);
  EXPECT_EQ(manifest.error().http->status, 404);
}

}  // namespace
}  // namespace purser::testing
