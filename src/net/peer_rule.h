// Connects no further inside than a request allows (A-35, C.1-4): a name is judged by the address
// that it leads to at the moment of connecting, so that no second look-up can change the verdict.
#pragma once

#include <curl/curl.h>

#include <optional>
#include <string>

#include "purser/transport.h"

namespace purser::net {

// Thread rule: lives on the I/O thread; must not move while its handle is in use.
class PeerRule {
 public:
  // For the request to `url` that this handle will send. A failure: the URL itself names an address
  // that is too far inside. Where a proxy may stand between (CurlRoute::apply says), the peer may
  // be the proxy, whose address says nothing about where the request ends: it is for the proxy to
  // know what it may reach, and only an address in the URL can be judged.
  std::optional<http::Failure> apply(CURL* easy, const std::string& url, http::Zone innermost,
                                     bool maybe_proxied);

  // What was refused while connecting, once the transfer has failed.
  const std::optional<http::Failure>& refusal() const noexcept { return refusal_; }
  // Who answered. No value: a proxy stands between, or nobody was connected to.
  std::optional<http::Peer> peer(CURL* easy) const;

 private:
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_before_request(void* self, char* peer_address, char* local_address, int peer_port,
                               int local_port);
  bool allows(http::Zone zone, const std::string& address);

  std::string host_;
  http::Zone innermost_ = http::Zone::link_local;
  bool direct_ = true;
  std::optional<http::Failure> refusal_;
};

}  // namespace purser::net
