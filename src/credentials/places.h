// Which files of docker and podman the environment names, in the order in which they count.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "credentials/auth_key.h"

namespace purser {

using EnvironmentReader = std::function<std::optional<std::string>(const char* name)>;
// The process's own. A variable that is set to nothing counts as not set.
std::optional<std::string> process_environment(const char* name);

struct AuthPlace {
  std::filesystem::path file;
  AuthFileFormat format = AuthFileFormat::auths;
  bool must_exist = false;  // it was named, so a missing one is an error
  bool guessed = false;     // nobody named it: if it is not ours to look at, it is not ours
};

std::filesystem::path home_directory(const EnvironmentReader& environment);
std::filesystem::path docker_config_file(const EnvironmentReader& environment);
// `named` (--authfile) alone, or $REGISTRY_AUTH_FILE alone, or those of docker and podman.
std::vector<AuthPlace> auth_places(const std::filesystem::path& named,
                                   const EnvironmentReader& environment);

// May a helper be run because this file says so (C.1-20)? Not when the file belongs to a project:
// when it was named by a relative path, is in a checkout (a folder above it has a .git), or is
// below the current directory. A project could then name the program that gets the passwords. The
// user's own folders are his wherever he stands, and a .git of the home directory itself, or above
// it, makes no project of it.
bool may_name_helpers(const std::filesystem::path& file, const EnvironmentReader& environment);

}  // namespace purser
