#include "registry/denial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "purser/client.h"
#include "registry/registry_error.h"
#include "testing/manual_clock.h"
#include "testing/matchers.h"
#include "testing/scripted_transport.h"

namespace purser {
namespace {

using purser::testing::HasError;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTags[] = "https://r.test/v2/a/tags/list?n=1000";
constexpr char kBearer[] =
    R"(Bearer realm="https://r.test/t",service="s",scope="repository:a:pull")";

http::Response reply(int status, http::Headers headers = {}, std::string body = {}) {
  return {status, std::move(headers), std::move(body)};
}
http::Response challenge(const std::string& field) {
  return reply(401, {{"WWW-Authenticate", field}},
               R"({"errors":[{"code":"UNAUTHORIZED","message":"no entry."}]})");
}

class DenialTest : public ::testing::Test {
 protected:
  Error error_of_tags(Credential credential = {}) {
    ClientOptions options;
    options.registry = "r.test";
    options.transport = transport_;
    options.clock = std::make_shared<testing::ManualClock>();
    if (!credential.username.empty()) {
      options.credentials =
          single_credential(*RegistryName::parse("r.test"), std::move(credential));
    }
    const auto client = Client::create(std::move(options));
    const auto tags = client->tags(*Repository::of("r.test", "a"));
    EXPECT_FALSE(tags);
    return tags ? Error{} : tags.error();
  }
  static Credential me() {
    return {.username = "me",
            .password = Secret("s3cret"),
            .source = "~/.docker/config.json",
            .remedy = "mend ~/.docker/config.json"};
  }
  void expect_token_request(const std::string& account = {}) {
    std::string url = "https://r.test/t?service=s&scope=repository%3Aa%3Apull&client_id=purser";
    if (!account.empty()) url += "&account=" + account;
    transport_->answer("GET", url, reply(200, {}, R"({"token":"t"})"));
  }

  std::shared_ptr<testing::ScriptedTransport> transport_ =
      std::make_shared<testing::ScriptedTransport>();
};

// A-22: bad credentials are one thing.
TEST_F(DenialTest, APasswordThatIsNotAcceptedIsNamedByWhereItIsKept) {
  for (int i = 0; i < 2; ++i) transport_->answer("GET", kTags, challenge("Basic realm=r"));
  const Error error = error_of_tags(me());
  EXPECT_EQ(error.code, ErrorCode::unauthorized);
  EXPECT_EQ(error.message,
            "the registry did not accept the user name and password of ~/.docker/config.json "
            "(user me): no entry");
  EXPECT_EQ(error.hint, "Check them, and mend ~/.docker/config.json");
  EXPECT_THAT(to_string(error), Not(HasSubstr("s3cret")));
}

// A-22: nothing is stored of what was typed, so nothing that is stored needs a replacement.
TEST_F(DenialTest, WhatIsKeptNowhereIsToBeChecked) {
  for (int i = 0; i < 2; ++i) transport_->answer("GET", kTags, challenge("Basic realm=r"));
  EXPECT_EQ(error_of_tags({.username = "me", .password = Secret("s3cret")}).hint, "Check them");
}

// A-22, A-23: a right that is missing is another, also where the token server said nothing.
TEST_F(DenialTest, ARightThatIsMissingIsNamed) {
  for (const std::string more : {"", R"(,error="insufficient_scope")"}) {
    transport_->answer("GET", kTags, challenge(kBearer));
    expect_token_request("me");
    transport_->answer("GET", kTags, challenge(kBearer + more));
    const Error error = error_of_tags(me());
    EXPECT_EQ(error.code, ErrorCode::forbidden);
    EXPECT_EQ(error.message,
              "authenticated as user me, but lacks repository:a:pull (401): no entry");
  }
  transport_->answer("GET", kTags, challenge(kBearer));
  expect_token_request("me");
  transport_->answer("GET", kTags, reply(403));
  const Error error = error_of_tags(me());
  EXPECT_EQ(error.code, ErrorCode::forbidden);
  EXPECT_EQ(error.message, "authenticated as user me, but lacks repository:a:pull (403)");
  EXPECT_EQ(error.hint, "Use a login that has the right: mend ~/.docker/config.json");
}

// A-24
TEST_F(DenialTest, WhoIsNotLoggedInIsToldToLogIn) {
  transport_->answer("GET", kTags, challenge(kBearer));
  expect_token_request();
  transport_->answer("GET", kTags, challenge(kBearer));
  const Error error = error_of_tags();
  EXPECT_EQ(error.code, ErrorCode::unauthorized);
  EXPECT_THAT(error.message, HasSubstr("answered 401 to a request without credentials"));
  EXPECT_EQ(error.hint, "Log in with `purser login r.test`");
}

// A-22: twice, for it is renewed once.
TEST_F(DenialTest, ATokenThatIsInvalidIsTheRegistrysMistake) {
  const std::string invalid = std::string(kBearer) + R"(,error="invalid_token")";
  transport_->answer("GET", kTags, challenge(kBearer));
  for (int i = 0; i < 2; ++i) {
    expect_token_request("me");
    transport_->answer("GET", kTags, challenge(invalid));
  }
  const Error error = error_of_tags(me());
  EXPECT_EQ(error.code, ErrorCode::unauthorized);
  EXPECT_THAT(error.message, HasSubstr("does not accept the token that its token server gave"));
}

// A-88: what the registry says by a code of its own is not made an affair of rights.
TEST(ExplainDenialTest, LeavesOtherErrorsAsTheyAre) {
  Error error{.code = ErrorCode::rate_limited, .message = "slow down"};
  explain_denial(error, reply(403), {{false, "me", ""}, "bearer", "repository:a:pull"});
  EXPECT_EQ(error.code, ErrorCode::rate_limited);
  EXPECT_EQ(error.message, "slow down");
}

// C.1-10
TEST(ExplainDenialTest, AUserNameMovesNoCursor) {
  Error error{.code = ErrorCode::forbidden};
  explain_denial(error, reply(403), {{false, "me\x1b[2J", "f\x1b"}, "bearer", "s"});
  EXPECT_THAT(error.message, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace purser
