#include "net/upload_location.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace purser::net {
namespace {

using purser::testing::HasError;
using purser::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kAsked[] = "https://r.test/v2/a/blobs/uploads/";
constexpr char kHex[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string resolved(std::string_view location, std::string_view asked = kAsked) {
  const auto result = resolve_upload_location(asked, location);
  EXPECT_THAT(result, IsOk()) << location;
  return result ? result->url : "";
}

//
TEST(UploadLocationTest, IsResolvedAgainstTheUrlThatWasAsked) {
  EXPECT_EQ(resolved("/v2/a/blobs/uploads/1?_state=x"),
            "https://r.test/v2/a/blobs/uploads/1?_state=x");
  EXPECT_EQ(resolved("1"), "https://r.test/v2/a/blobs/uploads/1");
  EXPECT_EQ(resolved("../x/1"), "https://r.test/v2/a/blobs/x/1");
  EXPECT_EQ(resolved("?_state=x"), "https://r.test/v2/a/blobs/uploads/?_state=x");
  EXPECT_EQ(resolved("https://R.TEST/1"), "https://R.TEST/1");
  EXPECT_EQ(resolved("//r.test/1"), "https://r.test/1");
  EXPECT_EQ(resolved("/1?a#fragment"), "https://r.test/1?a");
}

// a query may be signed, and a signature is over its bytes.
TEST(UploadLocationTest, TheQueryStaysByteForByte) {
  for (const std::string query :
       {"_state=AbC-_%3D%3D&n=1", "b=2&a=1&&c", "x=%2f%2F+%zz~!*'();:@$,/?",
        "X-Amz-Signature=a%2Fb", "path=/a/../b/./c", "=", "a=b?c=d"}) {
    EXPECT_EQ(resolved("/u?" + query), "https://r.test/u?" + query);
    EXPECT_EQ(resolved("https://s3.test/u?" + query), "https://s3.test/u?" + query);
  }
}

//
TEST(UploadLocationTest, TheDigestIsAddedToTheQuery) {
  const auto digest = *Digest::parse("sha256:" + std::string(kHex));
  const auto put = [&](const char* location) {
    return with_digest(*resolve_upload_location(kAsked, location), digest);
  };
  const std::string added = "digest=sha256%3A" + std::string(kHex);
  EXPECT_EQ(put("/u"), "https://r.test/u?" + added);
  EXPECT_EQ(put("/u?"), "https://r.test/u?" + added);
  EXPECT_EQ(put("/u?_state=%3D"), "https://r.test/u?_state=%3D&" + added);
  EXPECT_EQ(put("/u?_state=x&"), "https://r.test/u?_state=x&" + added);
}

// A-37, C.1-1 (CVE-2026-50151): another host may store it, without the registry's credentials.
TEST(UploadLocationTest, AnotherOriginIsTold) {
  EXPECT_TRUE(resolve_upload_location(kAsked, "/u")->same_origin);
  for (const char* location :
       {"https://s3.test/u", "https://r.test:444/u", "https://r.test.evil/u", "//x.r.test/u"}) {
    EXPECT_FALSE(resolve_upload_location(kAsked, location)->same_origin) << location;
  }
}

// A-37, C.1-3: a proxy ends the TLS and the registry does not know of it.
TEST(UploadLocationTest, HttpOnTheRegistrysHostIsMadeHttps) {
  for (const char* location :
       {"http://r.test/u?a=b", "http://r.test:80/u?a=b", "http://r.test:443/u?a=b"}) {
    const auto result = resolve_upload_location(kAsked, location);
    ASSERT_THAT(result, IsOk()) << location;
    EXPECT_EQ(result->url, "https://r.test/u?a=b") << location;
    EXPECT_TRUE(result->was_upgraded);
    EXPECT_TRUE(result->same_origin);
  }
  EXPECT_EQ(resolved("http://r.test:5000/u", "https://r.test:5000/v2/"), "https://r.test:5000/u");
}

// C.1-3
TEST(UploadLocationTest, HttpOnAnotherHostIsRefused) {
  for (const char* location : {"http://s3.test/u", "http://r.test:8080/u"}) {
    EXPECT_THAT(resolve_upload_location(kAsked, location), HasError(ErrorCode::refused))
        << location;
  }
  // A registry that was asked in http by the user's choice says where it likes.
  EXPECT_EQ(resolved("http://s3.test/u", "http://r.test/v2/"), "http://s3.test/u");
}

// C.1-25
TEST(UploadLocationTest, WhatIsNoUrlIsABadAnswer) {
  for (const std::string& location :
       {std::string(), std::string("/a b"), std::string("/a\r\nX: y"), std::string("/a\tb"),
        std::string("file:///etc/passwd"), std::string("https://u:s3cret@r.test/u"),
        std::string("https://"), std::string("\\\\evil.test/u"), "/" + std::string(9000, 'a')}) {
    const auto result = resolve_upload_location(kAsked, location);
    ASSERT_THAT(result, HasError(ErrorCode::bad_response)) << location.substr(0, 40);
    EXPECT_THAT(result.error().message, Not(HasSubstr("s3cret")));
    EXPECT_THAT(result.error().message, Not(HasSubstr("\r")));
  }
}

}  // namespace
}  // namespace purser::net
