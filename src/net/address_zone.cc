#include "net/address_zone.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace purser::net {
namespace {

using http::Zone;
using Bytes16 = std::array<std::uint8_t, 16>;

struct V4Range {
  std::uint32_t network;
  int bits;
  Zone zone;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// The first that fits counts; what is in none is the internet. From IANA's special-purpose
// registry, and the metadata services that are not at 169.254.169.254.
constexpr V4Range kV4Ranges[] = {
    {v4(168, 63, 129, 16), 32, Zone::link_local},    // Azure
    {v4(100, 100, 100, 200), 32, Zone::link_local},  // Alibaba Cloud
    {v4(192, 0, 0, 192), 32, Zone::link_local},      // Oracle Cloud
    {v4(169, 254, 0, 0), 16, Zone::link_local},
    {v4(224, 0, 0, 0), 3, Zone::link_local},  // multicast, reserved, broadcast: no server is there
    {v4(0, 0, 0, 0), 8, Zone::this_machine},  // connecting to 0.0.0.0 reaches loopback
    {v4(127, 0, 0, 0), 8, Zone::this_machine},
    {v4(10, 0, 0, 0), 8, Zone::private_network},
    {v4(172, 16, 0, 0), 12, Zone::private_network},
    {v4(192, 168, 0, 0), 16, Zone::private_network},
    {v4(100, 64, 0, 0), 10, Zone::private_network},    // carrier-grade NAT
    {v4(192, 0, 0, 0), 24, Zone::private_network},     // protocol assignments
    {v4(192, 0, 2, 0), 24, Zone::private_network},     // documentation
    {v4(198, 18, 0, 0), 15, Zone::private_network},    // benchmarks
    {v4(198, 51, 100, 0), 24, Zone::private_network},  // documentation
    {v4(203, 0, 113, 0), 24, Zone::private_network},   // documentation
};

Zone zone_of_v4(std::uint32_t address) {
  for (const V4Range& range : kV4Ranges) {
    const std::uint32_t mask = ~std::uint32_t{0} << (32 - range.bits);
    if ((address & mask) == range.network) return range.zone;
  }
  return Zone::internet;
}

std::uint32_t v4_at(const Bytes16& address, std::size_t offset) {
  return v4(address[offset], address[offset + 1], address[offset + 2], address[offset + 3]);
}

Bytes16 v6(const char* text) {
  Bytes16 bytes{};
  inet_pton(AF_INET6, text, bytes.data());
  return bytes;
}

bool is_in(const Bytes16& address, const char* network, int bits) {
  const Bytes16 prefix = v6(network);
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.begin())) {
    return false;
  }
  const int rest = bits % 8;
  if (rest == 0) return true;
  const int mask = 0xff << (8 - rest) & 0xff;
  return (address[whole] & mask) == (prefix[whole] & mask);
}

// An IPv6 address that some gateway, or this machine, turns into the IPv4 address in it.
std::optional<std::uint32_t> embedded_v4(const Bytes16& address) {
  if (is_in(address, "::ffff:0:0", 96)) return v4_at(address, 12);    // IPv4-mapped
  if (is_in(address, "::ffff:0:0:0", 96)) return v4_at(address, 12);  // IPv4-translated
  if (is_in(address, "::", 96)) return v4_at(address, 12);            // IPv4-compatible, deprecated
  if (is_in(address, "64:ff9b::", 96)) return v4_at(address, 12);     // NAT64
  if (is_in(address, "2002::", 16)) return v4_at(address, 2);         // 6to4
  if (is_in(address, "2001::", 32)) return ~v4_at(address, 12);       // Teredo: inverted
  return std::nullopt;
}

Zone zone_of_v6(const Bytes16& address) {
  if (address == v6("::1") || address == v6("::")) return Zone::this_machine;
  if (address == v6("fd00:ec2::254")) return Zone::link_local;  // EC2
  if (address == v6("fd20:ce::254")) return Zone::link_local;   // Google Cloud
  if (is_in(address, "fe80::", 10)) return Zone::link_local;
  if (is_in(address, "ff00::", 8)) return Zone::link_local;  // multicast
  if (const auto inner = embedded_v4(address)) return zone_of_v4(*inner);
  // A network's own NAT64: whatever it leads to, it is that network's.
  if (is_in(address, "64:ff9b:1::", 48)) {
    return std::max(Zone::private_network, zone_of_v4(v4_at(address, 12)));
  }
  if (is_in(address, "2001:db8::", 32)) return Zone::private_network;  // documentation
  // Global unicast is 2000::/3 alone; the rest is unique local (fc00::/7) or not assigned.
  return is_in(address, "2000::", 3) ? Zone::internet : Zone::private_network;
}

}  // namespace

std::optional<Zone> zone_of_address(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  // The zone index of a link-local address; in a URL its '%' is written "%25".
  const std::string bare(text.substr(0, text.find('%')));
  in_addr four{};
  if (inet_pton(AF_INET, bare.c_str(), &four) == 1) return zone_of_v4(ntohl(four.s_addr));
  Bytes16 six{};
  if (inet_pton(AF_INET6, bare.c_str(), six.data()) == 1) return zone_of_v6(six);
  return std::nullopt;
}

Zone zone_of_socket_address(const sockaddr* address, socklen_t length) {
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof four);
    return zone_of_v4(ntohl(four.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof six);
    Bytes16 bytes{};
    std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
    return zone_of_v6(bytes);
  }
  return Zone::link_local;
}

std::string text_of_socket_address(const sockaddr* address, socklen_t length) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof four);
    inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof six);
    inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
  }
  return text;
}

std::string_view name_of(Zone zone) {
  switch (zone) {
    case Zone::internet:
      return "the internet";
    case Zone::private_network:
      return "a private network";
    case Zone::this_machine:
      return "this machine";
    case Zone::link_local:
      return "a link-local network";
  }
  return "an unknown network";
}

}  // namespace purser::net
