// How it is told what settling did, where there is no report to tell it in.
#pragma once

#include <string>

#include "purser/apply.h"
#include "purser/client.h"

namespace purser {

// The sentence for a repository in which something was left.
std::string not_settled(const std::string& registry, const std::string& path,
                        const std::string& why);

// Everything that was done and left, as warnings: an error has no place for what was put right
// before it.
void log_settled(const Client& client, const Settled& settled);

}  // namespace purser
