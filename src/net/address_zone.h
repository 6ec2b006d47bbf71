// How far inside an address is (A-35, C.1-4).
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string_view>

#include "purser/transport.h"

namespace purser::net {

// Of an address in text, as libcurl prints it and as it stands in a URL: "192.0.2.1",
// "2001:db8::1",
// "[::1]", "fe80::1%eth0". No value: it is a name, or no address in its usual form.
std::optional<http::Zone> zone_of_address(std::string_view text);

// Of what a socket is about to be connected to. An address of an unknown family is link_local: what
// is not understood is as far inside as can be.
http::Zone zone_of_socket_address(const sockaddr* address, socklen_t length);

// "192.0.2.1"; empty for an unknown family.
std::string text_of_socket_address(const sockaddr* address, socklen_t length);

// For people: "the internet", "a private network", "this machine", "a link-local network".
std::string_view name_of(http::Zone zone);

}  // namespace purser::net
