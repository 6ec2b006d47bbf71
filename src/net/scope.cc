#include "net/scope.h"

#include <algorithm>
#include <set>
#include <utility>

namespace purser::net {
namespace {

const std::string kEverything = "*";

struct Resource {
  std::string name;  // type and name: "repository:team/app"
  std::set<std::string> actions;
};

void add_scope(std::vector<Resource>& resources, std::string_view scope) {
  const auto name = resource_of(scope);
  auto found = std::find_if(resources.begin(), resources.end(),
                            [&](const Resource& resource) { return resource.name == name; });
  if (found == resources.end()) {
    found = resources.insert(resources.end(), Resource{std::string(name), {}});
  }
  if (name.size() == scope.size()) return;
  std::string_view actions = scope.substr(name.size() + 1);
  while (!actions.empty()) {
    const auto action = actions.substr(0, actions.find(','));
    if (!action.empty()) found->actions.emplace(action);
    actions.remove_prefix(std::min(actions.size(), action.size() + 1));
  }
  if (found->actions.contains(kEverything)) found->actions = {kEverything};
}

void add_scopes(std::vector<Resource>& resources, std::string_view scopes) {
  while (!scopes.empty()) {
    const auto scope = scopes.substr(0, scopes.find(' '));
    if (!scope.empty()) add_scope(resources, scope);
    scopes.remove_prefix(std::min(scopes.size(), scope.size() + 1));
  }
}

std::string text_of(const Resource& resource) {
  std::string text = resource.name;
  char separator = ':';
  for (const std::string& action : resource.actions) {
    text += std::exchange(separator, ',') + action;
  }
  return text;
}

}  // namespace

std::string_view resource_of(std::string_view scope) {
  // A resource's name may have colons in it (host:port): the last one ends it. A scope without two
  // is not of this grammar; it is a name as a whole.
  const auto last = scope.rfind(':');
  const bool structured = last != std::string_view::npos && scope.find(':') != last;
  return scope.substr(0, structured ? last : scope.size());
}

std::vector<std::string> forms_of(const std::string& scope) {
  constexpr std::string_view kDelete = ":delete";
  if (!scope.starts_with("repository:") || !scope.ends_with(kDelete)) return {scope};
  const std::string resource = scope.substr(0, scope.size() - kDelete.size());
  return {scope, resource + ":pull,push,delete", resource + ":*"};
}

std::vector<std::string> union_of_scopes(std::string_view first, std::string_view second) {
  std::vector<Resource> resources;
  add_scopes(resources, first);
  add_scopes(resources, second);
  std::vector<std::string> result;
  result.reserve(resources.size());
  for (const Resource& resource : resources) result.push_back(text_of(resource));
  return result;
}

bool covers(const std::vector<std::string>& granted, std::string_view scopes) {
  std::vector<Resource> have;
  for (const std::string& scope : granted) add_scopes(have, scope);
  std::vector<Resource> need;
  add_scopes(need, scopes);
  return std::all_of(need.begin(), need.end(), [&](const Resource& wanted) {
    const auto found = std::find_if(have.begin(), have.end(), [&](const Resource& resource) {
      return resource.name == wanted.name;
    });
    if (found == have.end()) return false;
    if (found->actions.contains(kEverything)) return true;
    return std::includes(found->actions.begin(), found->actions.end(), wanted.actions.begin(),
                         wanted.actions.end());
  });
}

}  // namespace purser::net
