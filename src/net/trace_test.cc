#include "net/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace purser::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(TraceTest, ShowsWhatARequestAsksFor) {
  http::Request request;
  request.headers = {{"Accept", "a/b"}, {"Range", "bytes=5-"}};
  EXPECT_EQ(traced_request(request, 1), " (Accept: a/b; Range: bytes=5-)");
  request.body = std::make_shared<std::string>("12345");
  EXPECT_EQ(traced_request(request, 2),
            " (Accept: a/b; Range: bytes=5-; body: 5 bytes; attempt 2)");
  EXPECT_EQ(traced_request({}, 1), "");
}

TEST(TraceTest, ShowsWhatAnAnswerSays) {
  http::Response response{404, {{"Content-Type", "text/html"}, {"X-Other", "x"}}, "gone"};
  EXPECT_EQ(traced_outcome(response, 12ms), ": 404 in 12 ms, 4 bytes (Content-Type: text/html)");
  response.peer = http::Peer{"192.0.2.1", http::Zone::private_network};
  EXPECT_THAT(traced_outcome(response, 12ms), HasSubstr("; from 192.0.2.1)"));
  EXPECT_EQ(traced_outcome(http::Failure{http::Failure::Kind::connect, "refused"}, 3ms),
            ": no answer after 3 ms: refused");
}

// C.1-15: what bears a secret, in requests and in answers.
TEST(TraceTest, NoSecretIsInATrace) {
  http::Request request;
  request.headers = {{"Authorization", "Bearer s3cret"},
                     {"Cookie", "session=s3cret"},
                     {"X-Registry-Auth", "s3cret"},
                     {"Proxy-Authorization", "Basic s3cret"}};
  request.body = std::make_shared<std::string>("refresh_token=s3cret");
  const auto asked = traced_request(request, 1);
  EXPECT_EQ(asked, " (Authorization: Bearer ***; body: 20 bytes)");
  http::Request bare;
  bare.headers = {{"Authorization", "s3cret"}};
  EXPECT_EQ(traced_request(bare, 1), " (Authorization: ***)");
  http::Response response{
      401,
      {{"Set-Cookie", "s3cret"},
       {"Location", "https://u:s3cret@cdn.test/b?X-Amz-Signature=s3cret#s3cret"},
       {"Link", "</v2/_catalog?last=a&token=s3cret>; rel=\"next\"; x=s3cret"},
       {"WWW-Authenticate",
        R"(Bearer realm="https://u:s3cret@auth.test/t?key=s3cret",service="s",nonce="s3cret")"}},
      R"({"token":"s3cret"})"};
  const auto answered = traced_outcome(response, 1ms);
  EXPECT_THAT(answered, Not(HasSubstr("s3cret")));
  EXPECT_THAT(answered, HasSubstr("Location: https://cdn.test/b?X-Amz-Signature=***"));
  EXPECT_THAT(answered, HasSubstr("Link: </v2/_catalog?last=a&token=***>"));
  EXPECT_THAT(answered, HasSubstr("service=s"));
}

// C.1-15: what the request bore, wherever the answer repeats it.
TEST(TraceTest, WhatARequestBoreIsNotInTheTraceOfItsAnswer) {
  http::Request request;
  request.headers = {{"Authorization", "Bearer t0ken.t0ken"}};
  const http::Response response{
      302,
      {{"Location", "/v2/t0ken.t0ken/x?n=t0ken.t0ken"},
       {"Link", "</v2/t%30ken.t0ken>; rel=next"},
       {"Content-Type", "t0ken.t0ken"},
       {"WWW-Authenticate", "Bearer realm=\"https://a.test/t0ken.t0ken\""}}};
  EXPECT_EQ(
      traced_outcome(response, 1ms, SecretFilter::of(request)),
      ": 302 in 1 ms, 0 bytes (Location: /v2/***/x?n=***; Link: </v2/***>; Content-Type: ***; "
      "WWW-Authenticate: bearer realm=https://a.test/***)");
}

// C.1-15: presigned URLs of Amazon, Google, Azure, CloudFront, and of whoever comes next.
TEST(TraceTest, OnlyQueryValuesThatAreKnownToBeHarmlessAreShown) {
  EXPECT_EQ(traced_url("https://r.test/v2/a/tags/list?n=100&last=v1"),
            "https://r.test/v2/a/tags/list?n=100&last=v1");
  for (const char* name : {"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "sig",
                           "token", "_state", "Signature", "Key-Pair-Id", "X-Goog-Signature", "se",
                           "Policy", "password", "account", "never-heard-of"}) {
    EXPECT_EQ(traced_url("https://r.test/b?n=1&" + std::string(name) + "=s3cret&n=2"),
              "https://r.test/b?n=1&" + std::string(name) + "=***&n=2");
  }
  EXPECT_EQ(traced_url("https://u:p@r.test/b?s3cret"), "https://r.test/b?***");
}

// C.1-10
TEST(TraceTest, AUrlMovesNoCursor) {
  EXPECT_THAT(traced_url("https://r.test/\x1b[2J?n=\x1b]0;x\x07"), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace purser::net
