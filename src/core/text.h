// Text that came from a server or a user, made fit to be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace purser {

// One line that a terminal can show: whatever could move the cursor, start an escape sequence or
// turn the reading direction is taken out, line breaks and tabs become spaces, and bytes that are
// not UTF-8 become U+FFFD.
std::string sanitize_for_terminal(std::string_view text);

// UTF-8 without any of that, but for line feeds and tabs.
bool is_fit_for_terminal(std::string_view text);

// The same JSON document, with whatever a terminal would obey written as \uXXXX: a terminal also
// obeys controls of eight bits and turns its direction, which JSON lets stand as they are.
std::string escape_json_for_terminal(std::string_view json);

// At most `max_bytes` bytes, cut between characters, with "…" where something was cut off.
std::string shorten(std::string_view text, std::size_t max_bytes);

// ASCII only: names on the wire know no other letters.
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace purser
