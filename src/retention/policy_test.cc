#include "purser/policy.h"

#include <gmock/gmock.h>

#include "testing/matchers.h"
#include "testing/snapshot_builder.h"

namespace purser {
namespace {

using ::purser::testing::digest_named;
using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::testing::HasSubstr;

constexpr std::string_view kRegistry = "registry.test:5000";

KeepEntry entry(std::string_view text) { return KeepEntry::parse(text, kRegistry).value(); }

TEST(KeepEntryTest, NamesOneTagOfOneRepository) {
  EXPECT_TRUE(entry("team/app:v1.0").matches_tag("team/app", "v1.0"));
  EXPECT_FALSE(entry("team/app:v1.0").matches_tag("team/app", "v1x0"));
  EXPECT_FALSE(entry("team/app:v1").matches_tag("team/app2", "v1"));
  EXPECT_FALSE(entry("app:v1").matches_tag("library/app", "v1"));  // no Docker Hub defaults
}

// A-4: kept under the name by which everybody calls it.
TEST(KeepEntryTest, AShortNameOfDockerHubKeepsWhatIsBelowLibrary) {
  for (const char* text : {"ubuntu:22.04", "docker.io/ubuntu:22.04", "ubun*:22.04", "*:22.04"}) {
    const KeepEntry entry = KeepEntry::parse(text, "docker.io").value();
    EXPECT_TRUE(entry.matches_tag("library/ubuntu", "22.04")) << text;
    EXPECT_TRUE(entry.matches_tag("ubuntu", "22.04")) << text;
    EXPECT_FALSE(entry.matches_tag("team/ubuntu", "22.04")) << text;
  }
  EXPECT_FALSE(KeepEntry::parse("a/b:1", "docker.io")->matches_tag("library/a/b", "1"));
}

TEST(KeepEntryTest, StarStopsAtASlashAndDoubleStarDoesNot) {
  EXPECT_TRUE(entry("team/*:release-*").matches_tag("team/app", "release-1"));
  EXPECT_FALSE(entry("team/*:release-*").matches_tag("team/app/web", "release-1"));
  EXPECT_TRUE(entry("team/**:v?").matches_tag("team/app/web", "v1"));
  EXPECT_FALSE(entry("team/**:v?").matches_tag("team/app/web", "v10"));
}

TEST(KeepEntryTest, CutsOffExactlyThisRegistryAndASlash) {
  EXPECT_TRUE(entry("registry.test:5000/app:v1").matches_tag("app", "v1"));
  EXPECT_TRUE(entry("registry.test/app:v1").matches_tag("registry.test/app", "v1"));
  EXPECT_EQ(entry("registry.test:5000/app:v1").text(), "registry.test:5000/app:v1");
  EXPECT_THAT(KeepEntry::parse("other.test:5000/app:v1", kRegistry),
              HasError(ErrorCode::invalid_argument, HasSubstr("':' before its last '/'")));
}

TEST(KeepEntryTest, KeepsADigestAndNoTagByName) {
  const KeepEntry kept = entry("team/app@" + digest_named("a").str());
  EXPECT_EQ(kept.digest(), digest_named("a"));
  EXPECT_TRUE(kept.matches_repository("team/app"));
  EXPECT_FALSE(kept.matches_tag("team/app", "v1"));
}

TEST(KeepEntryTest, OffersAllTagsForABareRepository) {
  const auto bare = KeepEntry::parse("team/app", kRegistry);
  ASSERT_THAT(bare, HasError(ErrorCode::invalid_argument, HasSubstr("without a tag")));
  EXPECT_THAT(bare.error().hint, HasSubstr("team/app:*"));
  EXPECT_THAT(KeepEntry::parse("*", kRegistry), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(KeepEntry::parse("registry.test:5000/app", kRegistry),
              HasError(ErrorCode::invalid_argument, HasSubstr("without a tag")));
}

TEST(KeepEntryTest, SaysWhichCharacterNoNameCanHave) {
  const std::pair<std::string, std::string> rows[] = {
      {"app:v1+build", "'+'"},
      {"app:v[12]", "'['"},
      {"App:v1", "'A'"},
      {"app:v1 ", "byte 0x20"},
      {"ap\xC3\xBC:v1", "byte 0xc3"},
      {"a{b,c}:v1", "'{'"},
      {"app:team/v1", "':'"},
      {std::string("app:v\0", 6), "byte 0x00"},
      {"!app:v1", "'!'"},
      {"app:^v1$", "'^'"},
  };
  for (const auto& [text, named] : rows) {
    EXPECT_THAT(KeepEntry::parse(text, kRegistry),
                HasError(ErrorCode::invalid_argument, HasSubstr(named)))
        << text;
  }
}

TEST(KeepEntryTest, RefusesWhatCanNeverMatch) {
  for (const char* text :
       {"", ":v1", "app:", "/app:v1", "app/:v1", "a//b:v1", "a//*:v1", "-app:v1", "app_:v1",
        "app:.v1", "app:-v1", "app@", "app@sha256:abc", "app@sha256", "app:v1@sha256:abc",
        "a*@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}) {
    EXPECT_THAT(KeepEntry::parse(text, kRegistry), HasError(ErrorCode::invalid_argument)) << text;
  }
  EXPECT_THAT(KeepEntry::parse("app:" + std::string(128, 'x'), kRegistry), IsOk());
  EXPECT_THAT(KeepEntry::parse("app:" + std::string(129, 'x'), kRegistry),
              HasError(ErrorCode::invalid_argument));
}

TEST(KeepListTest, TakesAnEntryALineWithCommentsAndBlanks) {
  const auto list = parse_keep_list(
      "\xEF\xBB\xBF# what production runs\r\n"
      "app:v1   # until June\r\n"
      "\r\n"
      "\t team/*:release-*\t#x\n"
      "#app:v2\n"
      "app:latest",
      kRegistry, "keep.txt");
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->size(), 3u);
  EXPECT_EQ((*list)[0].text(), "app:v1");
  EXPECT_EQ((*list)[1].text(), "team/*:release-*");
  EXPECT_EQ((*list)[2].text(), "app:latest");
}

TEST(KeepListTest, NamesTheFileAndTheLineOfAnError) {
  EXPECT_THAT(parse_keep_list("app:v1\n\napp\n", kRegistry, "keep.txt"),
              HasError(ErrorCode::invalid_argument, HasSubstr("keep.txt:3: ")));
}

// Two entries on a line, or a comment without a blank before it, are no entry: neither is guessed.
TEST(KeepListTest, DoesNotGuessAtALineThatIsNoEntry) {
  EXPECT_THAT(parse_keep_list("app:v1 app:v2", kRegistry, "keep.txt"),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(parse_keep_list("app:v1#old", kRegistry, "keep.txt"),
              HasError(ErrorCode::invalid_argument, HasSubstr("'#'")));
}

TEST(KeepListTest, AFileOfCommentsIsAnEmptyList) {
  const auto list = parse_keep_list("# nothing yet\n", kRegistry, "keep.txt");
  ASSERT_THAT(list, IsOk());
  EXPECT_TRUE(list->empty());
}

TEST(MaxRemovalsTest, IsANumberOrAPercentage) {
  EXPECT_EQ(MaxRemovals::parse("50").value().count, 50u);
  EXPECT_FALSE(MaxRemovals::parse("50").value().percent);
  EXPECT_TRUE(MaxRemovals::parse("10%").value().percent);
  EXPECT_EQ(MaxRemovals::parse("0").value().count, 0u);
  EXPECT_EQ(MaxRemovals::parse("10%").value().str(), "10%");
  for (const char* text :
       {"", "%", "-1", "101%", "1.5", "10 %", " 1", "ten", "+1", "18446744073709551616", "0x10"}) {
    EXPECT_THAT(MaxRemovals::parse(text), HasError(ErrorCode::invalid_argument)) << text;
  }
}

}  // namespace
}  // namespace purser
