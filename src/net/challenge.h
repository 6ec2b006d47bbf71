// What a server asks for with its 401 (WWW-Authenticate; RFC 9110, 11.6.1; ).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "purser/transport.h"

namespace purser::net {

// What is read of all the headers together; more is not a registry's challenge.
inline constexpr std::size_t kMaxChallengeBytes = 16 * 1024;
inline constexpr std::size_t kMaxChallenges = 16;

struct Challenge {
  std::string scheme = {};                                       // lower-case
  std::vector<std::pair<std::string, std::string>> params = {};  // names lower-case, as received
  std::string token68 = {};

  // The first of that name (lower-case).
  std::optional<std::string_view> get(std::string_view name) const;
};

// Every challenge of every WWW-Authenticate header, in order, of known and unknown schemes. What
// cannot be read is left out.
std::vector<Challenge> parse_challenges(const http::Headers& headers);

}  // namespace purser::net
