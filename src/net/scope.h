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

// "repository:team/app" of "repository:team/app:pull".
std::string_view resource_of(std::string_view scope);

// The forms in which registries want the right to delete to be asked for, in the order to try them
// quay refuses `delete` and takes `*`. Any other scope has one form, its own.
std::vector<std::string> forms_of(const std::string& scope);

// Do the scopes ask for nothing that `granted` does not have?
bool covers(const std::vector<std::string>& granted, std::string_view scopes);

}  // namespace purser::net
