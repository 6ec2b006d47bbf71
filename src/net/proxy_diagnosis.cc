#include "net/proxy_diagnosis.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "core/text.h"

namespace purser::net {
namespace {

using Kind = http::Failure::Kind;

constexpr std::string_view kWhere =
    "the environment's https_proxy, http_proxy and all_proxy, or --proxy, name the proxy";

// Of "CONNECT tunnel failed, response 407"; 0 for anything else.
int refusal_in(std::string_view text) {
  constexpr std::string_view kBefore = "CONNECT tunnel failed, response ";
  const auto found = text.find(kBefore);
  if (found == std::string_view::npos) return 0;
  const auto digits = text.substr(found + kBefore.size());
  int status = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  return status;
}

// libcurl quotes the whole URL of such a proxy, and its password with it (C.1-15).
bool quotes_a_proxy(std::string_view text) { return text.starts_with("Unsupported proxy"); }

// libcurl names the machine that it tried: the proxy, where it is not the registry.
bool failed_elsewhere(std::string_view text, const Origin& origin) {
  constexpr std::string_view kBefore = "Failed to connect to ";
  if (!text.starts_with(kBefore)) return false;
  const auto host = text.substr(kBefore.size(), text.find(" port ") - kBefore.size());
  std::string own = origin.host;
  if (own.starts_with('[')) own = own.substr(1, own.size() - 2);
  return !equals_ignoring_case(host, own);
}

http::Failure refused(int status, const Origin& origin) {
  const std::string what =
      fmt::format("the proxy answered {} when it was asked to connect to {}:{}", status,
                  origin.host, origin.port);
  if (status == 407) {
    return {Kind::proxy, what,
            "It wants a user: write USER:PASSWORD@ before the host in the proxy's URL"};
  }
  const std::string round =
      fmt::format("If this host is to be reached without it, put {} into NO_PROXY", origin.host);
  // The proxy is there and could not reach the registry: that may pass.
  return {status >= 500 ? Kind::connect : Kind::proxy, what, round};
}

}  // namespace

std::optional<http::Failure> diagnose_proxy(CURLcode code, std::string_view text,
                                            const Origin& origin) {
  if (quotes_a_proxy(text)) {
    return http::Failure{
        Kind::invalid, fmt::format("the URL of the proxy for {} cannot be used", origin.host),
        fmt::format("Write it as http://[USER:PASSWORD@]HOST:PORT, what is special "
                    "in the password as %XX; {}",
                    kWhere)};
  }
  if (const int status = refusal_in(text)) return refused(status, origin);
  const bool unknown = code == CURLE_COULDNT_RESOLVE_PROXY;
  const bool socks = code == CURLE_PROXY;
  if (!unknown && !socks && !(code == CURLE_COULDNT_CONNECT && failed_elsewhere(text, origin))) {
    return std::nullopt;
  }
  return http::Failure{unknown ? Kind::resolve : Kind::connect,
                       fmt::format("the proxy for {} cannot be reached ({})", origin.host,
                                   shorten(sanitize_for_terminal(text), 200)),
                       fmt::format("Check it: {}", kWhere)};
}

}  // namespace purser::net
