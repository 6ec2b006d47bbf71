// Where the next page of a list is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "purser/result.h"
#include "purser/transport.h"

namespace purser {

// The `rel="next"` Link, resolved against the URL that was asked; no value without one. A Link that
// names the same host and port with another scheme, as registries behind a proxy do, keeps the
// scheme that was asked. Errors: incomplete for a Link to another origin, which is never followed,
// and for one that is no URL.
Result<std::optional<std::string>> next_page_url(const http::Headers& headers,
                                                 std::string_view asked_url);

}  // namespace purser
