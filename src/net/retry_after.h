// The Retry-After header, in both of its forms (RFC 9110, 10.2.3; A-90).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace purser::net {

// How long from `now` on. No value: not understood, or a time that is past.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                      std::chrono::system_clock::time_point now);

}  // namespace purser::net
