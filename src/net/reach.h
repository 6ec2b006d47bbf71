// How far inside a place may be that a registry leads to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/url.h"
#include "purser/transport.h"

namespace purser::net {

// Is the origin in a list of hosts? "host" stands for the scheme's own port, "host:port" for that
// port: an exact match, never a suffix.
bool is_listed(const std::vector<std::string>& hosts, const Origin& origin);

// For a request to `to`, where the registry at `from` leads: as far inside as the registry itself
// was seen to be (`connected`). Where that is not known, behind a proxy, the registry counts as on
// the internet unless its name says otherwise; its own origin has no bound then. Listed hosts have
// none.
http::Zone innermost_for(const Origin& from, const std::optional<http::Zone>& connected,
                         const Origin& to, const std::vector<std::string>& listed);

}  // namespace purser::net
