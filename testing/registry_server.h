// Real registries on a free port of loopback: distribution 2.8.2 (Debian's docker-registry), and
// those that `scripts/setup full` builds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/certificates.h"
#include "testing/process.h"
#include "testing/temp_dir.h"

namespace purser::testing {

class TokenServer;

// Whose tokens a registry takes, and where it sends a client for one.
struct TokenTrust {
  std::string realm = {};
  std::string service = {};
  std::string issuer = {};
  std::string certificate = {};  // of the key that signs, in PEM
};

enum class RegistryKind {
  distribution_2,        // docker-registry 2.8.2
  distribution_3,        // 3.1
  go_containerregistry,  // in memory; of the options it knows `referrers` alone
};
std::string_view to_string(RegistryKind kind);

struct RegistryOptions {
  RegistryKind kind = RegistryKind::distribution_2;
  std::string address = "127.0.0.1";  // or "::1", on machines that have it
  bool deletes = true;
  bool cache = true;           // the descriptor cache in memory, Debian's default
  bool referrers = true;       // the referrers API, where the program has one
  std::string mirror_of = {};  // the URL of a registry: a pull-through cache of that one
  std::map<std::string, std::string> users = {};    // with any: Basic, name to password
  const TokenServer* tokens = nullptr;              // with one: Bearer
  std::optional<TokenTrust> token_trust = {};       // the same, of another token server
  const CertificateAuthority* authority = nullptr;  // with one: TLS
  CertificateOptions certificate = {};
  // With one, beside `authority`: only clients with a certificate of it are spoken to.
  const CertificateAuthority* clients = nullptr;
};

// Runs from its construction to its end, storage and all in a directory of its own. Fails with
// HarnessError where the program is missing or does not answer in time. The program is what
// scripts/setup put into the build folder; PURSER_TEST_REGISTRY names another distribution 2.x.
// Thread rule: one thread at a time.
class RegistryServer {
 public:
  explicit RegistryServer(const RegistryOptions& options = {});
  ~RegistryServer();

  std::uint16_t port() const noexcept { return port_; }
  std::string host() const;                           // "127.0.0.1:40123", "[::1]:40123"
  std::string url(std::string_view path = "") const;  // "http://127.0.0.1:40123" and the path
  // With TLS: the certificate to trust, as a file.
  std::filesystem::path ca_file() const { return directory_ / "ca.pem"; }
  std::filesystem::path storage() const { return directory_ / "storage"; }

  void stop();  // SIGTERM
  void kill();  // SIGKILL, as a crash would
  // On the same port; a server that runs is stopped first. The cache is empty then.
  void restart();
  void restart_read_only();
  void restart_with_deletes(bool enabled);

  // `docker-registry garbage-collect`, never with --delete-untagged. Throws HarnessError unless the
  // server is stopped or read-only: a collection beside a writing server loses images.
  ProcessResult garbage_collect();

  // What it has logged, for the message of a failure.
  std::string log() const;

 private:
  std::vector<std::string> command() const;
  void write_config() const;
  std::string auth_config() const;
  void start();
  bool wait_until_it_answers();

  RegistryOptions options_;
  TempDir directory_{TempDir::Medium::memory};  // the registry syncs each of its many small files
  std::string program_;
  std::uint16_t port_ = 0;
  bool read_only_ = false;
  std::unique_ptr<Process> process_;
  std::string past_log_;
};

}  // namespace purser::testing
