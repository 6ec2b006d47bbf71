// What -vv shows of requests and answers: enough to see what went wrong, and no secret (C.1-15).
// Header fields and query values are shown by a list of those that are harmless; what is not on it
// is "***", so that a presigned URL of a storage that nobody knows yet is safe too.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "net/withhold.h"
#include "purser/transport.h"

namespace purser::net {

std::string traced_url(std::string_view url);
// " (Accept: ...; Authorization: Bearer ***; attempt 2)": what stands behind the method and the
// URL.
std::string traced_request(const http::Request& request, int attempt);
// ": 200 in 12 ms, 345 bytes (Content-Type: ...)", or why there is no answer. `secrets` are those
// of the request.
std::string traced_outcome(const http::Outcome& outcome, std::chrono::milliseconds took,
                           const SecretFilter& secrets = {});

}  // namespace purser::net
