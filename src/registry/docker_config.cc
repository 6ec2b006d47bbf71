// The `auths` of docker's config.json. The file is read once, with the first
// look-up.
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <system_error>

#include "core/base64.h"
#include "core/json.h"
#include "core/text.h"
#include "purser/credentials.h"

namespace purser {
namespace {

// Where docker keeps the login of Docker Hub, and the names that people use for it, in the order in
// which they count.
constexpr std::array<std::string_view, 4> kDockerHubKeys{"https://index.docker.io/v1/", "docker.io",
                                                         "index.docker.io", "registry-1.docker.io"};

bool is_docker_hub(std::string_view host) {
  return host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io";
}

Unexpected bad(std::string message) {
  return Unexpected(
      Error{.code = ErrorCode::invalid_argument, .message = std::move(message), .hint = {}});
}

// `host[:port]` of a key such as "https://Registry.example.com/v1/": no scheme, no path.
std::string host_of_key(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (equals_ignoring_case(key.substr(0, scheme.size()), scheme)) {
      key.remove_prefix(scheme.size());
      break;
    }
  }
  return to_lower(key.substr(0, key.find('/')));
}

// Beside the login of Docker Hub docker keeps the tokens of its account service, which no registry
// takes.
bool is_account_token(std::string_view key) {
  return key.ends_with("/access-token") || key.ends_with("/refresh-token");
}

// Splits the decoded `auth` at the first colon: a password may have more of them.
Status read_auth(const std::string& encoded, Credential& credential) {
  auto decoded = decode_base64(encoded);
  if (!decoded) return bad("its auth is not base64");
  while (decoded->ends_with('\0')) decoded->pop_back();
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return bad("its auth has no colon between user and password");
  credential.username = decoded->substr(0, colon);
  credential.password = Secret(decoded->substr(colon + 1));
  return {};
}

// No value: an entry without a secret, as docker leaves it where a credential helper has the login.
Result<std::optional<Credential>> read_entry(const nlohmann::json& entry) {
  if (entry.is_null()) return std::optional<Credential>();
  if (!entry.is_object()) return bad("it is not an object");
  const auto text = [&](const char* name) { return json::find_string(entry, name); };
  Credential credential;
  for (const auto& [name, member] : {std::pair{"password", &Credential::password},
                                     std::pair{"identitytoken", &Credential::identity_token},
                                     std::pair{"registrytoken", &Credential::registry_token}}) {
    auto secret = text(name);
    if (!secret) return bad(secret.error().message);
    credential.*member = Secret(secret->value_or(""));
  }
  auto username = text("username");
  if (!username) return bad(username.error().message);
  credential.username = username->value_or("");
  auto auth = text("auth");
  if (!auth) return bad(auth.error().message);
  if (!auth->value_or("").empty()) {
    if (auto status = read_auth(**auth, credential); !status) {
      return Unexpected(std::move(status).error());
    }
  }
  const bool login =
      !auth->value_or("").empty() || (!credential.username.empty() && !credential.password.empty());
  if (!login && credential.identity_token.empty() && credential.registry_token.empty()) {
    return std::optional<Credential>();
  }
  return std::optional<Credential>(std::move(credential));
}

// The keys of the registry's entries. Docker's own key for it counts first, then the host as it is,
// then any other key with this host: never one with another host or port.
std::vector<std::string> keys_of(const nlohmann::json& auths, const std::string& host) {
  std::vector<std::string> keys;
  const auto add = [&](std::string_view key) {
    const bool known = std::find(keys.begin(), keys.end(), key) != keys.end();
    if (auths.contains(key) && !known) keys.emplace_back(key);
  };
  if (is_docker_hub(host)) {
    for (const std::string_view key : kDockerHubKeys) add(key);
  }
  add(host);
  for (const auto& [key, entry] : auths.items()) {
    const std::string key_host = host_of_key(key);
    const bool same = key_host == host || (is_docker_hub(host) && is_docker_hub(key_host));
    if (same && !is_account_token(key)) add(key);
  }
  return keys;
}

Result<std::string> read_file(const std::filesystem::path& file) {
  const auto io_error = [](int code) {
    return Unexpected(Error{.code = ErrorCode::io,
                            .message = std::error_code(code, std::generic_category()).message()});
  };
  std::error_code status_error;
  const auto status = std::filesystem::status(file, status_error);
  if (status.type() == std::filesystem::file_type::directory) return io_error(EISDIR);
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) return io_error(errno != 0 ? errno : EIO);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (in.bad() || bytes.bad()) return io_error(EIO);
  return std::move(bytes).str();
}

class DockerConfig : public CredentialSource {
 public:
  explicit DockerConfig(std::filesystem::path file) : file_(std::move(file)) {}

  Result<std::optional<Credential>> find(const RegistryName& registry,
                                         std::string_view) const override {
    std::call_once(once_, [this] { auths_ = load(); });
    const auto fail = [&](Error error, const std::string& what) {
      error.message = what + ": " + error.message;
      error.operation = "find the credentials for";
      error.registry = registry.str();
      if (error.hint.empty()) {
        error.hint = "Mend or remove the file, or log in again with docker login " + registry.str();
      }
      return Unexpected(std::move(error));
    };
    if (!auths_) return fail(auths_.error(), file_.string());
    for (const std::string& key : keys_of(*auths_, registry.str())) {
      auto credential = read_entry((*auths_)[key]);
      if (!credential) {
        return fail(std::move(credential).error(),
                    "the entry \"" + key + "\" of " + file_.string());
      }
      if (!credential->has_value()) continue;
      (*credential)->source = file_.string();
      return credential;
    }
    return std::optional<Credential>();
  }

 private:
  // The object `auths`; empty where there is none, or no file.
  Result<nlohmann::json> load() const {
    std::error_code error;
    if (const auto status = std::filesystem::status(file_, error);
        status.type() == std::filesystem::file_type::not_found) {
      return nlohmann::json::object();
    }
    auto text = read_file(file_);
    if (!text) return Unexpected(std::move(text).error());
    if (text->empty()) return nlohmann::json::object();  // as docker has it: /dev/null is in use
    auto document = json::parse_strict(*text);
    if (!document) return bad(document.error().message);
    if (!document->is_object()) return bad("it is not a JSON object");
    auto auths = json::find_object(*document, "auths");
    if (!auths) return bad(auths.error().message);
    return *auths == nullptr ? nlohmann::json::object() : **auths;
  }

  std::filesystem::path file_;
  mutable std::once_flag once_;
  mutable Result<nlohmann::json> auths_ = nlohmann::json();
};

std::filesystem::path home_directory() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->pw_dir;
  }
  return "/";
}

}  // namespace

std::shared_ptr<const CredentialSource> docker_config_credentials(std::filesystem::path file) {
  return std::make_shared<DockerConfig>(std::move(file));
}

std::filesystem::path default_docker_config_path() {
  const char* directory = std::getenv("DOCKER_CONFIG");
  if (directory != nullptr && *directory != '\0') {
    return std::filesystem::path(directory) / "config.json";
  }
  return home_directory() / ".docker" / "config.json";
}

}  // namespace purser
