// What to do about a login that is refused or cannot be read: another thing for a file, a helper
// and a variable, since `purser login` mends only some of them.
#pragma once

#include <filesystem>
#include <optional>
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
  bool has_helper =
      false;  // the file names one for the registry, and none keeps a login for a part
};

// The commands about the login of a place, whole and quoted for a shell, and no others are shown to
// people: each does what it is shown for, or there is none. `usual_file`: what a login without
// --authfile writes.
//
// "purser login h.io/team --authfile FILE": puts another login into the place of this one, or into
// one that is asked before it. None for the variable, and where nothing can be put before it.
std::optional<std::string> login_command(const LoginPlace& place,
                                         const std::filesystem::path& usual_file);
// "purser logout h.io/team --authfile FILE": takes this login away. None for the variable, and for
// an entry that no `login` can have made.
std::optional<std::string> logout_command(const LoginPlace& place,
                                          const std::filesystem::path& usual_file);

// For Credential::remedy.
std::string remedy_of(const LoginPlace& place, const std::filesystem::path& usual_file);

// The hints for what cannot be read: the whole place, one entry of it, a helper that it names.
enum class Unreadable { place, entry, helper };
std::string hint_for(Unreadable what, const LoginPlace& place,
                     const std::filesystem::path& usual_file);

}  // namespace purser
