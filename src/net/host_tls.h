// Whom one host is believed to be, and who is shown to it.
#pragma once

#include <string>

#include "net/url.h"
#include "purser/result.h"
#include "purser/transport.h"

namespace purser::net {

// What of the options holds for one host (A-100, C.1-18).
struct HostTls {
  bool verify = true;
  std::string ca_file = {};      // in place of the system's CAs
  std::string authorities = {};  // PEM text of CAs beside the system's
  std::string cert_file = {};
  std::string key_file = {};
  std::string directory = {};  // where a file for this host would be put; empty: nowhere
};

// Reads and checks the files. Errors: io; invalid_argument.
Result<HostTls> host_tls(const http::CurlTransportOptions& options, const Origin& origin);

// Was anything given for this host that only TLS has a use for?
bool expects_tls(const http::CurlTransportOptions& options, const Origin& origin);

// The https origin of "host[:port]"; an empty host: not one.
Origin https_origin(const std::string& host_port);

// Hosts that are none, half a pair, a pair for nobody. Errors: invalid_argument.
Status check_tls_options(const http::CurlTransportOptions& options);

}  // namespace purser::net
