// Glob patterns of keep lists.
#pragma once

#include <string_view>

namespace purser {

// `?` is any one character but '/', `*` any number of those, `**` any number of any characters.
// Everything else stands for itself. Needs no memory, and at most the product of the lengths in
// steps for each `**`: no name, however made, holds it up.
bool glob_matches(std::string_view pattern, std::string_view text);

bool is_glob(std::string_view text);

}  // namespace purser
