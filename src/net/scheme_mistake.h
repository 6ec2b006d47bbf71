// What a registry writes that does not know of the TLS in front of it.
#pragma once

#include "net/url.h"

namespace purser::net {

// The same host, and the same port or the usual one of either scheme: only http and https differ.
inline bool differs_in_scheme_alone(const Origin& a, const Origin& b) {
  const auto is_usual = [](const Origin& origin) {
    return origin.port == (origin.scheme == "https" ? 443 : 80);
  };
  if (a.host != b.host || a.scheme == b.scheme) return false;
  return a.port == b.port || (is_usual(a) && is_usual(b));
}

}  // namespace purser::net
