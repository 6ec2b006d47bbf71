// The Link header of lists (RFC 8288; A-39).
#pragma once

#include <optional>
#include <string>

#include "purser/result.h"
#include "purser/transport.h"

namespace purser::net {

// The target of the first link with rel=next, as it was sent: to be resolved against the URL of the
// request. No value: there is no such link, the list ends here. Errors: bad_response for a Link
// header that cannot be read to its end before a next link was found: what it hides may be the rest
// of the list.
Result<std::optional<std::string>> next_link(const http::Headers& headers);

}  // namespace purser::net
