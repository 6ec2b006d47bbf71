// A user's home with files, helpers and an environment of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "purser/user_credentials.h"
#include "testing/temp_dir.h"

namespace purser {

class CredentialsFixture : public ::testing::Test {
 protected:
  static RegistryName registry(std::string_view text) { return RegistryName::parse(text).value(); }

  UserCredentialsOptions options() const {
    UserCredentialsOptions options;
    options.environment = [variables = variables_](const char* name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
    return options;
  }
  std::shared_ptr<UserCredentials> credentials() const {
    return std::make_shared<UserCredentials>(options());
  }
  // With this as docker's config.json.
  std::shared_ptr<UserCredentials> with_config(std::string_view text) const {
    home_.write(".docker/config.json", text);
    return credentials();
  }
  std::filesystem::path docker_file() const { return home_ / ".docker/config.json"; }

  // A credential helper, as a script for /bin/sh.
  std::filesystem::path helper(const std::string& name, const std::string& script) const {
    const auto file = home_.write("bin/docker-credential-" + name, "#!/bin/sh\n" + script);
    ::chmod(file.c_str(), 0700);
    return file;
  }

  // "user:password" of the credential, "-" without one, or the error.
  static std::string found(const CredentialSource& source, std::string_view name,
                           std::string_view repository = {}) {
    const auto credential = source.find(registry(name), repository);
    if (!credential) return to_string(credential.error());
    if (!credential->has_value()) return "-";
    return (*credential)->username + ":" + (*credential)->password.reveal();
  }

  testing::TempDir home_;
  std::map<std::string, std::string> variables_ = {
      {"HOME", home_.path()},
      {"PATH", (home_ / "bin").string() + ":/usr/bin:/bin"},
      {"XDG_RUNTIME_DIR", home_ / "run"}};
};

}  // namespace purser
