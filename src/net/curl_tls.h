// TLS of each host on libcurl's handles (C.1-18).
#pragma once

#include <curl/curl.h>

#include <map>
#include <optional>
#include <string>

#include "net/host_tls.h"
#include "net/url.h"
#include "purser/transport.h"

namespace purser::net {

// A host's files are read when it is first spoken to, and not again: within one transport a host
// sees one identity, so that no connection to it can have another (C.1-19).
// Thread rule: the I/O thread. Must outlive the handles that it was applied to.
class CurlTls {
 public:
  explicit CurlTls(const http::CurlTransportOptions& options) : options_(options) {}

  // A failure: a file of this host cannot be used.
  std::optional<http::Failure> apply(CURL* easy, const Origin& origin);
  // Of a host that it was applied for.
  const HostTls& of(const Origin& origin) const { return *hosts_.at(origin.str()); }

 private:
  const http::CurlTransportOptions& options_;
  std::map<std::string, Result<HostTls>> hosts_;  // by origin
};

}  // namespace purser::net
