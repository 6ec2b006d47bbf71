#include "testing/registry_server.h"

#include <fmt/core.h>
#include <httplib.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <system_error>
#include <thread>

#include "testing/harness_error.h"
#include "testing/socket.h"
#include "testing/token_server.h"

namespace purser::testing {
namespace {

constexpr std::chrono::seconds kStartLimit{20};
constexpr std::chrono::milliseconds kPollInterval{10};
constexpr int kPortAttempts = 5;

// Each of these would override a part of the configuration; REGISTRY_AUTH_FILE, which other clients
// know, would break it.
const std::vector<std::string> kUnset = {"REGISTRY_*"};
// 3.x would send traces to a collector.
const std::map<std::string, std::string> kEnv = {{"OTEL_TRACES_EXPORTER", "none"}};

std::string program_of(RegistryKind kind) {
  const std::string built = PURSER_TEST_TOOLS "/bin/";
  const char* named = std::getenv("PURSER_TEST_REGISTRY");
  switch (kind) {
    case RegistryKind::distribution_3:
      return built + "distribution";
    case RegistryKind::go_containerregistry:
      return built + "go-containerregistry";
    case RegistryKind::distribution_2:
      break;
  }
  return named != nullptr ? named : PURSER_TEST_TOOLS "/docker-registry/usr/bin/docker-registry";
}

// A whole suite can be run against distribution 3.x.
RegistryKind kind_of(const RegistryOptions& options) {
  const bool newer = std::getenv("PURSER_TEST_DISTRIBUTION_3") != nullptr;
  const bool may_be = options.kind == RegistryKind::distribution_2;
  return newer && may_be ? RegistryKind::distribution_3 : options.kind;
}

std::string registry_program(RegistryKind kind) {
  const std::string program = program_of(kind);
  if (std::filesystem::is_regular_file(program)) return program;
  const bool ordinary = kind == RegistryKind::distribution_2;
  throw HarnessError(fmt::format(
      "no registry server at {}; run {}", program,
      ordinary ? "scripts/setup, which unpacks it, or name another with PURSER_TEST_REGISTRY"
               : "scripts/setup full, which builds it"));
}

}  // namespace

std::string_view to_string(RegistryKind kind) {
  switch (kind) {
    case RegistryKind::distribution_3:
      return "distribution 3.1";
    case RegistryKind::go_containerregistry:
      return "go-containerregistry";
    case RegistryKind::distribution_2:
      break;
  }
  return "distribution 2.8.2";
}

RegistryServer::RegistryServer(const RegistryOptions& options)
    : options_(options), program_(registry_program(kind_of(options))) {
  options_.kind = kind_of(options);
  if (options_.authority != nullptr) {
    const KeyPair pair = options_.authority->issue(options_.certificate);
    directory_.write("ca.pem", options_.authority->certificate_pem());
    directory_.write("server.pem", pair.certificate_pem);
    directory_.write("server.key", pair.key_pem);
  }
  if (const TokenServer* tokens = options_.tokens; tokens != nullptr) {
    options_.token_trust =
        TokenTrust{tokens->realm(), tokens->service(), tokens->issuer(), tokens->certificate()};
  }
  if (options_.token_trust) directory_.write("tokens.pem", options_.token_trust->certificate);
  if (options_.clients != nullptr) {
    const KeyPair pair = options_.clients->issue({.host = "harness", .client = true});
    directory_.write("clients.pem", options_.clients->certificate_pem());
    directory_.write("harness.pem", pair.certificate_pem);
    directory_.write("harness.key", pair.key_pem);
  }
  std::string entries;
  for (const auto& [name, password] : options_.users) {
    // The lowest cost: the registry checks the password anew at each request.
    entries += run_or_throw({"htpasswd", "-niB", "-C", "4", name}, {.stdin_text = password}).out;
  }
  directory_.write("htpasswd", entries);
  std::filesystem::create_directories(storage());

  // Between the look for a free port and the start another test may take it.
  for (int attempt = 1;; ++attempt) {
    port_ = free_port();
    try {
      start();
      return;
    } catch (const HarnessError&) {
      if (attempt == kPortAttempts || log().find("address already in use") == std::string::npos) {
        throw;
      }
    }
  }
}

RegistryServer::~RegistryServer() = default;

std::string RegistryServer::host() const {
  const bool v6 = options_.address.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", options_.address, v6 ? "]" : "", port_);
}

std::string RegistryServer::url(std::string_view path) const {
  return fmt::format("{}://{}{}", options_.authority != nullptr ? "https" : "http", host(), path);
}

