// Reading manifests and blobs, singly and in bulk (A-46 to A-52).
#include <fmt/format.h>

#include "registry/client_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::UnorderedElementsAre;

class ManifestReadTest : public ClientTest {
 protected:
  static constexpr const char* kTag = "/v2/a/manifests/v1";

  Digest image_ = registry_->add_image("a", "v1");
  std::string raw_ = *registry_->manifest("a", image_);
};

// "`purser digest` sends one request".
TEST_F(ManifestReadTest, TakesTheDigestFromOneHead) {
  auto head = client().head(reference("a:v1"));
  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(head->digest, image_);
  EXPECT_EQ(head->media_type, media_type::kOciManifest);
  EXPECT_EQ(head->size, static_cast<std::int64_t>(raw_.size()));
  EXPECT_EQ(registry_->count(""), 1u);
  EXPECT_EQ(registry_->count("HEAD"), 1u);
}

// A-46: exactly these, as one header.
TEST_F(ManifestReadTest, AcceptsTheFourMediaTypes) {
  const Client c = client();
  EXPECT_THAT(c.head(reference("a:v1")), IsOk());
  EXPECT_THAT(c.manifest(reference("a:v1")), IsOk());
  for (const auto& seen : registry_->log()) {
    EXPECT_THAT(seen.headers.all("Accept"),
                ElementsAre("application/vnd.oci.image.index.v1+json, "
                            "application/vnd.oci.image.manifest.v1+json, "
                            "application/vnd.docker.distribution.manifest.list.v2+json, "
                            "application/vnd.docker.distribution.manifest.v2+json"));
    EXPECT_THAT(seen.headers.all("Accept-Encoding"), ElementsAre("identity"));
  }
}

// A-47.
TEST_F(ManifestReadTest, HashesTheManifestItselfWhereHeadDoesNotSay) {
  change([](auto& options) { options.sends_digest = false; });
  auto head = client().head(reference("a:v1"));
  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(head->digest, image_);
}

TEST_F(ManifestReadTest, AsksByGetWhereHeadIsRefused) {
  for (const int status : {400, 403, 404, 405, 501}) {
    registry_->clear_faults();
    registry_->fail({.method = "HEAD", .times = -1, .status = status});
    auto head = client().head(reference("a:v1"));
    ASSERT_THAT(head, IsOk()) << status;
    EXPECT_EQ(head->digest, image_);
  }
}

TEST_F(ManifestReadTest, ConfirmsAbsenceByGet) {
  EXPECT_THAT(client().head(reference("a:gone")), HasError(ErrorCode::not_found));
  EXPECT_EQ(registry_->count("GET", "/manifests/gone"), 1u);
}

TEST_F(ManifestReadTest, NeverTakesARefusalOrAFailureForAbsence) {
  for (const int status : {401, 403, 500, 503}) {
    registry_->clear_faults();
    registry_->fail({.times = -1, .status = status});
    auto head = client().head(reference("a:v1"));
    ASSERT_FALSE(head);
    EXPECT_NE(head.error().code, ErrorCode::not_found) << status;
  }
}

TEST_F(ManifestReadTest, DoesNotTrustAHeadThatNamesAnotherDigestThanWasAsked) {
  const Digest other = registry_->add_image("a", "v2");
  registry_->after_request([&](const testing::SeenRequest&, http::Outcome& outcome) {
    std::get<http::Response>(outcome).headers.set("Docker-Content-Digest", other.str());
  });
  auto head = client().head(by_digest("a", image_));
  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(head->digest, image_);
}

TEST_F(ManifestReadTest, KeepsTheBytesAsTheyCame) {
  auto manifest = client().manifest(reference("a:v1"));
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->raw(), raw_);
  EXPECT_EQ(manifest->digest(), image_);
}

// A-48.
TEST_F(ManifestReadTest, RefusesBytesThatDoNotHashToTheAnnouncedDigest) {
  http::Response lie = reply(200, raw_ + " ",
                             {{"Docker-Content-Digest", image_.str()},
                              {"Content-Type", std::string(media_type::kOciManifest)}});
  answer(kTag, lie);
  EXPECT_THAT(client().manifest(reference("a:v1")), HasError(ErrorCode::digest_mismatch));
}

// A-49: the header of a damaged store is right, the bytes are not.
TEST_F(ManifestReadTest, HashesWhatWasAskedByDigest) {
  answer("/v2/a/manifests/" + image_.str(),
         reply(200, raw_ + " ",
               {{"Content-Type", std::string(media_type::kOciManifest)},
                {"Docker-Content-Digest", Digest::of(raw_ + " ").str()}}));
  const auto read = client().manifest(by_digest("a", image_));
  EXPECT_THAT(read, HasError(ErrorCode::digest_mismatch, HasSubstr(image_.str())));
  EXPECT_EQ(read.error().subject, "a@" + image_.str()) << "where it was read";
}

