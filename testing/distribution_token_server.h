// The token server of the distribution project, as a process: written by others, unlike the one in
// token_server.h, and so a check on what both this code and that one take for granted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "testing/certificates.h"
#include "testing/process.h"
#include "testing/registry_server.h"
#include "testing/temp_dir.h"

namespace purser::testing {

// Speaks TLS with a certificate of `authority`, signs with a key of its own, and gives each of
// `users` (name to password) all rights to the repositories below "NAME/", the catalog, and nothing
// else. To anything else that is wished it answers 200 with a token that lacks it. It gives
// refresh tokens, and nothing without a password. Fails with HarnessError where scripts/setup has
// not built the program. Thread rule: one thread at a time.
class DistributionTokenServer {
 public:
  DistributionTokenServer(const CertificateAuthority& authority,
                          const std::map<std::string, std::string>& users);
  ~DistributionTokenServer();

  // What a registry is told to trust.
  TokenTrust trust() const;
  // By the password; to be kept as an identity token.
  std::string refresh_token(const std::string& user, const std::string& password) const;
  // How many tokens it has given, by each method.
  std::size_t given_by_get() const { return count("get token complete"); }
  std::size_t given_by_post() const { return count("post token complete"); }

 private:
  std::string url() const;
  void start();
  // Its own word counts: another's server could have taken the port.
  bool wait_until_it_answers();
  std::size_t count(const std::string& logged) const;

  TempDir directory_;
  std::string program_;
  KeyPair signing_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace purser::testing
