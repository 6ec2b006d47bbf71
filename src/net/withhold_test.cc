#include "net/withhold.h"

#include <gtest/gtest.h>

#include <memory>

namespace purser::net {
namespace {

http::Request with_authorization(std::string field) {
  http::Request request;
  request.headers.add("Authorization", std::move(field));
  return request;
}

// C.1-15
TEST(WithholdTest, TakesWhatWasSentOutOfAnError) {
  // alice:s3cret/word
  const auto basic = with_authorization("Basic YWxpY2U6czNjcmV0L3dvcmQ=");
  http::Response refused{.status = 403,
                         .headers = {{"X-Debug", "Basic YWxpY2U6czNjcmV0L3dvcmQ="}},
                         .body = "no s3cret/word, no s3cret%2Fword, no YWxpY2U6czNjcmV0L3dvcmQ="};
  withhold_secrets(basic, refused);
  EXPECT_EQ(refused.body, "no ***, no ***, no ***");
  EXPECT_EQ(refused.headers.get("X-Debug"), "Basic ***");

  http::Response failed{.status = 500, .body = "cannot read t0ken.t0ken"};
  withhold_secrets(with_authorization("Bearer t0ken.t0ken"), failed);
  EXPECT_EQ(failed.body, "cannot read ***");
}

// C.1-15, A-17
TEST(WithholdTest, TakesAnIdentityTokenOutOfAnError) {
  http::Request request;
  request.method = "POST";
  request.body =
      std::make_shared<const std::string>("grant_type=refresh_token&refresh_token=ident%2Fity&x=y");
  http::Response refused{.status = 400, .body = R"({"error":"ident/ity, or ident%2Fity"})"};
  withhold_secrets(request, refused);
  EXPECT_EQ(refused.body, R"({"error":"***, or ***"})");
}

// C.1-15: as JSON, URLs, forms and HTML have it, by whichever encoder.
TEST(WithholdTest, TakesASecretOutInWhateverWayItIsWritten) {
  // alice:p&"u\wö/d e😀
  const auto basic = with_authorization("Basic YWxpY2U6cCYidVx3w7YvZCBl8J+YgA==");
  for (const char* written :
       {"p&\"u\\wö/d e😀", R"(p\u0026\"u\\wö/d e😀)",
        R"(p\u0026\u0022u\u005Cw\u00f6\/d\u0020e\ud83d\uDE00)",
        "p%26%22u%5cw%c3%b6%2fd%20e%f0%9f%98%80", "p%26%22u%5Cw%C3%B6/d+e%F0%9F%98%80",
        "p&amp;&quot;u\\w&#246;&#x2F;d e&#128512;", R"(p\u0026amp;\u0026quot;u\\w\u00f6/d e😀)"}) {
    http::Response refused{.status = 403,
                           .headers = {{"Warning", std::string("no ") + written}},
                           .body = std::string("{\"message\":\"no ") + written + " here\"}"};
    withhold_secrets(basic, refused);
    EXPECT_EQ(refused.body, R"({"message":"no *** here"})") << written;
    EXPECT_EQ(refused.headers.get("Warning"), "no ***") << written;
  }
  http::Response other{.status = 403,
                       .body = R"(\u00 \ud83d \x % %2 %zz & &#; &#x; &lt &#99999999; \)"};
  const std::string before = other.body;
  withhold_secrets(basic, other);
  EXPECT_EQ(other.body, before);
}

TEST(WithholdTest, TakesOutSecretsThatAreOneAnothersPartOrNeighbour) {
  const SecretFilter filter({"secret", "the secret word", "word and more"});
  EXPECT_EQ(filter.apply("the secret word and more; secretsecret; secre"), "***; ******; secre");
  EXPECT_EQ(SecretFilter({"short"}).apply("short"), "short");
}

// C.1-15: the key of a service account is a password of many lines (A-32).
TEST(WithholdTest, TakesOutEachLineOfASecretThatHasSeveral) {
  // _json_key:{\n  "id": "k3y",\r\n  "private_key": "s3cret"\n}
  const std::string base64 =
      "X2pzb25fa2V5OnsKICAiaWQiOiAiazN5IiwNCiAgInByaXZhdGVfa2V5IjogInMzY3JldCIKfQ==";
  const auto basic = with_authorization("Basic " + base64);
  for (const char* written :
       {"{\n  \"id\": \"k3y\",\r\n  \"private_key\": \"s3cret\"\n}", "\"id\": \"k3y\",",
        "\"private_key\": \"s3cret\"", R"(\"private_key\": \"s3cret\")",
        "%22private_key%22%3A%20%22s3cret%22",
        R"({\n  \"id\": \"k3y\",\r\n  \"private_key\": \"s3cret\"\n})"}) {
    http::Response refused{.status = 403, .body = std::string("no ") + written + " here"};
    withhold_secrets(basic, refused);
    EXPECT_EQ(refused.body, "no *** here") << written;
  }
  http::Response lines{.status = 403, .body = "{\n\"id\": \"k3y\",\n\"private_key\": \"s3cret\""};
  withhold_secrets(basic, lines);
  EXPECT_EQ(lines.body, "{\n***\n***") << "with other blanks";
}

// C.1-15: fields that are only shown, of any answer.
TEST(WithholdTest, TakesASecretOutOfFieldsOfAnAnswerThatIsNoError) {
  http::Response answer{.status = 200,
                        .headers = {{"Server", "got t0ken.t0ken"},
                                    {"Docker-Distribution-API-Version", "t0ken.t0ken"}}};
  withhold_secrets(with_authorization("Bearer t0ken.t0ken"), answer);
  EXPECT_EQ(answer.headers.get("Server"), "got ***");
  EXPECT_EQ(answer.headers.get("Docker-Distribution-API-Version"), "***");
}

// A-39: a password that is also a repository's name must not end a list early.
TEST(WithholdTest, LeavesWhereTheRunGoesOnAsItIs) {
  const http::Headers fields = {{"Link", "</v2/_catalog?last=library>; rel=next"},
                                {"Location", "/v2/library/blobs/uploads/1"},
                                {"WWW-Authenticate", "Bearer scope=\"repository:library:pull\""},
                                {"Docker-Content-Digest", "library"}};
  for (const int status : {200, 401}) {
    http::Response answer{.status = status, .headers = fields};
    withhold_secrets(with_authorization("Basic YTpsaWJyYXJ5"), answer);  // a:library
    EXPECT_EQ(answer.headers.fields(), fields.fields());
  }
}

// What is hashed is not touched.
TEST(WithholdTest, LeavesContentAsItIs) {
  http::Response content{.status = 200, .body = R"({"note":"t0ken.t0ken"})"};
  withhold_secrets(with_authorization("Bearer t0ken.t0ken"), content);
  EXPECT_EQ(content.body, R"({"note":"t0ken.t0ken"})");
}

TEST(WithholdTest, LeavesAnErrorThatRepeatsNothingAsItIs) {
  http::Response refused{.status = 403, .body = "no pass"};
  withhold_secrets(with_authorization("Basic YTphYg=="), refused);  // a:ab
  withhold_secrets({}, refused);
  EXPECT_EQ(refused.body, "no pass");
}

}  // namespace
}  // namespace purser::net
