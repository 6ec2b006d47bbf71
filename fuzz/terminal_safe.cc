#include "fuzz/fuzz.h"

namespace purser::fuzz {
namespace {

// One code point of well-formed UTF-8, by Unicode's table 3-7; 0 bytes where it is none.
std::size_t read_code_point(std::string_view text, std::uint32_t& value) {
  struct Row {
    unsigned char lead_first, lead_last, second_first, second_last;
    std::size_t bytes;
  };
  static constexpr Row kTable[] = {
      {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
      {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
      {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
  };
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (const Row& row : kTable) {
    if (byte(0) < row.lead_first || byte(0) > row.lead_last) continue;
    if (text.size() < row.bytes) return 0;
    value = row.bytes == 1 ? byte(0) : byte(0) & (0xFFu >> (row.bytes + 1));
    for (std::size_t i = 1; i < row.bytes; ++i) {
      const unsigned char first = i == 1 ? row.second_first : 0x80;
      const unsigned char last = i == 1 ? row.second_last : 0xBF;
      if (byte(i) < first || byte(i) > last) return 0;
      value = value << 6 | (byte(i) & 0x3Fu);
    }
    return row.bytes;
  }
  return 0;
}

bool moves_or_turns(std::uint32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
  const bool line_end = c == 0x2028 || c == 0x2029;
  const bool bidi = c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
                    (c >= 0x2066 && c <= 0x2069);
  return control || line_end || bidi;
}

}  // namespace

bool is_terminal_safe(std::string_view text) {
  while (!text.empty()) {
    std::uint32_t value = 0;
    const std::size_t bytes = read_code_point(text, value);
    if (bytes == 0 || moves_or_turns(value)) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace purser::fuzz
