// What --help says.
#pragma once

#include <string>
#include <string_view>

#include "cli/option_set.h"
#include "cli/verb.h"

namespace purser::cli {

// Of the program; `options` are the global ones.
std::string program_help(const OptionSet& options);
// Of a verb; `options` are its own and the global ones.
std::string verb_help(const VerbInfo& verb, const OptionSet& options);
// The verb that was probably meant, or empty.
std::string_view nearest_verb(std::string_view name);

}  // namespace purser::cli
