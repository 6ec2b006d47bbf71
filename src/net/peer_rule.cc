#include "net/peer_rule.h"

#include <sys/socket.h>

#include <string_view>

#include "net/address_zone.h"
#include "net/url.h"

namespace purser::net {
namespace {

using http::Zone;

http::Failure refusal_of(const std::string& host, const std::string& address, Zone zone) {
  const std::string where = "on " + std::string(name_of(zone));
  const std::string text =
      host == address ? host + " is " + where : host + " is at " + address + ", " + where;
  return {http::Failure::Kind::refused, text};
}

std::string without_brackets(const std::string& host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

std::optional<http::Failure> PeerRule::apply(CURL* easy, const std::string& url, Zone innermost,
                                             bool maybe_proxied) {
  const auto parsed = Url::parse(url);
  if (!parsed) return std::nullopt;  // libcurl says why it cannot be sent
  host_ = without_brackets(parsed->origin().host);
  innermost_ = innermost;
  direct_ = !maybe_proxied;
  const auto literal = zone_of_address(host_);
  if (literal && *literal > innermost_) return refusal_of(host_, host_, *literal);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &PeerRule::on_open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  // A connection that an earlier request opened is used again without a new socket.
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &PeerRule::on_before_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  return std::nullopt;
}

bool PeerRule::allows(Zone zone, const std::string& address) {
  // The proxy itself may be anywhere but link-local: no_proxy can name a host that is.
  if (zone <= innermost_ || (!direct_ && zone != Zone::link_local)) return true;
  refusal_ = refusal_of(host_, address, zone);
  return false;
}

curl_socket_t PeerRule::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  const Zone zone = zone_of_socket_address(&address->addr, address->addrlen);
  const std::string text = text_of_socket_address(&address->addr, address->addrlen);
  if (!static_cast<PeerRule*>(self)->allows(zone, text)) return CURL_SOCKET_BAD;
  // No program that is started meanwhile inherits a connection that bears credentials.
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int PeerRule::on_before_request(void* self, char* peer_address, char*, int, int) {
  const std::string address(peer_address == nullptr ? "" : peer_address);
  const Zone zone = zone_of_address(address).value_or(Zone::link_local);
  return static_cast<PeerRule*>(self)->allows(zone, address) ? CURL_PREREQFUNC_OK
                                                             : CURL_PREREQFUNC_ABORT;
}

std::optional<http::Peer> PeerRule::peer(CURL* easy) const {
  const char* address = nullptr;
  if (!direct_ || curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address) != CURLE_OK ||
      address == nullptr) {
    return std::nullopt;
  }
  const auto zone = zone_of_address(address);
  if (!zone) return std::nullopt;
  return http::Peer{address, *zone};
}

}  // namespace purser::net