// A-50.
TEST_F(ManifestReadTest, RefusesAManifestOverTheLimit) {
  answer(kTag, reply(200, std::string(kMaxManifestBytes + 1, ' ')));
  EXPECT_THAT(client().manifest(reference("a:v1")), HasError(ErrorCode::too_large));
}

TEST_F(ManifestReadTest, RefusesAPageOfALogin) {
  answer(kTag, reply(200, "<html>log in</html>", {{"Content-Type", "text/html"}}));
  EXPECT_FALSE(client().manifest(reference("a:v1")));
}

TEST_F(ManifestReadTest, RefusesSchema1) {
  answer(kTag, reply(200, R"({"schemaVersion":1,"name":"a"})",
                     {{"Content-Type", std::string(media_type::kDockerSchema1Signed)}}));
  EXPECT_THAT(client().manifest(reference("a:v1")), HasError(ErrorCode::unsupported));
}

TEST_F(ManifestReadTest, ErrorsNameTheOperationAndTheReference) {
  auto manifest = client().manifest(reference("a:gone"));
  ASSERT_THAT(manifest, HasError(ErrorCode::not_found));
  EXPECT_THAT(to_string(manifest.error()),
              HasSubstr("cannot read the manifest of registry.test/a:gone"));
}

TEST_F(ManifestReadTest, ReadsASmallBlobAndChecksIt) {
  const Digest blob = registry_->add_blob("a", "{}");
  const Descriptor descriptor{.media_type = "x/y", .digest = blob, .size = 2};
  EXPECT_THAT(client().small_blob(repository("a"), descriptor), IsOkAndHolds("{}"));
  answer("/v2/a/blobs/" + blob.str(), reply(200, "{ }"));
  EXPECT_THAT(client().small_blob(repository("a"), descriptor),
              HasError(ErrorCode::digest_mismatch));
}

// A-61: an image's config over a flaky link, the bytes that came not asked for again.
TEST_F(ManifestReadTest, ABlobThatBreaksOffGoesOnWhereItStopped) {
  const Digest blob = registry_->add_blob("a", "0123456789");
  const Descriptor descriptor{.media_type = "x/y", .digest = blob, .size = 10};
  std::vector<std::string> ranges;
  registry_->after_request([&](const testing::SeenRequest& seen, http::Outcome& outcome) {
    ranges.emplace_back(seen.headers.get("Range").value_or("all"));
    http::Response response = std::get<http::Response>(outcome);
    if (ranges.size() == 1) {
      response.body.resize(4);
      outcome = http::Failure{.message = "reset", .cut = std::move(response)};
    } else {
      outcome = reply(206, response.body.substr(4), {{"Content-Range", "bytes 4-9/10"}});
    }
  });
  EXPECT_THAT(client().small_blob(repository("a"), descriptor), IsOkAndHolds("0123456789"));
  EXPECT_THAT(ranges, ElementsAre("all", "bytes=4-"));
}

// A-97: a part that nobody asked for is not the blob, though its bytes may be all there.
TEST_F(ManifestReadTest, RefusesAPartOfABlobThatWasNotAskedFor) {
  const Digest blob = registry_->add_blob("a", "{}");
  answer("/v2/a/blobs/" + blob.str(), reply(206, "{}", {{"Content-Range", "bytes 0-1/2"}}));
  EXPECT_THAT(
      client().small_blob(repository("a"), {.media_type = "x/y", .digest = blob, .size = 2}),
      HasError(ErrorCode::bad_response, HasSubstr("206")));
}

// A-34: where blobs are stored elsewhere, the password does not go there.
TEST_F(ManifestReadTest, FollowsABlobToItsStoreWithoutTheCredentials) {
  change([](auto& options) {
    options.authorization = "Basic dXNlcjpwYXNz";
    options.blob_host = "store.test";
  });
  const Digest blob = registry_->add_blob("a", "{}");
  ClientOptions options = client_options();
  options.credentials = single_credential(*RegistryName::parse("registry.test"),
                                          {.username = "user", .password = Secret("pass")});
  EXPECT_THAT(client(std::move(options))
                  .small_blob(repository("a"), {.media_type = "x/y", .digest = blob, .size = 2}),
              IsOkAndHolds("{}"));
  const auto last = registry_->log().back();
  EXPECT_THAT(last.url, HasSubstr("https://store.test/"));
  EXPECT_FALSE(last.headers.get("Authorization"));
}

