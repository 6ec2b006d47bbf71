// How a request gets to its host: addresses that were given by hand, and proxies.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>
#include <vector>

#include "net/curl_transfer.h"
#include "net/url.h"
#include "purser/result.h"
#include "purser/transport.h"

namespace purser::net {

// HOST:PORT:ADDRESS[,ADDRESS], addresses in numbers. libcurl passes over an entry that it cannot
// read, and the request would go where the resolver says. A name of this machine stays on it.
// Errors: invalid_argument.
Status check_resolve(const std::vector<std::string>& entries);

// An http, https or socks URL of a proxy. Errors: invalid_argument; the message has no user info.
Status check_proxy(std::string_view url);

// The entries of NO_PROXY that hold for a port, without theirs: "a,b:5000,c:80" is "a,b" for 5000.
// libcurl knows hosts, domains and address ranges, and passes over an entry with a port.
std::string no_proxy_for(std::string_view list, int port);

// The proxy that a request to this origin goes through, unless no_proxy excepts its address; empty:
// none. `named` takes the place of the environment's.
std::string proxy_for(const Origin& origin, const std::string& named);

// Does an entry of NO_PROXY except a host by name? As libcurl has it: "*", the host, or a domain
// that it is in. Addresses, and their ranges, are left to libcurl.
bool excepts_name(std::string_view no_proxy, std::string_view host);

// Thread rule: apply on the I/O thread. Must outlive the handles that it was applied to.
class CurlRoute {
 public:
  explicit CurlRoute(const http::CurlTransportOptions& options);

  // Gives whether a proxy may stand between: false is certain.
  bool apply(CURL* easy, const Origin& origin) const;

 private:
  std::string proxy_;
  std::unique_ptr<curl_slist, SlistDeleter> resolve_;
};

}  // namespace purser::net
