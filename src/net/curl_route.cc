#include "net/curl_route.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <utility>

#include "core/text.h"
#include "net/address_zone.h"

namespace purser::net {
namespace {

Error bad_option(std::string message, std::string hint) {
  Error error;
  error.code = ErrorCode::invalid_argument;
  error.operation = "open a client";
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

bool is_address(std::string text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  in6_addr bytes{};  // room for both
  return inet_pton(AF_INET, text.c_str(), &bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &bytes) == 1;
}

bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

bool is_host(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '@' || c == '*' || c == '+';
  }) && !text.starts_with('-');
}

bool is_resolve_entry(std::string_view entry) {
  const auto host_end = entry.find(':', entry.starts_with('[') ? entry.find(']') : 0);
  if (host_end == std::string_view::npos || !is_host(entry.substr(0, host_end))) return false;
  const auto port_end = entry.find(':', host_end + 1);
  if (port_end == std::string_view::npos) return false;
  if (!is_port(entry.substr(host_end + 1, port_end - host_end - 1))) return false;
  auto addresses = entry.substr(port_end + 1);
  while (true) {
    const auto comma = addresses.find(',');
    if (!is_address(std::string(addresses.substr(0, comma)))) return false;
    if (comma == std::string_view::npos) return true;
    addresses.remove_prefix(comma + 1);
  }
}

// The first that is set to something.
std::string environment(std::initializer_list<const char*> variables) {
  for (const char* variable : variables) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

// Plain http is allowed to loopback because what is sent stays on this machine.
bool leads_loopback_away(const std::string& entry) {
  const auto host_end = entry.find(':', entry.starts_with('[') ? entry.find(']') : 0);
  const auto url = Url::parse("http://" + entry.substr(0, host_end) + "/");
  if (!url || !url->origin().is_loopback()) return false;
  std::string_view addresses = std::string_view(entry).substr(entry.find(':', host_end + 1) + 1);
  while (true) {
    const auto comma = addresses.find(',');
    if (zone_of_address(addresses.substr(0, comma)) != http::Zone::this_machine) return true;
    if (comma == std::string_view::npos) return false;
    addresses.remove_prefix(comma + 1);
  }
}

struct CurluDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

}  // namespace

Status check_resolve(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    const std::string shown = shorten(sanitize_for_terminal(entry), 100);
    if (!is_resolve_entry(entry)) {
      return Unexpected(bad_option(fmt::format("\"{}\" does not say where a host is", shown),
                                   "Write HOST:PORT:ADDRESS, the address in numbers"));
    }
    if (leads_loopback_away(entry)) {
      return Unexpected(bad_option(
          fmt::format("\"{}\" leads a name of this machine to another one, and what is for this "
                      "machine may go there in plain http",
                      shown),
          "Name the registry by a name of its own, and say where that is"));
    }
  }
  return {};
}

Status check_proxy(std::string_view url) {
  if (url.empty()) return {};
  constexpr std::array<std::string_view, 6> kSchemes = {"http",    "https",  "socks4",
                                                        "socks4a", "socks5", "socks5h"};
  const auto scheme = to_lower(url.substr(0, url.find("://")));
  const bool known = url.find("://") != std::string_view::npos &&
                     std::find(kSchemes.begin(), kSchemes.end(), scheme) != kSchemes.end();
  const std::unique_ptr<CURLU, CurluDeleter> handle(curl_url());
  const std::string text(url);
  if (known && handle &&
      curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) ==
          CURLUE_OK) {
    return {};
  }
  return Unexpected(bad_option("the proxy's URL cannot be read",
                               "Write it as http://[USER:PASSWORD@]HOST:PORT; https, socks5 and "
                               "socks5h are known too"));
}

std::string no_proxy_for(std::string_view list, int port) {
  std::string kept;
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(", "), list.size());
    auto entry = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    const auto colon = entry.rfind(':');
    // An IPv6 address has colons and no port, unless it stands in brackets.
    const bool has_port = colon != std::string_view::npos &&
                          (entry.find(':') == colon || entry.substr(0, colon).ends_with(']'));
    if (has_port) {
      if (entry.substr(colon + 1) != std::to_string(port)) continue;
      entry = entry.substr(0, colon);
      if (entry.starts_with('[')) entry = entry.substr(1, entry.size() - 2);
    }
    if (!entry.empty()) kept.append(kept.empty() ? "" : ",").append(entry);
  }
  return kept;
}

CurlRoute::CurlRoute(const http::CurlTransportOptions& options) : proxy_(options.proxy) {
  curl_slist* list = nullptr;
  for (const std::string& entry : options.resolve) {
    if (curl_slist* longer = curl_slist_append(list, entry.c_str())) list = longer;
  }
  resolve_.reset(list);
}

std::string proxy_for(const Origin& origin, const std::string& named) {
  // "localhost" of a proxy is another machine, and plain http is allowed to this one's because
  // what is sent stays on it.
  if (origin.is_loopback()) return {};
  if (!named.empty()) return named;
  if (origin.scheme == "http") {
    if (auto proxy = environment({"http_proxy"}); !proxy.empty()) return proxy;
    // In a CGI program HTTP_PROXY is the header "Proxy:" of whoever sent the request ("httpoxy").
    if (std::getenv("REQUEST_METHOD") == nullptr) {
      if (auto proxy = environment({"HTTP_PROXY"}); !proxy.empty()) return proxy;
    }
  } else if (auto proxy = environment({"https_proxy", "HTTPS_PROXY"}); !proxy.empty()) {
    return proxy;
  }
  return environment({"all_proxy", "ALL_PROXY"});
}

bool excepts_name(std::string_view no_proxy, std::string_view host) {
  const bool address = is_address(std::string(host));
  if (host.ends_with('.')) host.remove_suffix(1);
  while (!no_proxy.empty()) {
    const auto end = std::min(no_proxy.find_first_of(", "), no_proxy.size());
    auto entry = no_proxy.substr(0, end);
    no_proxy.remove_prefix(std::min(end + 1, no_proxy.size()));
    if (entry == "*") return true;
    if (address) continue;
    if (entry.starts_with('.')) entry.remove_prefix(1);
    if (entry.ends_with('.')) entry.remove_suffix(1);
    if (entry.empty() || entry.size() > host.size()) continue;
    const auto above = host.size() - entry.size();
    if (!equals_ignoring_case(host.substr(above), entry)) continue;
    if (above == 0 || host[above - 1] == '.') return true;
  }
  return false;
}

bool CurlRoute::apply(CURL* easy, const Origin& origin) const {
  if (resolve_) curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve_.get());
  // What is for the registry is not for the proxy: the header fields of a request, its
  // Authorization among them, do not go into CONNECT.
  curl_easy_setopt(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  // A proxy's answer to CONNECT is not the registry's.
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
  const std::string no_proxy = no_proxy_for(environment({"no_proxy", "NO_PROXY"}), origin.port);
  // libcurl is told what was decided here, and looks into the environment for none of it.
  const std::string proxy =
      excepts_name(no_proxy, origin.host) ? std::string() : proxy_for(origin, proxy_);
  curl_easy_setopt(easy, CURLOPT_PROXY, proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, no_proxy.c_str());
  return !proxy.empty();
}

}  // namespace purser::net
