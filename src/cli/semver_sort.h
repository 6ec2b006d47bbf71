// Orders tags as versions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace purser::cli {

// Names that are no version come first, by name; then versions, oldest first, by the precedence of
// Semantic Versioning 2.0.0 (item 11). A leading `v` and missing parts are allowed: `v1` is a
// version, and stands before `1.0.0`. Numbers may have any length.
void sort_by_version(std::vector<std::string>& names);

// Is it read as a version: `[v]N[.N]...[-PRERELEASE]`?
bool is_version(std::string_view name);

}  // namespace purser::cli