void RegistryServer::stop() {
  if (!process_) return;
  process_->end();
  past_log_ += process_->out() + process_->err();
  process_.reset();
}

void RegistryServer::kill() {
  if (!process_) return;
  process_->signal(SIGKILL);
  stop();
}

void RegistryServer::restart() {
  stop();
  start();
}

void RegistryServer::restart_read_only() {
  read_only_ = true;
  restart();
}

void RegistryServer::restart_with_deletes(bool enabled) {
  options_.deletes = enabled;
  read_only_ = false;
  restart();
}

ProcessResult RegistryServer::garbage_collect() {
  if (process_ && !read_only_) {
    throw HarnessError("garbage_collect: stop the registry or restart it read-only first");
  }
  write_config();
  return run_or_throw({program_, "garbage-collect", (directory_ / "config.yml").string()},
                      {.environment = kEnv, .unset = kUnset});
}

std::string RegistryServer::log() const {
  return process_ ? past_log_ + process_->out() + process_->err() : past_log_;
}

void RegistryServer::write_config() const {
  std::string text = fmt::format(
      "version: 0.1\n"
      "log: {{level: info, formatter: text}}\n"
      "storage:\n"
      "  filesystem: {{rootdirectory: '{}'}}\n"
      "  delete: {{enabled: {}}}\n"
      "  maintenance: {{uploadpurging: {{enabled: false}}, readonly: {{enabled: {}}}}}\n",
      storage().string(), options_.deletes, read_only_);
  if (options_.cache) text += "  cache: {blobdescriptor: inmemory}\n";
  if (!options_.mirror_of.empty()) {
    text += fmt::format("proxy: {{remoteurl: '{}'}}\n", options_.mirror_of);
  }
  text += fmt::format("http:\n  addr: '{}'\n  secret: purser-test\n", host());
  if (options_.authority != nullptr) {
    const std::string clients =
        options_.clients == nullptr
            ? ""
            : fmt::format(", clientcas: ['{}']", (directory_ / "clients.pem").string());
    text += fmt::format("  tls: {{certificate: '{}', key: '{}'{}}}\n",
                        (directory_ / "server.pem").string(), (directory_ / "server.key").string(),
                        clients);
  }
  directory_.write("config.yml", text + auth_config());
}

std::string RegistryServer::auth_config() const {
  if (const auto& trust = options_.token_trust) {
    return fmt::format(
        "auth:\n  token: {{realm: '{}', service: '{}', issuer: '{}', "
        "rootcertbundle: '{}'}}\n",
        trust->realm, trust->service, trust->issuer, (directory_ / "tokens.pem").string());
  }
  if (!options_.users.empty()) {
    return fmt::format("auth:\n  htpasswd: {{realm: 'purser test', path: '{}'}}\n",
                       (directory_ / "htpasswd").string());
  }
  return {};
}

std::vector<std::string> RegistryServer::command() const {
  std::vector<std::string> words = {"setpriv", "--pdeathsig", "KILL", "--", program_};
  if (options_.kind == RegistryKind::go_containerregistry) {
    words.insert(words.end(),
                 {"-address", host(), options_.referrers ? "-referrers" : "-referrers=false"});
  } else {
    words.insert(words.end(), {"serve", (directory_ / "config.yml").string()});
  }
  return words;
}

void RegistryServer::start() {
  write_config();
  // A test that is killed cannot end its server; the kernel does.
  process_ =
      std::make_unique<Process>(command(), ProcessOptions{.environment = kEnv, .unset = kUnset});
  if (!wait_until_it_answers()) {
    stop();
    throw HarnessError(
        fmt::format("the registry at {} does not answer; it wrote:\n{}", host(), past_log_));
  }
}

// Any status is an answer: with authentication on it is 401. An answer alone could be another's,
// who took the port first, so its own word that it listens is waited for too.
bool RegistryServer::wait_until_it_answers() {
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  const bool own_certificate = options_.clients != nullptr;
  httplib::Client client(url(), own_certificate ? (directory_ / "harness.pem").string() : "",
                         own_certificate ? (directory_ / "harness.key").string() : "");
  client.enable_server_certificate_verification(false);
  while (std::chrono::steady_clock::now() < deadline && process_->running()) {
    const bool listens = process_->err().find("listening on") != std::string::npos;
    if (listens && client.Get("/v2/")) return true;
    std::this_thread::sleep_for(kPollInterval);
  }
  return false;
}

}  // namespace purser::testing
