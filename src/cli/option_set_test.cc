#include "cli/option_set.h"

#include <gmock/gmock.h>

#include "testing/matchers.h"

namespace purser::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using ::testing::Not;

// As a verb would declare them.
class OptionSetTest : public ::testing::Test {
 protected:
  OptionSetTest() {
    options_.flag("--long", long_, "more");
    options_.count("-v,--verbose", verbosity_, "say more");
    options_.text("--match", match_, "RE", "a pattern");
    options_.texts("--keep", keep_, "NAME", "an entry");
    options_.choice("-o,--output", output_, {"text", "json"}, "the form");
    options_.number("--limit", limit_, "N", "at most");
  }

  OptionSet options_;
  bool long_ = false;
  int verbosity_ = 0;
  std::string match_;
  std::vector<std::string> keep_;
  std::string output_ = "text";
  std::size_t limit_ = 0;
};

TEST_F(OptionSetTest, TakesOptionsBetweenNames) {
  EXPECT_THAT(options_.parse({"a", "--long", "b", "-o", "json", "c"}),
              IsOkAndHolds(ElementsAre("a", "b", "c")));
  EXPECT_TRUE(long_);
  EXPECT_EQ(output_, "json");
}

// CLI11 takes an argument in brackets for a list and hands on what is between them.
TEST_F(OptionSetTest, LeavesBracketsOfNamesAndValuesAlone) {
  EXPECT_THAT(options_.parse({"[::1]", "[a,b]", "--keep", "[x,y]", "--match", "[a-z]"}),
              IsOkAndHolds(ElementsAre("[::1]", "[a,b]")));
  EXPECT_THAT(keep_, ElementsAre("[x,y]"));
  EXPECT_EQ(match_, "[a-z]");
}

TEST_F(OptionSetTest, EndsTheOptionsAtTwoDashes) {
  EXPECT_THAT(options_.parse({"a", "--", "--long", "-rf", "--", "++"}),
              IsOkAndHolds(ElementsAre("a", "--long", "-rf", "--", "++")));
  EXPECT_FALSE(long_);
}

TEST_F(OptionSetTest, TakesOneValueForEachOccurrenceOfARepeatableOption) {
  EXPECT_THAT(options_.parse({"--keep", "a:1", "name", "--keep=b:2"}),
              IsOkAndHolds(ElementsAre("name")));
  EXPECT_THAT(keep_, ElementsAre("a:1", "b:2"));
}

TEST_F(OptionSetTest, TakesASingleDashForAName) {
  EXPECT_THAT(options_.parse({"a", "-"}), IsOkAndHolds(ElementsAre("a", "-")));
}

TEST_F(OptionSetTest, CountsARepeatedFlag) {
  ASSERT_THAT(options_.parse({"-vv"}), IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(verbosity_, 2);
}

TEST_F(OptionSetTest, RefusesAnOptionThatItDoesNotKnow) {
  EXPECT_THAT(options_.parse({"a", "--lnog"}),
              HasError(ErrorCode::invalid_argument, HasSubstr("--lnog")));
  EXPECT_THAT(options_.parse({"-x"}), HasError(ErrorCode::invalid_argument, HasSubstr("-x")));
}

TEST_F(OptionSetTest, RefusesAChoiceThatIsNone) {
  EXPECT_THAT(options_.parse({"-o", "yaml"}),
              HasError(ErrorCode::invalid_argument, HasSubstr("text|json")));
}

TEST_F(OptionSetTest, RefusesNumbersThatAreNone) {
  for (const char* text : {"-1", "ten", "1e3", "99999999999999999999999", "0x10", "1 "}) {
    EXPECT_THAT(options_.parse({"--limit", text}), HasError(ErrorCode::invalid_argument)) << text;
  }
}

// CLI11 would take the next argument for the value.
TEST_F(OptionSetTest, RefusesAnEmptyValue) {
  EXPECT_THAT(options_.parse({"--match=", "a"}),
              HasError(ErrorCode::invalid_argument, HasSubstr("--match needs a value")));
}

// C.1-16: `-u "$NAME"` with a variable that is not set must not mean "as if it were not there".
TEST_F(OptionSetTest, RefusesAValueThatIsEmpty) {
  for (const char* option : {"--match", "--keep", "-o", "--limit"}) {
    EXPECT_THAT(options_.parse({"a", option, ""}), HasError(ErrorCode::invalid_argument)) << option;
    EXPECT_THAT(options_.parse_front({option, "", "a"}), HasError(ErrorCode::invalid_argument))
        << option;
  }
  EXPECT_THAT(options_.parse({"--keep", "a", "--keep", ""}),
              HasError(ErrorCode::invalid_argument, HasSubstr("--keep needs a value")));
}

// C.1-15: behind the `=` of --password-stdin stands a password.
TEST_F(OptionSetTest, RefusesTheValueOfAFlagAndDoesNotRepeatIt) {
  EXPECT_THAT(
      options_.parse({"--long=s3cret"}),
      HasError(ErrorCode::invalid_argument, AllOf(HasSubstr("--long"), Not(HasSubstr("s3cret")))));
}

// CLI11 would drop it, and the rest of the line with it.
TEST_F(OptionSetTest, RefusesTwoPluses) {
  EXPECT_THAT(options_.parse({"a", "++", "b"}), HasError(ErrorCode::invalid_argument));
}

TEST_F(OptionSetTest, RefusesAnOptionWithoutItsValue) {
  EXPECT_THAT(options_.parse({"a", "--match"}), HasError(ErrorCode::invalid_argument));
}

TEST_F(OptionSetTest, FindsTheFirstArgumentThatIsNoOption) {
  EXPECT_THAT(options_.parse_front({"-o", "json", "--long", "tags", "--unknown"}),
              IsOkAndHolds(3u));
}

TEST_F(OptionSetTest, FindsNoneWhereAllAreOptions) {
  EXPECT_THAT(options_.parse_front({"--long"}), IsOkAndHolds(1u));
}

TEST_F(OptionSetTest, RefusesAnUnknownOptionInFront) {
  EXPECT_THAT(options_.parse_front({"--sort", "name", "tags"}),
              HasError(ErrorCode::invalid_argument, HasSubstr("--sort")));
}

TEST_F(OptionSetTest, ListsEachOptionWithItsValueAndPurpose) {
  const std::string help = options_.help();
  EXPECT_THAT(help, HasSubstr("-o, --output text|json"));
  EXPECT_THAT(help, HasSubstr("--long"));
  EXPECT_THAT(help, HasSubstr("--keep NAME"));
  EXPECT_THAT(help, HasSubstr("an entry"));
}

}  // namespace
}  // namespace purser::cli
