// What libcurl's result codes mean here.
#pragma once

#include <curl/curl.h>

#include "net/host_tls.h"
#include "net/url.h"
#include "purser/transport.h"

namespace purser::net {

// Of a request to that origin. `detail` is libcurl's own sentence, if it wrote one; `tls` is what
// holds for an https origin, else null.
http::Failure failure_of(CURLcode code, const char* detail, const Origin& origin,
                         const HostTls* tls);

}  // namespace purser::net
