#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace purser::cli {
namespace {

// Columns on a terminal, for the few characters that names and sentences have beyond ASCII.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

std::string_view code_of(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\x1b[1m";
    case Style::faint:
      return "\x1b[2m";
    case Style::red:
      return "\x1b[31m";
    case Style::green:
      return "\x1b[32m";
    case Style::yellow:
      return "\x1b[33m";
  }
  return "";
}

std::string safe(std::string_view text) { return sanitize_for_terminal(text); }

void Output::raw(std::string_view bytes) {
  if (failure_ != 0 || bytes.empty()) return;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) failure_ = errno;
}

Status Output::document(std::string_view bytes) {
  if (terminal_ && !is_fit_for_terminal(bytes)) {
    Error error;
    error.code = ErrorCode::refused;
    error.operation = "print";
    error.subject = "the exact bytes";
    error.message = "there are some among them that this terminal would obey";
    error.hint = "Send them into a file or a pipe";
    return Unexpected(std::move(error));
  }
  raw(bytes);
  return {};
}

void Output::line(std::string_view text) {
  raw(text);
  raw("\n");
}

std::string Output::dump(const nlohmann::ordered_json& value, int indent) {
  // In a pipe too: it may end at a terminal, and whoever reads JSON reads the escapes.
  return escape_json_for_terminal(value.dump(indent, ' ', /*ensure_ascii=*/false,
                                             nlohmann::ordered_json::error_handler_t::replace));
}

void Output::json(const nlohmann::ordered_json& value) {
  line(dump(value, format_ == Format::jsonl ? -1 : 2));
}

void Output::json_list(const nlohmann::ordered_json& values) {
  if (format_ != Format::jsonl) return json(values);
  for (const auto& value : values) line(dump(value, -1));
}

void Output::json_text(std::string_view document) {
  json(nlohmann::ordered_json::parse(document, nullptr, /*allow_exceptions=*/false));
}

std::string Output::styled(std::string_view text, Style style) const {
  if (!colour_ || style == Style::plain) return std::string(text);
  return fmt::format("{}{}\x1b[0m", code_of(style), text);
}

Status Output::flush() {
  if (failure_ == 0 && std::fflush(file_) != 0) failure_ = errno;
  if (failure_ == 0 || failure_ == EPIPE) return {};
  Error error;
  error.code = ErrorCode::io;
  error.operation = "write";
  error.subject = "the answer";
  error.message = std::strerror(failure_);
  return Unexpected(std::move(error));
}

void Table::row(std::vector<std::string> cells, Style style) {
  rows_.push_back({std::move(cells), style});
}

std::vector<std::size_t> Table::widths(bool with_titles) const {
  std::vector<std::size_t> widths(titles_.size(), 0);
  const auto take = [&](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(cells[i]));
    }
  };
  if (with_titles) take(titles_);
  for (const Row& row : rows_) take(row.cells);
  return widths;
}

std::string Table::aligned(const std::vector<std::string>& cells,
                           const std::vector<std::size_t>& widths) {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    text += cells[i];
    if (i + 1 < cells.size()) text.append(widths[i] - width_of(cells[i]) + 2, ' ');
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

void Table::print(Output& out) const {
  if (!out.terminal()) {
    for (const Row& row : rows_) out.line(fmt::format("{}", fmt::join(row.cells, "\t")));
    return;
  }
  const std::vector<std::size_t> columns = widths(true);
  out.line(out.styled(aligned(titles_, columns), Style::bold));
  for (const Row& row : rows_) out.line(out.styled(aligned(row.cells, columns), row.style));
}

void Table::print_aligned(Output& out, std::string_view indent) const {
  const std::vector<std::size_t> columns = widths(false);
  for (const Row& row : rows_) {
    out.raw(indent);
    out.line(out.styled(aligned(row.cells, columns), row.style));
  }
}

std::string human_size(std::int64_t bytes) {
  if (bytes < 0) return "?";
  if (bytes < 1000) return fmt::format("{} B", bytes);
  static constexpr std::array<std::string_view, 5> kUnits = {"kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  // 999.95 is where one digit after the point would be rounded up to "1000.0".
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace purser::cli
