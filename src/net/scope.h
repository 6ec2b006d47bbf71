// Token scopes: "repository:team/app:pull,push".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace purser::net {

// What two lists of space-separated scopes ask for together: each resource once, its actions as a
// sorted set, those that `first` names in front (some token servers read only the first). So the
// same need always has the same text, however the server orders its words.
std::vector<std::string> union_of_scopes(std::string_view first, std::string_view second);

// Do the scopes ask for nothing that `granted` does not have?
bool covers(const std::vector<std::string>& granted, std::string_view scopes);

}  // namespace purser::net
