// Questions to whoever sits at the terminal.
#pragma once

#include <cstdio>
#include <stop_token>
#include <string>
#include <string_view>

#include "purser/result.h"

namespace purser::cli {

enum class Echo { shown, hidden };

// Writes the question to `out` and reads one line from `terminal`, without its end. Hidden, what is
// typed is not shown, and what was typed before the question is dropped; the terminal is as it was
// when this returns, and the keys that would stop or kill the program in between do nothing.
// Errors: invalid_argument for an empty line or the end of input; cancelled by `stop`; io.
Result<std::string> prompt(int terminal, std::FILE* out, std::string_view question, Echo echo,
                           const std::stop_token& stop);

}  // namespace purser::cli
