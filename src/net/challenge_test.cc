#include "net/challenge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace purser::net {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<Challenge> parse(const char* field) {
  return parse_challenges({{"WWW-Authenticate", field}});
}

std::vector<std::string> schemes(const std::vector<Challenge>& challenges) {
  std::vector<std::string> result;
  for (const Challenge& challenge : challenges) result.push_back(challenge.scheme);
  return result;
}

// A-10: the sample of a live registry.
TEST(ChallengeTest, ReadsQuotesEscapesAndCommasInValues) {
  const auto challenges =
      parse(R"(Bearer realm="http://127.0.0.1:5599/token?x=1,2",service="my \"svc\", v2",)"
            R"(scope="repository:a/b:pull")");
  ASSERT_THAT(challenges, SizeIs(1));
  EXPECT_EQ(challenges[0].scheme, "bearer");
  EXPECT_EQ(challenges[0].get("realm"), "http://127.0.0.1:5599/token?x=1,2");
  EXPECT_EQ(challenges[0].get("service"), "my \"svc\", v2");
  EXPECT_EQ(challenges[0].get("scope"), "repository:a/b:pull");
  EXPECT_EQ(challenges[0].get("error"), std::nullopt);
}

// A-10
TEST(ChallengeTest, ReadsSeveralChallengesInOneHeaderAndInSeveral) {
  EXPECT_THAT(schemes(parse("Negotiate, Basic realm=\"a, b\", Bearer realm=x,service=y, Digest")),
              ElementsAre("negotiate", "basic", "bearer", "digest"));
  const auto challenges = parse_challenges(
      {{"Www-Authenticate", "Basic realm=one"}, {"WWW-AUTHENTICATE", "BEARER Realm=two"}});
  EXPECT_THAT(schemes(challenges), ElementsAre("basic", "bearer"));
  EXPECT_EQ(challenges.at(0).get("realm"), "one");
  EXPECT_EQ(challenges.at(1).get("realm"), "two");
}

// A-10
TEST(ChallengeTest, ToleratesSpacesAndTabs) {
  const auto challenges = parse("  Bearer \t realm = \"r\"\t,\t service\t=\ts , , scope=\"\" ");
  ASSERT_THAT(challenges, SizeIs(1));
  EXPECT_EQ(challenges[0].get("realm"), "r");
  EXPECT_EQ(challenges[0].get("service"), "s");
  EXPECT_EQ(challenges[0].get("scope"), "");
}

// A-10
TEST(ChallengeTest, TellsToken68FromParameters) {
  const auto challenges = parse("Negotiate YII/+.-_~w==, Basic realm=r");
  ASSERT_THAT(schemes(challenges), ElementsAre("negotiate", "basic"));
  EXPECT_EQ(challenges[0].token68, "YII/+.-_~w==");
  EXPECT_EQ(challenges[1].get("realm"), "r");
}

TEST(ChallengeTest, ReadsAnUnquotedUrl) {
  EXPECT_EQ(parse("Bearer realm=https://h:1/t?a=b,service=s").at(0).get("realm"),
            "https://h:1/t?a=b");
}

// A-11
TEST(ChallengeTest, TheFirstOfADuplicateWins) {
  EXPECT_EQ(parse("Bearer realm=a,realm=b").at(0).get("realm"), "a");
}

// A-11
TEST(ChallengeTest, HasLimits) {
  std::string many;
  for (int i = 0; i < 40; ++i) many += "Basic realm=x, ";
  EXPECT_THAT(parse(many.c_str()), SizeIs(kMaxChallenges));
  const std::string filler = "Basic realm=\"" + std::string(kMaxChallengeBytes, 'x') + "\"";
  EXPECT_THAT(schemes(parse_challenges(
                  {{"WWW-Authenticate", filler}, {"WWW-Authenticate", "Bearer realm=y"}})),
              ElementsAre("basic"));
}

TEST(ChallengeTest, SurvivesGarbage) {
  EXPECT_THAT(parse(""), SizeIs(0));
  EXPECT_THAT(parse(",,,=\"\"@@"), SizeIs(0));
  EXPECT_EQ(parse("Bearer realm=\"never closed, x").at(0).get("realm"), "never closed, x");
  EXPECT_EQ(parse("Bearer realm=\"ends in escape\\").at(0).get("realm"), "ends in escape\\");
  EXPECT_THAT(schemes(parse("\"Bearer realm=x")), ElementsAre("bearer"));
}

}  // namespace
}  // namespace purser::net
