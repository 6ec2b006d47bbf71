#include "net/reach.h"

#include <algorithm>

#include "net/address_zone.h"

namespace purser::net {
namespace {

http::Zone zone_by_name(const Origin& origin) {
  if (const auto literal = zone_of_address(origin.host)) return *literal;
  return origin.is_loopback() ? http::Zone::this_machine : http::Zone::internet;
}

}  // namespace

bool is_listed(const std::vector<std::string>& hosts, const Origin& origin) {
  return std::any_of(hosts.begin(), hosts.end(), [&](const std::string& entry) {
    const auto url = Url::parse(origin.scheme + "://" + entry + "/");
    return url && url->origin() == origin;
  });
}

http::Zone innermost_for(const Origin& from, const std::optional<http::Zone>& connected,
                         const Origin& to, const std::vector<std::string>& listed) {
  if (is_listed(listed, to)) return http::Zone::link_local;
  // A name may have several addresses: that the registry's own is meant says nothing about where.
  if (to == from) return connected.value_or(http::Zone::link_local);
  return connected.value_or(zone_by_name(from));
}

}  // namespace purser::net
