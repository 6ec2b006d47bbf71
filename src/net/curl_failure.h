// What libcurl's result codes mean here.
#pragma once

#include <curl/curl.h>

#include "purser/transport.h"

namespace purser::net {

// `detail` is libcurl's own sentence, if it wrote one.
http::Failure failure_of(CURLcode code, const char* detail);

}  // namespace purser::net
