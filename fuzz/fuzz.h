// What every fuzz target stands on. A target is one file with one LLVMFuzzerTestOneInput: libFuzzer
// drives it in the preset `fuzz`, replay_main.cc in every other build.
//
// A target states what must hold for any input at all. It does not only wait for a crash: a parser
// of what a hostile server sends is wrong long before it reads past an end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Not assert: it must hold in a build with NDEBUG too.
#define FUZZ_CHECK(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

namespace purser::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Takes the first line off the input, its end not included: the parts of an input are lines, so
// that a corpus can be read and written by hand.
inline std::string_view take_line(std::string_view& input) {
  const std::string_view line = input.substr(0, input.find('\n'));
  input.remove_prefix(line.size() < input.size() ? line.size() + 1 : input.size());
  return line;
}

inline std::vector<std::string_view> lines_of(std::string_view input) {
  std::vector<std::string_view> lines;
  while (!input.empty()) lines.push_back(take_line(input));
  return lines;
}

// May these bytes stand in a header or a request line as they are?
inline bool is_wire_safe(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return false;
  }
  return true;
}

// Written apart from core/text, which is one of the targets: may a terminal be shown this?
bool is_terminal_safe(std::string_view text);

}  // namespace purser::fuzz
