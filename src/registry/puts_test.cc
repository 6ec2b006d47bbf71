// Putting and tagging manifests (A-53, A-54).
#include <fmt/format.h>

#include "registry/client_fixture.h"

namespace purser {
namespace {

using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;

class PutTest : public ClientTest {
 protected:
  static std::string error_body(const std::string& code, const std::string& message = "no") {
    return fmt::format(R"({{"errors":[{{"code":"{}","message":"{}"}}]}})", code, message);
  }

  Digest image_ = registry_->add_image("a", "v1");
  std::string raw_ = *registry_->manifest("a", image_);
};

TEST_F(PutTest, PutsTheBytesUnderTheTag) {
  auto put = client().put_manifest(reference("b:new"), raw_);
  ASSERT_THAT(put, IsOk());
  EXPECT_EQ(put->digest, image_);
  EXPECT_FALSE(put->previous);
  EXPECT_EQ(registry_->tag("b", "new"), image_);
  EXPECT_EQ(registry_->manifest("b", image_), raw_);
}

TEST_F(PutTest, PutsUnderTheirOwnDigestWithoutATag) {
  auto put = client().put_manifest(Reference(repository("b")), raw_);
  ASSERT_THAT(put, IsOk());
  EXPECT_TRUE(registry_->has("b", image_));
  EXPECT_TRUE(registry_->tags("b").empty());
}

// The issue: "put without a media type, given or in the document, is an error (2)".
TEST_F(PutTest, WantsAMediaType) {
  const std::string silent = R"({"schemaVersion":2,"manifests":[]})";
  EXPECT_THAT(client().put_manifest(reference("a:x"), silent),
              HasError(ErrorCode::invalid_argument, HasSubstr("media type")));
  EXPECT_EQ(registry_->count(""), 0u);
  EXPECT_THAT(client().put_manifest(reference("a:x"), silent, media_type::kOciIndex), IsOk());
}

TEST_F(PutTest, RefusesWhatIsNoManifestBeforeItIsSent) {
  EXPECT_THAT(client().put_manifest(reference("a:x"), "{", media_type::kOciIndex),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(client().put_manifest(reference("a:x"), raw_, media_type::kOciIndex),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(client().put_manifest(by_digest("a", Digest::of("other")), raw_),
              HasError(ErrorCode::invalid_argument, HasSubstr(image_.str())));
  EXPECT_EQ(registry_->count(""), 0u);
}

// So that a tag that moves can be put back.
TEST_F(PutTest, TellsWhatTheTagPointedAt) {
  const Digest second = registry_->add_image("a", "v2");
  auto put = client().tag(reference("a:v1"), "v2");
  ASSERT_THAT(put, IsOk());
  EXPECT_EQ(put->digest, image_);
  EXPECT_EQ(put->previous, second);
  EXPECT_EQ(registry_->tag("a", "v2"), image_);
}

TEST_F(PutTest, HasNoPreviousWhereTheTagDidNotMove) {
  auto put = client().tag(reference("a:v1"), "v1");
  ASSERT_THAT(put, IsOk());
  EXPECT_FALSE(put->previous);
}

TEST_F(PutTest, ChangesNothingWhereThePreviousCannotBeTold) {
  registry_->fail({.method = "HEAD", .contains = "/manifests/v2", .times = -1, .status = 503});
  EXPECT_THAT(client().tag(reference("a:v1"), "v2"), HasError(ErrorCode::unreachable));
  EXPECT_EQ(registry_->count("PUT"), 0u);
}

TEST_F(PutTest, TagsByDigestAndRefusesAMalformedTag) {
  EXPECT_THAT(client().tag(by_digest("a", image_), "v9"), IsOk());
  EXPECT_EQ(registry_->tag("a", "v9"), image_);
  EXPECT_THAT(client().tag(reference("a:v1"), "-no"), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(client().tag(reference("a:gone"), "v9"), HasError(ErrorCode::not_found));
}

// A-53.
TEST_F(PutTest, ComparesTheDigestThatTheRegistryReturns) {
  registry_->after_request([](const testing::SeenRequest& seen, http::Outcome& outcome) {
    if (seen.method != "PUT") return;
    std::get<http::Response>(outcome).headers.set("Docker-Content-Digest",
                                                  Digest::of("rewritten").str());
  });
  EXPECT_THAT(client().tag(reference("a:v1"), "v2"), HasError(ErrorCode::digest_mismatch));
}

// A-55: 201, and then 404: a registry's cache after a garbage collection.
TEST_F(PutTest, LooksWhetherTheManifestIsServedAfterwards) {
  registry_->after_request([this](const testing::SeenRequest& seen, http::Outcome&) {
    if (seen.method == "PUT") registry_->remove_manifest("a", image_);
  });
  EXPECT_THAT(client().tag(reference("a:v1"), "v2"),
              HasError(ErrorCode::not_found, HasSubstr("does not serve it")));
}

TEST_F(PutTest, SendsThePutAgainAfterABrokenTransfer) {
  registry_->fail({.method = "PUT", .kind = Fault::Kind::broken_after});
  EXPECT_THAT(client().tag(reference("a:v1"), "v2"), IsOk());
  EXPECT_EQ(registry_->tag("a", "v2"), image_);
}

// A-54.
TEST_F(PutTest, SaysWhatTheRegistryRefused) {
  struct Row {
    int status;
    std::string body;
    ErrorCode expected;
  };
  for (const Row& row : {
           Row{400, error_body("MANIFEST_BLOB_UNKNOWN"), ErrorCode::not_found},
           Row{400, error_body("MANIFEST_INVALID"), ErrorCode::invalid_argument},
           Row{400, error_body("MANIFEST_INVALID", "http: request body too large"),
               ErrorCode::too_large},
           Row{413, "", ErrorCode::too_large},
           Row{409, error_body("TAG_IMMUTABLE"), ErrorCode::conflict},
           Row{403, error_body("DENIED"), ErrorCode::forbidden},
           Row{405, error_body("UNSUPPORTED"), ErrorCode::unsupported},
       }) {
    registry_->clear_faults();
    registry_->fail({.method = "PUT", .times = -1, .status = row.status, .body = row.body});
    EXPECT_THAT(client().tag(reference("a:v1"), "v2"), HasError(row.expected)) << row.status;
  }
}

}  // namespace
}  // namespace purser
