#include "core/json.h"

#include <gmock/gmock.h>

#include "testing/matchers.h"

namespace purser::json {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::purser::testing::IsOkAndHolds;
using ::testing::HasSubstr;
using ::testing::Not;

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(ParseStrict, BuildsWhatTheTextSays) {
  for (const char* text :
       {R"({"a":[1,-2,3.5,true,false,null,"x",{"b":{}},[]],"c":"\u00e9\ud83d\udea2"})", "[]", "{}",
        "7", R"("")", "null", " \t\r\n[ 1 , 2 ] \n"}) {
    const auto value = parse_strict(text);
    ASSERT_THAT(value, IsOk()) << text;
    EXPECT_EQ(*value, nlohmann::json::parse(text)) << text;
  }
}

// A-52 and C.1-13.
TEST(ParseStrict, RefusesWhatIsNotStrictJson) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "{"sv,
                                      "[1,]"sv,
                                      "{\"a\":1,}"sv,
                                      "{a:1}"sv,
                                      "'a'"sv,
                                      "01"sv,
                                      "+1"sv,
                                      "1."sv,
                                      ".5"sv,
                                      "NaN"sv,
                                      "Infinity"sv,
                                      "1e999"sv,
                                      "-1e999"sv,
                                      "tru"sv,
                                      "{} {}"sv,
                                      "{}x"sv,
                                      "[]]"sv,
                                      "// a\n{}"sv,
                                      "\xEF\xBB\xBF{}"sv,
                                      "{}\0"sv,
                                      "{}\0{\"a\":1}"sv,
                                      "\"a\0b\""sv,
                                      "\"a\nb\""sv,
                                      "\"\xFF\""sv,
                                      "\"\xC0\x80\""sv,
                                      "\"\xED\xA0\x80\""sv,
                                      "\"\\ud800\""sv,
                                      "\"\\udc00\""sv,
                                      "\"\\ud800\\u0041\""sv,
                                      "\"\\x41\""sv,
                                      "\"a"sv,
                                      "<html></html>"sv}) {
    EXPECT_THAT(parse_strict(text), HasError(ErrorCode::bad_response, HasSubstr("the JSON")))
        << text;
  }
}

TEST(ParseStrict, RefusesAKeyThatComesTwice) {
  EXPECT_THAT(parse_strict(R"({"a":1,"b":2,"a":1})"),
              HasError(ErrorCode::bad_response, HasSubstr("the key \"a\" twice")));
  EXPECT_THAT(parse_strict(R"([{"x":{"a":1,"\u0061":2}}])"), HasError(ErrorCode::bad_response));
  EXPECT_THAT(parse_strict(R"({"a":{"a":{"a":[{"a":1},{"a":2}]}},"A":1})"), IsOk());
}

TEST(ParseStrict, BoundsTheDepthWhileItParses) {
  EXPECT_THAT(parse_strict(nested(kMaxDepth)), IsOk());
  EXPECT_THAT(parse_strict(nested(kMaxDepth + 1)),
              HasError(ErrorCode::bad_response, HasSubstr("deeper than 64")));
  std::string objects;
  for (std::size_t i = 0; i <= kMaxDepth; ++i) objects += "{\"a\":";
  EXPECT_THAT(parse_strict(objects), HasError(ErrorCode::bad_response, HasSubstr("deeper")));
  EXPECT_THAT(parse_strict(nested(100'000)),
              HasError(ErrorCode::bad_response, HasSubstr("deeper")));
  EXPECT_THAT(parse_strict(std::string(4'000'000, '[')),
              HasError(ErrorCode::bad_response, HasSubstr("deeper")));
}

// The text may hold secrets (a config.json, a token): the error tells where, never what.
TEST(ParseStrict, ErrorsTellThePlaceAndNotTheText) {
  const auto value = parse_strict(R"({"auth": "s3cret" oops})");
  ASSERT_THAT(value, HasError(ErrorCode::bad_response, HasSubstr("at byte 1")));
  EXPECT_THAT(value.error().message, Not(HasSubstr("s3cret")));
  EXPECT_THAT(value.error().message, Not(HasSubstr("oops")));
}

TEST(FindInt64, TakesOnlyIntegersThatFit) {
  const auto object = *parse_strict(
      R"({"max":9223372036854775807,"min":-9223372036854775808,"over":9223372036854775808,
          "huge":123456789012345678901234567890,"exp":1e3,"point":1.0,"text":"1","null":null,
          "minus_zero":-0})");
  EXPECT_THAT(find_int64(object, "max"), IsOkAndHolds(INT64_MAX));
  EXPECT_THAT(find_int64(object, "min"), IsOkAndHolds(INT64_MIN));
  EXPECT_THAT(find_int64(object, "minus_zero"), IsOkAndHolds(0));
  EXPECT_THAT(find_int64(object, "null"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(find_int64(object, "absent"), IsOkAndHolds(std::nullopt));
  for (const char* name : {"over", "huge", "exp", "point", "text"}) {
    EXPECT_THAT(find_int64(object, name), HasError(ErrorCode::bad_response, HasSubstr(name)));
  }
}

TEST(FindMembers, TellAbsentFromWronglyTyped) {
  const auto object = *parse_strict(R"({"s":"x","o":{},"a":[],"n":null})");
  EXPECT_THAT(find_string(object, "s"), IsOkAndHolds(std::optional<std::string>("x")));
  EXPECT_THAT(find_string(object, "n"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(find_string(object, "o"), HasError(ErrorCode::bad_response, HasSubstr("\"o\"")));
  EXPECT_THAT(find_object(object, "o"), IsOkAndHolds(&object["o"]));
  EXPECT_THAT(find_object(object, "absent"), IsOkAndHolds(nullptr));
  EXPECT_THAT(find_object(object, "a"), HasError(ErrorCode::bad_response));
  EXPECT_THAT(find_array(object, "a"), IsOkAndHolds(&object["a"]));
  EXPECT_THAT(find_array(object, "s"), HasError(ErrorCode::bad_response));
  EXPECT_EQ(find(*parse_strict("[]"), "a"), nullptr);
}

}  // namespace
}  // namespace purser::json
