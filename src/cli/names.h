// Names as verbs take them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/reference.h"
#include "purser/result.h"

namespace purser::cli {

// `REGISTRY` or `REGISTRY/REPO`: the part before the first slash is a registry here, whatever it
// looks like; of Docker Hub the repository has its `library/`, as for every other verb.
struct RegistryScope {
  RegistryName registry;
  std::optional<Repository> repository = {};
};
// Errors: invalid_argument.
Result<RegistryScope> parse_scope(std::string_view text);
// What a login is for: a registry, or the repositories at and below a path of it. No repository
// itself, so that Docker Hub's `library/` is not added: docker.io/team is all that team has.
struct LoginScope {
  RegistryName registry;
  std::string path = {};
  std::string str() const { return path.empty() ? registry.str() : registry.str() + "/" + path; }
};
// docker's names of a registry too: "https://index.docker.io/v1/". Errors: invalid_argument.
Result<LoginScope> parse_login_scope(std::string_view text);
// What to tell a person whose login for docker.io/ubuntu other verbs would not use for
// docker.io/ubuntu, which is library/ubuntu to them. No value: there is no doubt.
std::optional<std::string> doubt_about_login(const LoginScope& scope);
// What to tell a person whose REGISTRY[/REPO] other verbs would read as a repository of Docker Hub:
// `ubuntu` is a host here. No value: there is no doubt.
std::optional<std::string> doubt_about_scope(std::string_view text);

// Errors: invalid_argument; of the first that is malformed, so that a verb starts nothing.
Result<std::vector<Reference>> parse_references(const std::vector<std::string>& names);

// Each reference with its tag or digest, all of one registry: for verbs that take something away,
// where no default may decide what. Errors: invalid_argument.
Status check_named(const std::vector<Reference>& references, bool by_digest);

// The repositories of a file, a path a line; `#` starts a comment, the registry and a slash before
// a path are cut off; a short name of Docker Hub gets its `library/`. Errors: invalid_argument with
// the line; also for a file that names none.
Result<std::vector<std::string>> parse_repository_list(std::string_view text,
                                                       std::string_view registry,
                                                       std::string_view source);

}  // namespace purser::cli
