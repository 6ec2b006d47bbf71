// The credentials of the user who runs the program: where they are looked for, in which order, and
// where a login is kept. docs/credentials.md has the reasons.
//
//   auto credentials = std::make_shared<purser::UserCredentials>();
//   options.credentials = credentials;                              // for a Client
//   for (const auto& look : credentials->explain(registry, "team/app")) ...
//
// The order: the file that was asked for by name, and then nothing else; or
// $DOCKER_AUTH_CONFIG; then $REGISTRY_AUTH_FILE, and then nothing else; or docker's config.json,
// podman's auth.json in $XDG_RUNTIME_DIR and in $XDG_CONFIG_HOME, ~/.dockercfg. Within a file:
// credHelpers, else credsStore, then auths; the key of credHelpers is exactly the one by which
// docker asks, or podman in its own file.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/credentials.h"
#include "purser/reference.h"
#include "purser/result.h"

namespace purser {

struct UserCredentialsOptions {
  // Asked for by name, as by --authfile. Then no other place counts, and it is an error of find()
  // when there is no such file: going on anonymously is not what was asked for.
  std::filesystem::path file = {};
  std::chrono::milliseconds helper_timeout{30'000};
  // Reads a variable of the environment; none: the process's own.
  std::function<std::optional<std::string>(const char* name)> environment = {};
};

// One place that was looked at for one registry, or one repository of it. Never a secret.
struct CredentialLook {
  enum class Found {
    absent,     // there is no such place: no such file, the variable is not set
    nothing,    // the place is there and has nothing for it
    used,       // this is the credential that is used
    shadowed,   // one is here, but an earlier place has one too
    not_asked,  // a helper that was not run, or a place that was not looked at, because an earlier
                // place has a credential
    failed,     // could not be read; that is an error, and never "no credentials"
  };
  std::string place = {};    // "/home/ann/.docker/config.json", "DOCKER_AUTH_CONFIG"
  std::string section = {};  // "auths", "credHelpers", "credsStore"; empty without one
  std::string key = {};      // of the section: "registry.example.com"
  std::string helper = {};   // "docker-credential-pass", or with its folder where it was found
  Found found = Found::nothing;
  std::string username = {};
  std::string kind = {};  // "password", "identity token", "registry token"
  std::string note = {};  // what a person should know: a file that others can read; an error
  // The command that takes this login away: "purser logout h.io/team --authfile
  // /home/ann/auth.json". Empty: none does.
  std::string logout = {};
};
std::string_view to_string(CredentialLook::Found found);

// A login for a part of a registry.
struct PartLogin {
  std::string name = {};  // "h.io/team"
  // The commands that put another one in its place, and take it away. Empty: none does.
  std::string login = {};
  std::string logout = {};
};

// Where a login was put, or taken from.
struct CredentialHome {
  std::filesystem::path file = {};
  // Programs. Empty: the file itself has it, base64 and not encrypted. Of Docker Hub erase() may
  // find it in two, that of docker's name and that of podman's.
  std::vector<std::string> helpers = {};
  std::vector<std::string> keys = {};
  bool was_open_to_others = false;  // others could read the file until now; it is 0600 now
};

// Thread rule: all members may be called from several threads at once. A helper is run once for
// many look-ups: its answer is kept for some minutes.
class UserCredentials : public CredentialSource {
 public:
  explicit UserCredentials(UserCredentialsOptions options = {});
  ~UserCredentials() override;
  UserCredentials(const UserCredentials&) = delete;
  UserCredentials& operator=(const UserCredentials&) = delete;

  // May run a helper. Errors: invalid_argument (a malformed file or entry), io, bad_response (a
  // helper that fails), refused (a helper that may not be run: C.1-17, C.1-20). Never not_found,
  // which says that an image is gone. A helper is not waited for longer than `options` has it: it
  // is killed then, here and below.
  Result<std::optional<Credential>> find(const RegistryName& registry, std::string_view repository,
                                         const CallOptions& options = {}) const override;

  // Every place in order, down to the last one. Runs the helper that find() would run; asks no
  // registry.
  std::vector<CredentialLook> explain(const RegistryName& registry, std::string_view repository,
                                      const CallOptions& options = {}) const;

  // The places alone, in their order and not looked at: what there would be to ask where something
  // else has decided.
  std::vector<CredentialLook> places() const;

  // Keeps a login: in the helper that the file names for this registry, else in the file
  // itself. The file is the one asked for by name, else $REGISTRY_AUTH_FILE, else docker's. Other
  // entries of it stay as they are; other spellings of this registry in it go. With a `path`
  // ("team") it is for the repositories at and below that alone, as podman has it; no helper
  // keeps such a one. Errors: as find(); unsupported for a path where a helper is configured.
  Result<CredentialHome> store(const RegistryName& registry, const Credential& credential,
                               std::string_view path = {}, const CallOptions& options = {});

  // Takes the login out of that file, and out of its helper. No value: there was none. Errors: as
  // store(); that of a helper comes once the login is out of all the rest, and says out of what.
  Result<std::optional<CredentialHome>> erase(const RegistryName& registry,
                                              std::string_view path = {},
                                              const CallOptions& options = {});

  // The logins in that file for a part of the registry (below `path`, where one is given): they
  // count there before the one that is for more, unless a helper has that.
  std::vector<PartLogin> narrower_logins(const RegistryName& registry,
                                         std::string_view path = {}) const;

  // The file that store() and erase() change.
  std::filesystem::path file() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace purser
