#include "retention/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace purser {
namespace {

// The definition, word for word: slow, and obvious.
bool matches_by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.starts_with("**")) {
    for (std::size_t n = 0; n <= text.size(); ++n) {
      if (matches_by_definition(pattern.substr(2), text.substr(n))) return true;
    }
    return false;
  }
  if (pattern.front() == '*') {
    for (std::size_t n = 0; n <= text.size(); ++n) {
      if (matches_by_definition(pattern.substr(1), text.substr(n))) return true;
      if (n < text.size() && text[n] == '/') return false;
    }
    return false;
  }
  if (text.empty()) return false;
  const bool fits = pattern.front() == '?' ? text.front() != '/' : pattern.front() == text.front();
  return fits && matches_by_definition(pattern.substr(1), text.substr(1));
}

std::vector<std::string> all_words(std::string_view letters, std::size_t longest) {
  std::vector<std::string> words = {""};
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (words[at].size() == longest) break;
    for (char letter : letters) words.push_back(words[at] + letter);
  }
  return words;
}

TEST(GlobTest, StarAndQuestionMarkStopAtASlash) {
  EXPECT_TRUE(glob_matches("team/*", "team/app"));
  EXPECT_FALSE(glob_matches("team/*", "team/app/web"));
  EXPECT_FALSE(glob_matches("*", "team/app"));
  EXPECT_TRUE(glob_matches("team/a?p", "team/app"));
  EXPECT_FALSE(glob_matches("team?app", "team/app"));
}

TEST(GlobTest, DoubleStarDoesNotStopAtASlash) {
  EXPECT_TRUE(glob_matches("team/**", "team/app/web"));
  EXPECT_TRUE(glob_matches("**/web", "team/app/web"));
  EXPECT_TRUE(glob_matches("**", ""));
  EXPECT_FALSE(glob_matches("team/**", "team"));
}

TEST(GlobTest, EverythingElseStandsForItself) {
  EXPECT_TRUE(glob_matches("v1.0", "v1.0"));
  EXPECT_FALSE(glob_matches("v1.0", "v1x0"));
  EXPECT_FALSE(glob_matches("v1", "v1.0"));
  EXPECT_FALSE(glob_matches("v1", "xv1"));
}

TEST(GlobTest, AgreesWithItsDefinitionOnEveryShortPatternAndName) {
  const std::vector<std::string> names = all_words("ab/", 5);
  for (const std::string& pattern : all_words("ab/*?", 5)) {
    for (const std::string& name : names) {
      ASSERT_EQ(glob_matches(pattern, name), matches_by_definition(pattern, name))
          << '"' << pattern << "\" on \"" << name << '"';
    }
  }
}

// With backtracking over every star this would take longer than the universe has.
TEST(GlobTest, IsNotHeldUpByAHostilePattern) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "a*";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(250, 'a')));
  std::string doubles;
  for (int i = 0; i < 60; ++i) doubles += "a**";
  EXPECT_FALSE(glob_matches(doubles + "b", std::string(250, 'a')));
}

}  // namespace
}  // namespace purser
