// What a verb works with: the settings, the answer, and the client of a registry.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/diagnostics.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "purser/apply.h"
#include "purser/client.h"
#include "purser/reference.h"
#include "purser/result.h"
#include "purser/user_credentials.h"

namespace purser::cli {

// The password for -u: from stdin or PURSER_PASSWORD. Errors: invalid_argument, io,
// cancelled.
Result<Secret> password_of(const Settings& settings, const std::stop_token& stop);

// Thread rule: one thread at a time.
class Session {
 public:
  // `transport` may be null: the network.
  Session(const Settings& settings, Output& out, Diagnostics& err, std::stop_token stop,
          std::shared_ptr<http::Transport> transport)
      : settings_(settings),
        out_(out),
        err_(err),
        stop_(std::move(stop)),
        transport_(std::move(transport)) {}

  const Settings& settings() const noexcept { return settings_; }
  Output& out() noexcept { return out_; }
  Diagnostics& err() noexcept { return err_; }
  CallOptions call() const { return {.stop = stop_, .deadline = {}}; }
  std::filesystem::path state_directory() const;

  // The client of a registry; the same one each time. A user name, a client certificate or
  // --plain-http of the command line belongs to one registry, so it is an error to use it for two.
  // Errors: invalid_argument, io.
  Result<Client*> client(const RegistryName& registry);
  Result<Client*> client(const Repository& repository);

  // A client of its own, with these credentials and no others.
  Result<Client> make_client(const RegistryName& registry,
                             std::shared_ptr<const CredentialSource> source);

  // Where the logins of whoever runs this are, -u aside.
  std::shared_ptr<UserCredentials> user_credentials();

 private:
  Status check_belongs_to_one(const RegistryName& registry) const;
  void warn_of_insecure_hosts(const RegistryName& registry);
  Result<std::shared_ptr<const CredentialSource>> credentials(const RegistryName& registry);

  const Settings& settings_;
  Output& out_;
  Diagnostics& err_;
  std::stop_token stop_;
  std::shared_ptr<http::Transport> transport_;
  std::map<std::string, Client> clients_ = {};
  bool warned_ = false;               // of --insecure-skip-verify: once is enough
  bool plain_http_is_taken_ = false;  // by a registry that is not on this machine
  std::shared_ptr<UserCredentials> user_credentials_ = {};
};

}  // namespace purser::cli
