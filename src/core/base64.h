// Base64 as RFC 4648, section 4: the standard alphabet, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace purser {

// No value for anything but whole, padded base64 without white space.
std::optional<std::string> decode_base64(std::string_view text);

std::string encode_base64(std::string_view bytes);

}  // namespace purser
