// What a registry says of its rate limit. For people alone: nothing is decided by it.
#pragma once

#include <optional>

#include "purser/client.h"
#include "purser/transport.h"

namespace purser::net {

// Docker Hub sends `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600`; the drafts
// of the IETF have RateLimit-Limit, -Remaining and -Reset, later one field
// `RateLimit: limit=100, remaining=50, reset=5` and then `RateLimit: "default";r=50;t=30` with
// `RateLimit-Policy: "default";q=100;w=60`. No value: none of them is there, or none is understood.
std::optional<RateLimit> rate_limit_of(const http::Headers& headers);

}  // namespace purser::net
