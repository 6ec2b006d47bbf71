#include "registry/registry_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace purser {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

http::Response reply(int status, std::string body, http::Headers headers = {}) {
  return {status, std::move(headers), std::move(body)};
}

Error error_of(const http::Response& response) {
  return error_from({"read the tags of", "r.test", "team/app"}, "GET",
                    "https://r.test/v2/team/app/tags/list?n=5&secret=1", response,
                    std::chrono::system_clock::from_time_t(784111777));
}

// A-88: each shape that has been seen.
TEST(RegistryErrorTest, KeepsAllEntriesOfTheProtocolsOwnBody) {
  const ServerErrors errors = read_error_body(reply(
      400,
      R"({"errors":[{"code":"A","message":"one","detail":[1]},{"code":"B","message":"two"}]})"));
  EXPECT_TRUE(errors.structured);
  EXPECT_THAT(errors.codes, ElementsAre("A", "B"));
  EXPECT_EQ(errors.message, "one; two");
}

TEST(RegistryErrorTest, ReadsAStatusInPlaceOfACode) {
  const ServerErrors errors =
      read_error_body(reply(406, R"({"errors":[{"status":406,"message":"not acceptable"}]})"));
  EXPECT_THAT(errors.codes, ElementsAre("406"));
  EXPECT_EQ(errors.message, "not acceptable");
}

TEST(RegistryErrorTest, ReadsTheShapesOfTokenServersAndOthers) {
  EXPECT_EQ(read_error_body(reply(400, R"({"details":"no such account"})")).message,
            "no such account");
  EXPECT_EQ(read_error_body(reply(400, R"({"error":"invalid_request"})")).message,
            "invalid_request");
  EXPECT_EQ(read_error_body(reply(400, R"({"error":{"message":"deep"}})")).message, "deep");
  EXPECT_FALSE(read_error_body(reply(400, R"({"error":"invalid_request"})")).structured);
}

TEST(RegistryErrorTest, ShowsOnlyTheTitleOfAPage) {
  const ServerErrors errors = read_error_body(
      reply(502, "<!doctype html><html><title>Bad Gateway</title><script>x</script></html>"));
  EXPECT_EQ(errors.message, "an HTML page, \"Bad Gateway\"");
  EXPECT_FALSE(errors.structured);
}

// A-90: in both forms.
TEST(RegistryErrorTest, TellsHowLongTheServerAskedToWait) {
  using namespace std::chrono_literals;
  for (const char* field : {"7", "Sun, 06 Nov 1994 08:49:44 GMT"}) {
    for (const int status : {429, 503}) {
      const Error error = error_of(reply(status, "slow down", {{"Retry-After", field}}));
      EXPECT_EQ(error.retry_after, 7s);
      EXPECT_THAT(error.message, HasSubstr("and asks to wait 7 s: slow down"));
      EXPECT_EQ(error.not_done, status == 429) << "only a 429 says that the server did not act";
    }
  }
  EXPECT_FALSE(error_of(reply(429, "")).retry_after);
  EXPECT_FALSE(error_of(reply(500, "", {{"Retry-After", "7"}})).retry_after);
}

TEST(RegistryErrorTest, LeavesNothingInAMessageThatATerminalActsOn) {
  const Error error = error_of(reply(500, "\x1b[2Jboom\r\n\x07" + std::string(5000, 'x')));
  EXPECT_THAT(error.message, Not(HasSubstr("\x1b")));
  EXPECT_THAT(error.message, Not(HasSubstr("\n")));
  EXPECT_THAT(error.message, HasSubstr("boom"));
  EXPECT_LT(error.message.size(), 500u);
}

