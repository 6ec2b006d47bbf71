#include "credentials/auth_key.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace purser {
namespace {

constexpr std::string_view kDockerHubKey = "https://index.docker.io/v1/";
constexpr std::string_view kPodmansHubKey = "docker.io";
// In the order in which they count.
constexpr std::array<std::string_view, 4> kDockerHubKeys{kDockerHubKey, kPodmansHubKey,
                                                         "index.docker.io", "registry-1.docker.io"};

// Beside the login of Docker Hub docker keeps the tokens of its account service.
bool is_account_token(std::string_view key) {
  return key.ends_with("/access-token") || key.ends_with("/refresh-token");
}

bool take_scheme(std::string_view& key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (equals_ignoring_case(key.substr(0, scheme.size()), scheme)) {
      key.remove_prefix(scheme.size());
      return true;
    }
  }
  return false;
}

// "team" is above "team/app", and not above "teams/app".
bool is_above(std::string_view path, std::string_view repository) {
  return repository.starts_with(path) &&
         (repository.size() == path.size() || repository[path.size()] == '/');
}

}  // namespace

bool is_docker_hub(std::string_view host) {
  return std::any_of(kDockerHubKeys.begin() + 1, kDockerHubKeys.end(),
                     [&](std::string_view name) { return equals_ignoring_case(host, name); });
}

bool same_registry(std::string_view a, std::string_view b) {
  return equals_ignoring_case(a, b) || (is_docker_hub(a) && is_docker_hub(b));
}

std::string own_key(FileOwner owner, std::string_view registry) {
  if (!is_docker_hub(registry)) return to_lower(registry);
  return std::string(owner == FileOwner::docker ? kDockerHubKey : kPodmansHubKey);
}

std::vector<std::string> servers_of(std::string_view registry, std::string_view helper_key) {
  std::vector<std::string> servers;
  const auto add = [&](std::string server) {
    if (std::find(servers.begin(), servers.end(), server) == servers.end()) {
      servers.push_back(std::move(server));
    }
  };
  if (is_docker_hub(registry) && !helper_key.empty()) add(std::string(helper_key));
  add(own_key(FileOwner::docker, registry));
  add(own_key(FileOwner::podman, registry));
  return servers;
}

std::optional<AuthKey> parse_auth_key(std::string_view key, AuthFileFormat format) {
  const bool has_scheme = take_scheme(key);
  const std::size_t slash = key.find('/');
  AuthKey parsed{.host = to_lower(key.substr(0, slash))};
  if (slash == std::string_view::npos) return parsed;
  if (is_docker_hub(parsed.host) && is_account_token(key)) return std::nullopt;
  std::string_view path = key.substr(slash + 1);
  // "h.io/v2" is podman's key for the namespace v2, whose login must not reach all the others.
  const bool of_the_api =
      has_scheme || format == AuthFileFormat::dockercfg || path == "v1/" || path == "v2/";
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!of_the_api) parsed.path = path;
  return parsed;
}

std::size_t fit_of_key(std::string_view key, AuthFileFormat format, std::string_view registry,
                       std::string_view repository) {
  constexpr std::size_t kForAPart = 100;
  constexpr std::size_t kDockersOwn = 50;
  constexpr std::size_t kTheHost = 20;
  constexpr std::size_t kOtherSpelling = 10;
  const auto parsed = parse_auth_key(key, format);
  if (!parsed || !same_registry(parsed->host, registry)) return 0;
  if (!parsed->path.empty()) {
    return is_above(parsed->path, repository) ? kForAPart + parsed->path.size() : 0;
  }
  if (is_docker_hub(registry)) {
    const auto* known = std::find(kDockerHubKeys.begin(), kDockerHubKeys.end(), key);
    if (known != kDockerHubKeys.end()) {
      return kDockersOwn - static_cast<std::size_t>(known - kDockerHubKeys.begin());
    }
  }
  return key == registry ? kTheHost : kOtherSpelling;
}

}  // namespace purser
