// The answer, on stdout; and everything else, on stderr.
#pragma once

#include <cstdint>
#include <cstdio>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/settings.h"
#include "purser/result.h"

namespace purser::cli {

enum class Style { plain, bold, faint, red, green, yellow };
// The escape sequence that begins it.
std::string_view code_of(Style style);

// Writes answers. Text of a server goes through `safe` before it comes here. Thread rule: one
// thread at a time.
class Output {
 public:
  Output(std::FILE* file, bool terminal, bool colour, Format format)
      : file_(file), terminal_(terminal), colour_(colour), format_(format) {}

  Format format() const noexcept { return format_; }
  bool terminal() const noexcept { return terminal_; }
  bool colour() const noexcept { return colour_; }

  void line(std::string_view text);
  // Exactly these bytes.
  void raw(std::string_view bytes);
  // Exactly these bytes of a server's. Errors: refused, where stdout is a terminal that would obey
  // some of them.
  Status document(std::string_view bytes);
  // One JSON document: indented, or as one line for jsonl.
  void json(const nlohmann::ordered_json& value);
  // An array: as such, or one value a line for jsonl.
  void json_list(const nlohmann::ordered_json& values);
  // A JSON document that the library made.
  void json_text(std::string_view document);
  std::string styled(std::string_view text, Style style) const;

  // Whether everything was written: a full disk is no success. A reader that went away (`| head`)
  // wanted no more.
  Status flush();

 private:
  static std::string dump(const nlohmann::ordered_json& value, int indent);

  std::FILE* file_;
  bool terminal_;
  bool colour_;
  Format format_;
  int failure_ = 0;  // errno of the first write that failed
};

// Text that came from a server or a file, made safe for a terminal.
std::string safe(std::string_view text);

// Columns for a terminal, aligned under their titles; values parted by tabs, without titles, for a
// pipe.
class Table {
 public:
  explicit Table(std::vector<std::string> titles) : titles_(std::move(titles)) {}
  void row(std::vector<std::string> cells, Style style = Style::plain);
  void print(Output& out) const;
  // Aligned wherever it goes, under no titles, each line indented: for reports.
  void print_aligned(Output& out, std::string_view indent) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    Style style;
  };
  std::vector<std::size_t> widths(bool with_titles) const;
  static std::string aligned(const std::vector<std::string>& cells,
                             const std::vector<std::size_t>& widths);
  std::vector<std::string> titles_;
  std::vector<Row> rows_;
};

// "12.3 MB": decimal units, as registries and docker show them. Negative: "?".
std::string human_size(std::int64_t bytes);
// "1 tag", "3 tags".
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

}  // namespace purser::cli
