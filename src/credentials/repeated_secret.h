// Does a text repeat a secret that the program was given (C.1-15)?
#pragma once

#include <string_view>

#include "purser/credentials.h"

namespace purser {

// As it is, broken into lines, as JSON escapes it, percent-encoded, or in base64 (of either
// alphabet, and wherever it begins in what was encoded). In doubt it does: of a secret of fewer
// than four bytes any text might. An empty one is repeated by none. Pure.
bool repeats_secret(std::string_view text, const Secret& secret);

}  // namespace purser
