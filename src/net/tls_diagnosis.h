// What is wrong with a TLS connection, in words that say what to do.
#pragma once

#include <optional>
#include <string_view>

#include "net/host_tls.h"
#include "net/url.h"
#include "purser/transport.h"

namespace purser::net {

// `text` is libcurl's sentence on a connection to an https origin that failed. No value: TLS was
// not the reason.
std::optional<http::Failure> diagnose_tls(std::string_view text, const Origin& origin,
                                          const HostTls& tls);

}  // namespace purser::net
