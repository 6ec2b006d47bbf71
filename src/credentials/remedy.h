// What to do about a login that is refused or cannot be read: another thing for a file, a helper
// and a variable, since `purser login` mends only some of them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "credentials/auth_key.h"

namespace purser {

// The text of DOCKER_AUTH_CONFIG is nobody's to change but of whoever sets it.
inline constexpr const char* kAuthVariable = "DOCKER_AUTH_CONFIG";

// Where one credential, or one failure, is.
struct LoginPlace {
  std::string registry = {};
  std::string path = {};            // of an entry for a part of the registry
  std::filesystem::path file = {};  // empty: the variable
  AuthFileFormat format = AuthFileFormat::auths;
};

// "purser login h.io/team --authfile FILE": the command that puts another login into the place of
// this one, or before it. `usual_file` is what a login without --authfile writes.
std::string login_command(const LoginPlace& place, const std::filesystem::path& usual_file);

// For Credential::remedy.
std::string remedy_of(const LoginPlace& place, const std::filesystem::path& usual_file);

// The hints for what cannot be read: the whole place, one entry of it, a helper that it names.
enum class Unreadable { place, entry, helper };
std::string hint_for(Unreadable what, const LoginPlace& place,
                     const std::filesystem::path& usual_file);

}  // namespace purser
