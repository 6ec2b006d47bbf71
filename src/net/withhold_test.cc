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
