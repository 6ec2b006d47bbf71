#include "cli/output.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "testing/matchers.h"

namespace purser::cli {
namespace {

using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

// A file in memory.
class Memory {
 public:
  Memory() : file_(::open_memstream(&data_, &size_)) {}
  ~Memory() {
    std::fclose(file_);
    std::free(data_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  std::FILE* file() { return file_; }
  std::string text() {
    std::fflush(file_);
    return {data_, size_};
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

std::string table_for(bool terminal) {
  Memory memory;
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
  Memory memory;
  Output out(memory.file(), true, false, Format::text);
  Table table({"A", "B"});
  table.row({"é", "x"});
  table.row({"ee", "y"});
  table.print(out);
  EXPECT_EQ(memory.text(), "A   B\né   x\nee  y\n");
}

TEST(OutputTest, PrintsListsAsOneArrayOrAsLines) {
  const nlohmann::ordered_json list = {"a", "b"};
  Memory json;
  Output(json.file(), false, false, Format::json).json_list(list);
  EXPECT_EQ(json.text(), "[\n  \"a\",\n  \"b\"\n]\n");
  Memory lines;
  Output(lines.file(), false, false, Format::jsonl).json_list(list);
  EXPECT_EQ(lines.text(), "\"a\"\n\"b\"\n");
}

// C.1-10: a label may carry an escape sequence of eight bits, and a pipe may end at a terminal.
TEST(OutputTest, HasNoControlCharactersWithinJson) {
  const nlohmann::ordered_json value =
      "\xc2\x9b"
      "31m\xe2\x80\xae bücher";
  for (const bool terminal : {true, false}) {
    Memory memory;
    Output(memory.file(), terminal, false, Format::json).json(value);
    EXPECT_EQ(memory.text(), "\"\\u009b31m\\u202e bücher\"\n");
  }
}

// C.1-10: exact bytes are for programs.
TEST(OutputTest, SendsATerminalNoExactBytesThatItWouldObey) {
  Memory terminal;
  Output shown(terminal.file(), true, false, Format::text);
  EXPECT_THAT(shown.document("\x1b[2J"), HasError(ErrorCode::refused, HasSubstr("terminal")));
  EXPECT_THAT(shown.document("{}\n"), ::purser::testing::IsOk());
  EXPECT_EQ(terminal.text(), "{}\n");
  Memory pipe;
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
  Memory memory;
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

TEST(DiagnosticsTest, SaysNothingButErrorsWhenQuiet) {
  Memory memory;
  Diagnostics err(memory.file(), true, false, true, 2);
  err.warning("a warning");
  err.note("a note", 1);
  err.progress("1/2");
  EXPECT_EQ(memory.text(), "");
  err.error("an error");
  EXPECT_EQ(memory.text(), "purser: an error\n");
}

TEST(DiagnosticsTest, ShowsNotesOfTheVerbosityThatWasAskedFor) {
  Memory memory;
  Diagnostics err(memory.file(), false, false, false, 1);
  err.note("first", 1);
  err.note("second", 2);
  EXPECT_THAT(memory.text(), HasSubstr("first"));
  EXPECT_THAT(memory.text(), Not(HasSubstr("second")));
}

TEST(DiagnosticsTest, ShowsNoProgressInAPipe) {
  Memory memory;
  Diagnostics err(memory.file(), false, false, false, 0);
  err.progress("1/2");
  EXPECT_EQ(memory.text(), "");
}

TEST(DiagnosticsTest, GoesOnWhenItCannotBeWritten) {
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  Diagnostics err(full, true, false, false, 1);
  err.warning("a warning");
  err.progress("1/2");
  err.error("an error");
  EXPECT_NE(std::ferror(full), 0);
  std::fclose(full);
}

TEST(DiagnosticsTest, StripsEscapeSequences) {
  Memory memory;
  Diagnostics err(memory.file(), true, false, false, 0);
  err.warning("tag \x1b[2Jgone");
  EXPECT_THAT(memory.text(), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace purser::cli
