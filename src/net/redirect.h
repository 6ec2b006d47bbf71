// Redirects, followed by hand: where a request may go on to, and what it may take along (A-33 to
//
#pragma once

#include <optional>
#include <string>

#include "purser/result.h"
#include "purser/transport.h"

namespace purser::net {

inline constexpr int kMaxRedirects = 10;

// 301, 302, 303, 307, 308
bool is_redirect_status(int status);

struct Redirect {
  std::string url = {};
  bool same_origin = false;  // false: Authorization and Cookie stay behind
};
// Where `response` sends a request of `method` that went to `url`. No value: it names no place, the
// answer stands as it is. Errors: refused for a write by 301 to 303 or to another origin, for https
// to http; bad_response for what is no http URL.
Result<std::optional<Redirect>> redirect_of(const std::string& method, const std::string& url,
                                            const http::Response& response);

}  // namespace purser::net
