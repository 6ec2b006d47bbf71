#include "cli/session.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "cli/file_io.h"
#include "purser/credentials.h"

namespace purser::cli {

// A password never stands in argv, where every user of the machine can read it.
Result<Secret> password_of(const Settings& settings, const std::stop_token& stop) {
  if (settings.password_stdin) {
    Result<std::string> text = read_password(stop);
    if (!text) return Unexpected(std::move(text).error());
    return Secret(*std::move(text));
  }
  const char* text = std::getenv("PURSER_PASSWORD");
  if (text == nullptr || *text == '\0') {
    return Unexpected(
        usage_error(fmt::format("there is no password for user {}", settings.username),
                    "Give it with --password-stdin or in PURSER_PASSWORD"));
  }
  return Secret(text);
}

// What belongs to one registry must not reach the next one by accident.
Status Session::check_belongs_to_one(const RegistryName& registry) const {
  if (clients_.empty()) return {};
  const std::array<std::pair<bool, const char*>, 4> own = {
      {{!settings_.username.empty(), "-u"},
       {!settings_.cert_file.empty(), "--cert"},
       {!settings_.certs_dir.empty(), "--certs-dir"},
       // Its stored password would go out in clear. One on this machine is spoken to so anyhow.
       {plain_http_is_taken_ && !registry.is_loopback(), "--plain-http"}}};
  for (const auto& [given, option] : own) {
    if (!given) continue;
    return Unexpected(usage_error(
        fmt::format("{} belongs to one registry, and {} is a second one", option, registry.str()),
        "Run it once for each registry"));
  }
  return {};
}

void Session::warn_of_insecure_hosts(const RegistryName& registry) {
  for (const std::string& host : settings_.insecure_hosts) {
    const Result<RegistryName> name = RegistryName::parse(host);
    if (!name) continue;  // check_settings() has seen to it
    const std::string with_port =
        name->port() ? name->str() : fmt::format("{} at port 443", name->str());
    err_.warning(fmt::format(
        "the certificate of {} is not checked: whoever stands between can read the password and "
        "change what is read (--insecure-skip-verify)",
        with_port));
    if (name->host() == registry.host() &&
        name->port().value_or(443) != registry.port().value_or(443)) {
      err_.warning(
          fmt::format("--insecure-skip-verify {} is for another port than that of {}, "
                      "whose certificate is checked",
                      host, registry.str()));
    }
  }
}

std::filesystem::path Session::state_directory() const {
  return settings_.state_directory.empty() ? default_state_directory()
                                           : std::filesystem::path(settings_.state_directory);
}

Result<std::shared_ptr<const CredentialSource>> Session::credentials(const RegistryName& registry) {
  if (!settings_.username.empty()) {
    Result<Secret> password = password_of(settings_, stop_);
    if (!password) return Unexpected(std::move(password).error());
    Credential credential;
    credential.username = settings_.username;
    credential.password = *std::move(password);
    credential.source = "the command line";
    credential.remedy = "give the right ones with -u";
    return single_credential(registry, std::move(credential));
  }
  // Said before the first request: a registry that asks for no login would hide the typing error.
  std::error_code none;
  if (!settings_.authfile.empty() && !std::filesystem::exists(settings_.authfile, none)) {
    Error error;
    error.code = ErrorCode::io;
    error.operation = "read the credentials of";
    error.subject = settings_.authfile;
    error.message = "there is no such file";
    return Unexpected(std::move(error));
  }
  return user_credentials();
}

std::shared_ptr<UserCredentials> Session::user_credentials() {
  if (!user_credentials_) {
    UserCredentialsOptions options;
    options.file = settings_.authfile;
    user_credentials_ = std::make_shared<UserCredentials>(std::move(options));
  }
  return user_credentials_;
}

Result<Client*> Session::client(const RegistryName& registry) {
  const std::string key = registry.scheme().value_or("") + "//" + registry.str();
  if (const auto found = clients_.find(key); found != clients_.end()) return &found->second;

  if (const Status checked = check_belongs_to_one(registry); !checked) {
    return Unexpected(checked.error());
  }
  auto source = credentials(registry);
  if (!source) return Unexpected(std::move(source).error());
  Result<Client> client = make_client(registry, *std::move(source));
  if (!client) return Unexpected(std::move(client).error());
  plain_http_is_taken_ |= settings_.plain_http && !registry.is_loopback();
  return &clients_.emplace(key, *std::move(client)).first->second;
}

Result<Client> Session::make_client(const RegistryName& registry,
                                    std::shared_ptr<const CredentialSource> source) {
  ClientOptions options;
  options.registry =
      registry.scheme() ? *registry.scheme() + "://" + registry.str() : registry.str();
  options.credentials = std::move(source);
  options.allowed_auth_realms = settings_.allowed_auth_realms;
  options.allowed_inner_hosts = settings_.allowed_inner_hosts;
  options.plain_http = settings_.plain_http;
  options.ca_file = settings_.ca_file;
  options.cert_file = settings_.cert_file;
  options.key_file = settings_.key_file;
  options.certs_dir = settings_.certs_dir;
  options.certs_roots = http::default_certs_roots();
  options.insecure_hosts = settings_.insecure_hosts;
  options.resolve = settings_.resolve;
  options.proxy = settings_.proxy;
  options.http1_only = settings_.http1_only;
  options.in_flight = settings_.in_flight;
  options.read_limits.memory = static_cast<std::int64_t>(settings_.max_memory) * 1024 * 1024;
  if (settings_.max_manifests > 0) options.read_limits.manifests = settings_.max_manifests;
  options.timeout = std::chrono::seconds(settings_.timeout_seconds);
  options.trace = settings_.verbosity >= 2 && !settings_.quiet;
  options.transport = transport_;
  options.log = [&err = err_](const LogEvent& event) {
    switch (event.level) {
      case LogEvent::Level::warning:
        return err.warning(event.text);
      case LogEvent::Level::info:
        return err.note(event.text, 1);
      case LogEvent::Level::debug:
        return err.note(event.text, 2);
    }
  };
  options.waiting = [&err = err_](const Waiting& waiting) { err.waiting(waiting); };
  Result<Client> client = Client::create(std::move(options));
  if (client && !std::exchange(warned_, true)) warn_of_insecure_hosts(registry);
  return client;
}

Result<Client*> Session::client(const Repository& repository) {
  Result<RegistryName> name = RegistryName::parse(repository.registry());
  if (!name) return Unexpected(std::move(name).error());
  return client(*name);
}

}  // namespace purser::cli
