#include "testing/distribution_token_server.h"

#include <fmt/core.h>
#include <httplib.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "testing/harness_error.h"
#include "testing/socket.h"

namespace purser::testing {
namespace {

constexpr std::chrono::seconds kStartLimit{20};
constexpr std::chrono::milliseconds kPollInterval{10};
constexpr int kPortAttempts = 5;
constexpr const char* kIssuer = "distribution-token-server";
constexpr const char* kService = "purser-test-registry";
constexpr const char* kRefusal = "get token authentication challenge";  // its log on a 401

std::string token_server_program() {
  const std::string program = PURSER_TEST_TOKEN_SERVER;
  if (!std::filesystem::is_regular_file(program)) {
    throw HarnessError("no token server at " + program +
                       "; run scripts/setup, which installs Go (apt-get install golang-go) where "
                       "there is none, and builds it");
  }
  return program;
}

}  // namespace

DistributionTokenServer::DistributionTokenServer(const CertificateAuthority& authority,
                                                 const std::map<std::string, std::string>& users)
    : program_(token_server_program()), signing_(self_signed("distribution token server")) {
  const KeyPair tls = authority.issue();
  directory_.write("server.pem", tls.certificate_pem);
  directory_.write("server.key", tls.key_pem);
  // It reads keys in the older form alone ("EC PRIVATE KEY").
  const auto key = directory_.write("signing.pkcs8", signing_.key_pem);
  run_or_throw(
      {"openssl", "ec", "-in", key.string(), "-out", (directory_ / "signing.key").string()});
  std::string entries;
  for (const auto& [name, password] : users) {
    entries += run_or_throw({"htpasswd", "-niB", "-C", "4", name}, {.stdin_text = password}).out;
  }
  directory_.write("htpasswd", entries);

  // Between the look for a free port and the start another test may take it.
  for (int attempt = 1;; ++attempt) {
    port_ = free_port();
    start();
    if (wait_until_it_answers()) return;
    const std::string log = process_->end().describe();
    if (attempt == kPortAttempts || log.find("address already in use") == std::string::npos) {
      throw HarnessError("the token server does not answer: " + log);
    }
  }
}

DistributionTokenServer::~DistributionTokenServer() = default;

TokenTrust DistributionTokenServer::trust() const {
  return {url() + "/token/", kService, kIssuer, signing_.certificate_pem};
}

std::string DistributionTokenServer::refresh_token(const std::string& user,
                                                   const std::string& password) const {
  httplib::Client client(url());
  client.enable_server_certificate_verification(false);
  client.set_basic_auth(user, password);
  const auto answer = client.Get(fmt::format("/token/?service={}&offline_token=true", kService));
  if (!answer || answer->status != 200) throw HarnessError("no refresh token for " + user);
  return nlohmann::json::parse(answer->body).at("refresh_token").get<std::string>();
}

std::string DistributionTokenServer::url() const {
  return fmt::format("https://127.0.0.1:{}", port_);
}

void DistributionTokenServer::start() {
  // A test that is killed cannot end its server; the kernel does.
  process_ = std::make_unique<Process>(
      std::vector<std::string>{"setpriv", "--pdeathsig", "KILL", "--", program_,  //
                               "-addr", fmt::format("127.0.0.1:{}", port_),       //
                               "-issuer", kIssuer, "-realm", kService,            //
                               "-key", (directory_ / "signing.key").string(),     //
                               "-passwd", (directory_ / "htpasswd").string(),     //
                               "-tlscert", (directory_ / "server.pem").string(),  //
                               "-tlskey", (directory_ / "server.key").string()});
}

bool DistributionTokenServer::wait_until_it_answers() {
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  httplib::Client client(url());
  client.enable_server_certificate_verification(false);
  while (std::chrono::steady_clock::now() < deadline && process_->running()) {
    if (client.Get("/token/") && count(kRefusal) > 0) return true;
    std::this_thread::sleep_for(kPollInterval);
  }
  return false;
}

std::size_t DistributionTokenServer::count(const std::string& logged) const {
  const std::string log = process_->err();
  std::size_t found = 0;
  for (auto at = log.find(logged); at != std::string::npos; at = log.find(logged, at + 1)) ++found;
  return found;
}

}  // namespace purser::testing
