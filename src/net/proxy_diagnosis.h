// What is wrong with the way through a proxy.
#pragma once

#include <curl/curl.h>

#include <optional>
#include <string_view>

#include "net/url.h"
#include "purser/transport.h"

namespace purser::net {

// `text` is libcurl's sentence on a request to that origin. No value: it was not the proxy.
std::optional<http::Failure> diagnose_proxy(CURLcode code, std::string_view text,
                                            const Origin& origin);

}  // namespace purser::net
