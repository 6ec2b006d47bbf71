#include "net/realm_rules.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/text.h"
#include "net/reach.h"

namespace purser::net {
namespace {

constexpr std::array<std::string_view, 3> kHubNames = {"docker.io", "index.docker.io",
                                                       "registry-1.docker.io"};

bool is_hub(std::string_view host) {
  return std::find(kHubNames.begin(), kHubNames.end(), host) != kHubNames.end();
}

// Registries whose token server is, as their operators document, on another host.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kKnownRealms = {{
    {"docker.io", "auth.docker.io"},
    {"registry.gitlab.com", "gitlab.com"},
}};

// Of a URL that Purser does not take, for whatever reason.
bool has_user_info(std::string_view url) {
  const auto authority = url.find("://");
  if (authority == std::string_view::npos) return false;
  const auto rest = url.substr(authority + 3);
  return rest.substr(0, rest.find_first_of("/?#")).find('@') != std::string_view::npos;
}

std::string url_host(const RegistryName& registry) {
  const std::string host = to_lower(registry.host());
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

bool is_known_pair(const RegistryName& registry, const Origin& realm) {
  if (realm.port != 443) return false;
  const std::string& host = registry.str();
  const std::string_view name = is_hub(host) ? kHubNames[0] : std::string_view(host);
  return std::any_of(kKnownRealms.begin(), kKnownRealms.end(), [&](const auto& pair) {
    return pair.first == name && pair.second == realm.host;
  });
}

}  // namespace

bool is_origin_of(const RegistryName& registry, const Origin& origin) {
  if (registry.scheme() && *registry.scheme() != origin.scheme) return false;
  const int usual = origin.scheme == "https" ? 443 : 80;
  if (registry.port().value_or(usual) != origin.port) return false;
  const std::string host = url_host(registry);
  return host == origin.host || (is_hub(host) && is_hub(origin.host));
}

Status check_realm(const RegistryName& registry, const Origin& asked_by, const std::string& realm,
                   const std::vector<std::string>& allowed, bool with_credential) {
  Error error;
  error.code = ErrorCode::refused;
  const auto url = Url::parse(realm);
  if (!url) {
    error.code = ErrorCode::bad_response;
    // What stands there is not shown: it may be a password.
    error.message = has_user_info(realm)
                        ? "the registry's challenge names a realm with a user name in it: "
                        : "the registry's challenge names a realm that is no http or https URL: ";
    error.message += redacted_url(realm);
    error.hint = "Correct the realm in the registry's configuration";
    return Unexpected(std::move(error));
  }
  const Origin& to = url->origin();
  if (to == asked_by) return {};
  const bool downgrade = asked_by.scheme == "https" && to.scheme == "http";
  if (asked_by.is_loopback() && to.is_loopback() && !downgrade) return {};
  if (to.scheme != "https") {
    error.message = "the registry's token realm " + redacted_url(realm) +
                    " is not https, so nothing was sent to it";
    error.hint = "Correct the realm in the registry's configuration";
    return Unexpected(std::move(error));
  }
  if (is_known_pair(registry, to) || is_listed(allowed, to)) return {};
  if (!with_credential && !to.is_loopback()) return {};
  const std::string host = to.host + (to.port == 443 ? "" : ":" + std::to_string(to.port));
  error.message = "the registry's token realm is on another host, " + host +
                  (with_credential ? ", so the password was not sent to it"
                                   : ", which is this machine, so nothing was sent to it");
  error.hint = "If " + host + " belongs to the registry, allow it with --auth-realm-allow " + host;
  return Unexpected(std::move(error));
}

}  // namespace purser::net
