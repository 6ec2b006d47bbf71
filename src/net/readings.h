// A text as those read it who undo an encoding, and where in the text each byte of that comes from.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::net {

struct Reading {
  std::string bytes = {};
  // Where in the text a byte begins, the same for all bytes of one character; and at last where the
  // text ends.
  std::vector<std::uint32_t> at = {};
};

// The text as it is; with the escapes of JSON undone ("\u0026", "\""); and both of them with those
// of a URL ("%2f"), of a form ("%2f", "+") or of HTML ("&amp;") undone. A reading that would be the
// text as it is is left out.
void for_each_reading(std::string_view text, const std::function<void(const Reading&)>& visit);

}  // namespace purser::net
