#include "cli/output.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/memory_file.h"
#include "testing/matchers.h"

namespace purser::cli {
namespace {

using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

std::string table_for(bool terminal) {
  MemoryFile memory;
  Output out(memory.file(), terminal, false, Format::text);
  Table table({"TAG", "SIZE"});
  table.row({"v1", "1.5 MB"});
  table.row({"release-2", "-"});
  table.print(out);
  return memory.text();
}

TEST(TableTest, AlignsItsColumnsOnATerminal) {
  EXPECT_EQ(table_for(true),
            "TAG        SIZE\n"
            "v1         1.5 MB\n"
            "release-2  -\n");
}

TEST(TableTest, PartsBareValuesByTabsInAPipe) {
  EXPECT_EQ(table_for(false), "v1\t1.5 MB\nrelease-2\t-\n");
}

TEST(TableTest, CountsCharactersAndNotBytes) {
  MemoryFile memory;
  Output out(memory.file(), true, false, Format::text);
  Table table({"A", "B"});
  table.row({"é", "x"});
  table.row({"ee", "y"});
  table.print(out);
  EXPECT_EQ(memory.text(), "A   B\né   x\nee  y\n");
}

TEST(OutputTest, PrintsListsAsOneArrayOrAsLines) {
  const nlohmann::ordered_json list = {"a", "b"};
  MemoryFile json;
  Output(json.file(), false, false, Format::json).json_list(list);
  EXPECT_EQ(json.text(), "[\n  \"a\",\n  \"b\"\n]\n");
  MemoryFile lines;
  Output(lines.file(), false, false, Format::jsonl).json_list(list);
  EXPECT_EQ(lines.text(), "\"a\"\n\"b\"\n");
}

// C.1-10: a label may carry an escape sequence of eight bits, and a pipe may end at a terminal.
TEST(OutputTest, HasNoControlCharactersWithinJson) {
  const nlohmann::ordered_json value =
      "\xc2\x9b"
      "31m\xe2\x80\xae bücher";
  for (const bool terminal : {true, false}) {
    MemoryFile memory;
    Output(memory.file(), terminal, false, Format::json).json(value);
    EXPECT_EQ(memory.text(), "\"\\u009b31m\\u202e bücher\"\n");
  }
}

// C.1-10: exact bytes are for programs.
TEST(OutputTest, SendsATerminalNoExactBytesThatItWouldObey) {
  MemoryFile terminal;
  Output shown(terminal.file(), true, false, Format::text);
  EXPECT_THAT(shown.document("\x1b[2J"), HasError(ErrorCode::refused, HasSubstr("terminal")));
  EXPECT_THAT(shown.document("{}\n"), ::purser::testing::IsOk());
  EXPECT_EQ(terminal.text(), "{}\n");
  MemoryFile pipe;
  EXPECT_THAT(Output(pipe.file(), false, false, Format::text).document("\x1b[2J"),
              ::purser::testing::IsOk());
  EXPECT_EQ(pipe.text(), "\x1b[2J");
}

TEST(OutputTest, SaysThatTheAnswerCouldNotBeWritten) {
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  Output out(full, false, false, Format::text);
  out.line("an answer");
  EXPECT_THAT(out.flush(), HasError(ErrorCode::io, HasSubstr("No space left")));
  std::fclose(full);
}

TEST(OutputTest, ColoursOnlyWhereItMay) {
  MemoryFile memory;
  EXPECT_EQ(Output(memory.file(), true, false, Format::text).styled("x", Style::red), "x");
  EXPECT_EQ(Output(memory.file(), true, true, Format::text).styled("x", Style::red),
            "\x1b[31mx\x1b[0m");
}

TEST(HumanSizeTest, RoundsToOneDigitInDecimalUnits) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(999), "999 B");
  EXPECT_EQ(human_size(1000), "1.0 kB");
  EXPECT_EQ(human_size(12'345'678), "12.3 MB");
  EXPECT_EQ(human_size(999'999), "1.0 MB");
  EXPECT_EQ(human_size(-1), "?");
}

}  // namespace
}  // namespace purser::cli
