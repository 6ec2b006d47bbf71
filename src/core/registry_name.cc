#include <arpa/inet.h>

#include "core/name_grammar.h"
#include "core/text.h"
#include "purser/reference.h"

namespace purser {
namespace {

constexpr std::string_view kOperation = "parse the registry name";

// Takes `http://` or `https://` off the text, in any case.
std::optional<std::string> take_scheme(std::string_view& text) {
  for (const std::string_view scheme : {"http", "https"}) {
    const std::size_t length = scheme.size() + 3;
    if (text.size() < length) continue;
    if (!equals_ignoring_case(text.substr(0, length), std::string(scheme) + "://")) continue;
    text.remove_prefix(length);
    return std::string(scheme);
  }
  return std::nullopt;
}

Result<std::string> parse_host_port(std::string_view text, bool has_scheme) {
  if (text.find("://") != std::string_view::npos) {
    return invalid_name("only http:// and https:// may stand before a registry name");
  }
  if (text.find('@') != std::string_view::npos) {
    return invalid_name("a registry name has no user name, password or digest in it",
                        "Give the user name by -u and the password by --password-stdin");
  }
  if (has_scheme && text.ends_with('/')) text.remove_suffix(1);
  if (text.empty()) return invalid_name("it is empty", "Write it as host[:port]");
  if (auto status = check_characters(text); !status) return Unexpected(std::move(status).error());
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string host = shorten(text.substr(0, slash), 80);
    return invalid_name("a path follows the host, where a registry alone is wanted",
                        host.empty() ? "Write it as host[:port]" : "Did you mean " + host + "?");
  }
  return normalize_host_port(text);
}

}  // namespace

Result<RegistryName> RegistryName::parse(std::string_view text) {
  std::string_view rest = text;
  RegistryName name;
  name.scheme_ = take_scheme(rest);
  auto host_port = parse_host_port(rest, name.scheme_.has_value());
  if (!host_port) {
    Error error = std::move(host_port).error();
    // What stands before an '@' may be a password, wherever the slashes are.
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) return in_context(std::move(error), kOperation, text);
    return in_context(std::move(error), kOperation, "***" + std::string(text.substr(at)));
  }
  name.host_port_ = *std::move(host_port);
  return name;
}

std::string RegistryName::host() const {
  const std::string_view host = host_of(host_port_);
  return std::string(host.starts_with('[') ? host.substr(1, host.size() - 2) : host);
}

std::optional<int> RegistryName::port() const {
  const std::size_t host_size = host_of(host_port_).size();
  if (host_size == host_port_.size()) return std::nullopt;
  return std::stoi(host_port_.substr(host_size + 1));
}

bool RegistryName::is_loopback() const {
  const std::string name = host();
  if (name == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, name.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6) != 0;
}

}  // namespace purser
