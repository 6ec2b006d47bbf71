// The keys of `auths`: which registry, or which part of one, an entry is for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

// docker.io under any of the names that people and files use for it.
bool is_docker_hub(std::string_view host);
// Are these the same registry? Exactly the same host and port, in any case of letters; of Docker
// Hub, its names. "h.io" and "h.io:443" are two: nothing says which scheme the other one means.
bool same_registry(std::string_view a, std::string_view b);

// Whose file it is: the two have different names for Docker Hub.
enum class FileOwner { docker, podman };
// The key, and the server that a helper is asked for, under which the owner keeps the login of a
// registry: the host and port, but of Docker Hub docker has "https://index.docker.io/v1/" and
// podman "docker.io".
std::string own_key(FileOwner owner, std::string_view registry);
// The servers that a helper may keep the login of a registry under, the best first: the key of
// credHelpers that names it, since who wrote that asks for it by this key; then docker's, then
// podman's. `helper_key` is empty for credsStore.
std::vector<std::string> servers_of(std::string_view registry, std::string_view helper_key);

struct AuthKey {
  std::string host = {};  // host[:port], lower-cased
  std::string path = {};  // "team/app" of a key for a part of the registry; else empty
};

// ~/.dockercfg is older than keys for a part of a registry: any path there is the API's.
enum class AuthFileFormat { auths, dockercfg };

// "https://h.io/v1/", "h.io", "h.io/v2/" are for h.io; "h.io/team" and "h.io/v2" are for what is
// below them. No value: docker's account tokens, which no registry takes.
std::optional<AuthKey> parse_auth_key(std::string_view key, AuthFileFormat format);

// How well an entry fits: the highest decides. 0: not at all. A longer path is better than a
// shorter one, any path better than none; then docker's own key, then the host as it is, then other
// spellings.
std::size_t fit_of_key(std::string_view key, AuthFileFormat format, std::string_view registry,
                       std::string_view repository);

}  // namespace purser
