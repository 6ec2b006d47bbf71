#include "credentials/places.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <system_error>

namespace purser {
namespace {

namespace fs = std::filesystem;

// Without "." and links; what is not there yet keeps its name.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  fs::path result = fs::weakly_canonical(path, error);
  return error ? fs::absolute(path, error).lexically_normal() : result;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [in_folder, in_path] =
      std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end() && in_path != path.end();
}

fs::path config_home(const EnvironmentReader& environment) {
  const auto named = environment("XDG_CONFIG_HOME");
  return named ? fs::path(*named) : home_directory(environment) / ".config";
}

fs::path runtime_auth_file(const EnvironmentReader& environment) {
  const auto named = environment("XDG_RUNTIME_DIR");
  const fs::path folder =
      named ? fs::path(*named) / "containers"
            : fs::path("/run/containers") / std::to_string(static_cast<unsigned>(::getuid()));
  return folder / "auth.json";
}

// Wherever one stands in it. What cannot be looked at may be one.
bool is_in_checkout(const fs::path& file, const fs::path& home) {
  for (fs::path folder = file.parent_path(); folder != home && folder != folder.root_path();
       folder = folder.parent_path()) {
    if (is_below(home, folder)) return false;
    std::error_code error;
    if (fs::symlink_status(folder / ".git", error).type() != fs::file_type::not_found) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

fs::path home_directory(const EnvironmentReader& environment) {
  if (const auto home = environment("HOME")) return *home;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return found->pw_dir;
  }
  return "/";
}

fs::path docker_config_file(const EnvironmentReader& environment) {
  if (const auto folder = environment("DOCKER_CONFIG")) return fs::path(*folder) / "config.json";
  return home_directory(environment) / ".docker" / "config.json";
}

std::vector<AuthPlace> auth_places(const fs::path& named, const EnvironmentReader& environment) {
  if (!named.empty()) return {{.file = named, .must_exist = true}};
  if (const auto file = environment("REGISTRY_AUTH_FILE")) {
    return {{.file = *file, .must_exist = true}};
  }
  return {
      {.file = docker_config_file(environment)},
      {.file = runtime_auth_file(environment),
       .guessed = !environment("XDG_RUNTIME_DIR").has_value()},
      {.file = config_home(environment) / "containers" / "auth.json"},
      {.file = home_directory(environment) / ".dockercfg", .format = AuthFileFormat::dockercfg}};
}

bool may_name_helpers(const fs::path& file, const EnvironmentReader& environment) {
  if (!file.is_absolute()) return false;
  const fs::path target = resolved(file);
  const fs::path home = resolved(home_directory(environment));
  for (const fs::path& own : {home / ".docker", home / ".config" / "containers"}) {
    if (is_below(target, resolved(own))) return true;
  }
  if (is_in_checkout(target, home)) return false;
  std::error_code error;
  const fs::path here = fs::current_path(error);
  if (error) return false;
  // Above the home directory there is no project, only what all projects are in.
  if (here == home || is_below(home, here) || here == here.root_path()) return true;
  return !is_below(target, here);
}

}  // namespace purser
