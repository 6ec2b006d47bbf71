#include "core/text.h"

#include <gmock/gmock.h>

namespace purser {
namespace {

// Protocol item C.1-10: names and messages from servers cannot drive the terminal.
TEST(SanitizeForTerminal, TakesOutEscapesAndControls) {
  EXPECT_EQ(sanitize_for_terminal("\x1b[31mred\x1b[0m"), "[31mred[0m");
  EXPECT_EQ(sanitize_for_terminal(std::string_view("a\0b\x07\x08\x7f", 6)), "ab");
  EXPECT_EQ(sanitize_for_terminal("\xC2\x9B"
                                  "2J"),
            "2J");  // C1 CSI as UTF-8
}

TEST(SanitizeForTerminal, KeepsEverythingOnOneLine) {
  EXPECT_EQ(sanitize_for_terminal("a\nb\tc\rd"), "a b c d");
  EXPECT_EQ(sanitize_for_terminal("a\xE2\x80\xA8z\xE2\x80\xA9"), "a z ");  // U+2028, U+2029
  EXPECT_EQ(sanitize_for_terminal("a\xC2\x85z"), "a z");                   // NEL
}

TEST(SanitizeForTerminal, TakesOutBidirectionalOverridesAndIsolates) {
  EXPECT_EQ(sanitize_for_terminal("safe\xE2\x80\xAE"
                                  "evil\xE2\x80\xAC"),
            "safeevil");
  EXPECT_EQ(sanitize_for_terminal("\xE2\x81\xA6"
                                  "x\xE2\x81\xA9\xD8\x9C\xE2\x80\x8F"),
            "x");
}

TEST(SanitizeForTerminal, KeepsOrdinaryUnicode) {
  EXPECT_EQ(sanitize_for_terminal("bücher 船 🚢"), "bücher 船 🚢");
}

TEST(SanitizeForTerminal, ReplacesWhatIsNotUtf8) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(sanitize_for_terminal("a\xFFz"), "a" + r + "z");
  EXPECT_EQ(sanitize_for_terminal("\x9B"), r);                          // a bare C1 byte
  EXPECT_EQ(sanitize_for_terminal("\xC0\x9B"), r + r);                  // overlong
  EXPECT_EQ(sanitize_for_terminal("\xED\xA0\x80"), r + r + r);          // a surrogate
  EXPECT_EQ(sanitize_for_terminal("\xF4\x90\x80\x80"), r + r + r + r);  // past U+10FFFF
  EXPECT_EQ(sanitize_for_terminal("\xE2\x80"), r + r);                  // cut off
}

// C.1-10
TEST(EscapeJsonForTerminal, KeepsTheDocumentAndNothingThatATerminalObeys) {
  EXPECT_EQ(escape_json_for_terminal("{\n  \"a\": \"\\u001b bücher 🚢\"\n}"),
            "{\n  \"a\": \"\\u001b bücher 🚢\"\n}");
  EXPECT_EQ(escape_json_for_terminal("\"\x7f\xC2\x9B\xC2\x85\xE2\x80\xAE\xE2\x80\xA8\xD8\x9C\""),
            R"("\u007f\u009b\u0085\u202e\u2028\u061c")");
  EXPECT_EQ(escape_json_for_terminal("\"\x9b\""), "\"\xEF\xBF\xBD\"");
}

TEST(IsFitForTerminal, KnowsWhatATerminalObeys) {
  EXPECT_TRUE(is_fit_for_terminal("{\n\t\"a\": \"bücher 🚢\"\n}\n"));
  for (const char* text : {"\x1b[2J", "a\rb", "\x7f", "\xC2\x9B", "\x9b", "\xE2\x80\xAE"}) {
    EXPECT_FALSE(is_fit_for_terminal(text)) << text;
  }
}

TEST(Shorten, LeavesShortTextAlone) { EXPECT_EQ(shorten("abc", 3), "abc"); }

TEST(Shorten, CutsBetweenCharactersAndMarksTheCut) {
  EXPECT_EQ(shorten("abcdefgh", 6), "abc…");
  EXPECT_EQ(shorten("ab船船", 6), "ab…");  // the third byte of the limit is inside a character
  EXPECT_EQ(shorten("abcdef", 2), "ab");
}

TEST(EqualsIgnoringCase, ComparesAsciiLettersOnly) {
  EXPECT_TRUE(equals_ignoring_case("Bearer", "bEARER"));
  EXPECT_FALSE(equals_ignoring_case("Bearer", "Beare"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
}

}  // namespace
}  // namespace purser