TEST(RegistryErrorTest, SurvivesHostileBodies) {
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("null"), std::string("[]"),
        std::string(R"({"errors":null})"), std::string(R"({"errors":[1,null,{}]})"),
        std::string(200'000, '['), std::string(R"({"errors":[{"code":{},"message":[]}]})")}) {
    EXPECT_THAT(read_error_body(reply(400, body)).codes, IsEmpty());
  }
}

struct Row {
  int status;
  const char* code;
  ErrorCode expected;
};

// "A code may refine a 404 or a 400, and never turns another status into absence" (A-88).
TEST(RegistryErrorTest, ClassifiesByStatusAndRefinesOnly400And404) {
  for (const Row& row : {
           Row{400, "", ErrorCode::bad_response},
           Row{400, "UNSUPPORTED", ErrorCode::unsupported},
           Row{400, "NAME_UNKNOWN", ErrorCode::not_found},
           Row{400, "TOOMANYREQUESTS", ErrorCode::rate_limited},
           Row{401, "MANIFEST_UNKNOWN", ErrorCode::unauthorized},
           Row{403, "NAME_UNKNOWN", ErrorCode::forbidden},
           Row{404, "", ErrorCode::not_found},
           Row{404, "MANIFEST_UNKNOWN", ErrorCode::not_found},
           Row{404, "DENIED", ErrorCode::forbidden},
           Row{404, "UNAUTHORIZED", ErrorCode::unauthorized},
           Row{404, "TOOMANYREQUESTS", ErrorCode::rate_limited},
           Row{405, "", ErrorCode::unsupported},
           Row{409, "", ErrorCode::conflict},
           Row{413, "", ErrorCode::too_large},
           Row{429, "", ErrorCode::rate_limited},
           Row{500, "MANIFEST_UNKNOWN", ErrorCode::unreachable},
           Row{503, "", ErrorCode::unreachable},
           Row{200, "", ErrorCode::bad_response},
           Row{302, "", ErrorCode::bad_response},
       }) {
    const std::string body =
        *row.code == '\0' ? "" : R"({"errors":[{"code":")" + std::string(row.code) + R"("}]})";
    EXPECT_EQ(error_of(reply(row.status, body)).code, row.expected)
        << row.status << " " << row.code;
  }
}

TEST(RegistryErrorTest, TakesHarborsUnknownNotFoundForAbsence) {
  EXPECT_EQ(
      error_of(reply(400, R"({"errors":[{"code":"UNKNOWN","message":"tag not found"}]})")).code,
      ErrorCode::not_found);
}

// A-22, A-23: the credentials are right, a right is missing.
TEST(RegistryErrorTest, TellsAMissingRightFromAWrongPassword) {
  EXPECT_EQ(
      error_of(
          reply(401, "", {{"WWW-Authenticate", "Bearer realm=\"x\",error=\"insufficient_scope\""}}))
          .code,
      ErrorCode::forbidden);
  EXPECT_EQ(error_of(reply(401, "", {{"WWW-Authenticate", "Basic realm=\"x\""}})).code,
            ErrorCode::unauthorized);
}

TEST(RegistryErrorTest, ConfirmsAbsenceOnlyByTheRegistrysOwnWord) {
  EXPECT_TRUE(is_confirmed_absence(reply(404, R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})")));
  EXPECT_FALSE(is_confirmed_absence(reply(404, "404 page not found")));
  EXPECT_FALSE(is_confirmed_absence(reply(404, R"({"errors":[{"code":"DENIED"}]})")));
  EXPECT_FALSE(is_confirmed_absence(reply(500, R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})")));
  EXPECT_TRUE(
      is_confirmed_absence(error_of(reply(404, R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})"))));
  EXPECT_FALSE(is_confirmed_absence(error_of(reply(404, "nothing here"))));
}

TEST(RegistryErrorTest, NamesWhatWasTriedAndShowsNoQueryValues) {
  const Error error = error_of(reply(503, ""));
  EXPECT_EQ(error.operation, "read the tags of");
  EXPECT_EQ(error.registry, "r.test");
  EXPECT_EQ(error.subject, "team/app");
  ASSERT_TRUE(error.http);
  EXPECT_EQ(error.http->status, 503);
  EXPECT_THAT(error.http->url, Not(HasSubstr("secret=1")));
}

// A-9.
TEST(RegistryErrorTest, SaysWhenHttpsWasAskedInHttp) {
  const Error error = error_of(reply(400, "Client sent an HTTP request to an HTTPS server.\n"));
  EXPECT_THAT(error.message, HasSubstr("speaks https"));
  EXPECT_THAT(error.hint, HasSubstr("--plain-http"));
}

}  // namespace
}  // namespace purser