TEST_F(ManifestReadTest, SaysThatABlobIsNotThere) {
  const Descriptor descriptor{.media_type = "x/y", .digest = Digest::of("none"), .size = 4};
  EXPECT_THAT(client().small_blob(repository("a"), descriptor), HasError(ErrorCode::not_found));
}

class BulkTest : public ManifestReadTest {
 protected:
  template <class T>
  static Source<T> source_of(std::vector<T> items) {
    auto left = std::make_shared<std::vector<T>>(std::move(items));
    return [left]() -> std::optional<T> {
      if (left->empty()) return std::nullopt;
      T item = std::move(left->front());
      left->erase(left->begin());
      return item;
    };
  }
};

TEST_F(BulkTest, GivesEachHeadOrItsError) {
  registry_->add_image("a", "v2");
  std::vector<std::string> good, bad;
  EXPECT_THAT(client().head_each(
                  source_of<Reference>({reference("a:v1"), reference("a:gone"), reference("a:v2")}),
                  [&](const Reference& item, Result<Descriptor> head) {
                    (head ? good : bad).push_back(*item.tag());
                    EXPECT_TRUE(head || head.error().code == ErrorCode::not_found);
                  }),
              IsOk());
  EXPECT_THAT(good, UnorderedElementsAre("v1", "v2"));
  EXPECT_THAT(bad, ElementsAre("gone"));
}

TEST_F(BulkTest, FallsBackToGetWithinTheWindow) {
  change([](auto& options) { options.head_manifests = false; });
  std::vector<Digest> digests;
  EXPECT_THAT(client().head_each(source_of<Reference>({reference("a:v1"), reference("a:v1")}),
                                 [&](const Reference&, Result<Descriptor> head) {
                                   ASSERT_THAT(head, IsOk());
                                   digests.push_back(head->digest);
                                 }),
              IsOk());
  EXPECT_THAT(digests, ElementsAre(image_, image_));
}

TEST_F(BulkTest, LetsACallbackMakeMoreWork) {
  const Digest index = registry_->add_index("a", "all", {image_});
  std::vector<Digest> waiting{index};
  std::vector<Digest> read;
  EXPECT_THAT(client().manifest_each(
                  [&]() -> std::optional<Reference> {
                    if (waiting.empty()) return std::nullopt;
                    const Digest next = waiting.back();
                    waiting.pop_back();
                    return by_digest("a", next);
                  },
                  [&](const Reference&, Result<Manifest> manifest) {
                    ASSERT_THAT(manifest, IsOk());
                    read.push_back(manifest->digest());
                    for (const Descriptor& child : manifest->children()) {
                      waiting.push_back(child.digest);
                    }
                  }),
              IsOk());
  EXPECT_THAT(read, ElementsAre(index, image_));
}

TEST_F(BulkTest, ReadsBlobs) {
  const Digest blob = registry_->add_blob("a", "bytes");
  const BlobOf there{repository("a"), {.media_type = "", .digest = blob, .size = 5}};
  const BlobOf absent{repository("a"), {.media_type = "", .digest = Digest::of("no"), .size = 2}};
  std::vector<std::string> bytes;
  int failed = 0;
  EXPECT_THAT(client().small_blob_each(source_of<BlobOf>({there, absent}),
                                       [&](const BlobOf&, Result<std::string> result) {
                                         if (result) {
                                           bytes.push_back(*result);
                                         } else {
                                           ++failed;
                                         }
                                       }),
              IsOk());
  EXPECT_THAT(bytes, ElementsAre("bytes"));
  EXPECT_EQ(failed, 1);
}

TEST_F(BulkTest, AnswersEachItemThatItTookWhenItIsStopped) {
  std::stop_source stop;
  int taken = 0;
  int answered = 0;
  // Each HEAD asks for a GET, which waits in the window when the stop comes.
  registry_->fail({.method = "HEAD", .times = -1, .status = 404});
  const Status status = client().head_each(
      [&]() -> std::optional<Reference> {
        if (taken == 5) return std::nullopt;
        if (++taken == 5) stop.request_stop();
        return reference("a:v1");
      },
      [&](const Reference&, Result<Descriptor>) { ++answered; }, {.stop = stop.get_token()});
  EXPECT_THAT(status, HasError(ErrorCode::cancelled));
  EXPECT_EQ(answered, taken);
}

}  // namespace
}  // namespace purser
