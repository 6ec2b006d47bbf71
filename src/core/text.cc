#include "core/text.h"

#include <algorithm>
#include <cstdint>

namespace purser {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

// The code point at the start of `text`, after Unicode's table 3-7: no overlong forms, no
// surrogates, nothing past U+10FFFF.
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  std::uint32_t smallest = 0;
  std::uint32_t value = 0;
  if ((lead & 0xE0) == 0xC0) {
    length = 2, smallest = 0x80, value = lead & 0x1F;
  } else if ((lead & 0xF0) == 0xE0) {
    length = 3, smallest = 0x800, value = lead & 0x0F;
  } else if ((lead & 0xF8) == 0xF0) {
    length = 4, smallest = 0x10000, value = lead & 0x07;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < smallest || surrogate || value > 0x10FFFF) return {};
  return {value, length};
}

bool breaks_line(std::uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_control(std::uint32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

// Marks, embeddings, overrides and isolates: with them a name can be made to read as another.
bool turns_direction(std::uint32_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

bool is_obeyed(std::uint32_t c) { return breaks_line(c) || is_control(c) || turns_direction(c); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string sanitize_for_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = decode(text);
    if (c.bytes == 0) {
      out += kReplacement;
      text.remove_prefix(1);
      continue;
    }
    if (breaks_line(c.value)) {
      out += ' ';
    } else if (!is_control(c.value) && !turns_direction(c.value)) {
      out += text.substr(0, c.bytes);
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

bool is_fit_for_terminal(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = decode(text);
    const bool plain = c.value == '\n' || c.value == '\t';
    if (c.bytes == 0 || (!plain && is_obeyed(c.value))) return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

std::string escape_json_for_terminal(std::string_view json) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const CodePoint c = decode(json);
    const std::size_t bytes = c.bytes == 0 ? 1 : c.bytes;
    // Line feeds and spaces between the values are the document's own; within them they are escaped
    // already.
    if (c.bytes != 0 && c.value >= 0x7F && is_obeyed(c.value)) {
      out += "\\u";  // none of them is past U+FFFF
      for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(c.value >> shift) & 15U];
    } else {
      out += c.bytes == 0 ? kReplacement : json.substr(0, bytes);
    }
    json.remove_prefix(bytes);
  }
  return out;
}

std::string shorten(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  const bool marked = max_bytes >= kEllipsis.size();
  std::size_t end = marked ? max_bytes - kEllipsis.size() : max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  std::string out(text.substr(0, end));
  if (marked) out += kEllipsis;
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace purser
