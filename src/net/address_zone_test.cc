#include "net/address_zone.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <string>

namespace purser::net {
namespace {

using http::Zone;

struct Row {
  const char* address;
  Zone zone;
};

// C.1-4, A-35: every special range, at its ends and just outside.
constexpr Row kTable[] = {
    {"8.8.8.8", Zone::internet},
    {"9.255.255.255", Zone::internet},
    {"11.0.0.0", Zone::internet},
    {"100.63.255.255", Zone::internet},
    {"100.128.0.0", Zone::internet},
    {"126.255.255.255", Zone::internet},
    {"128.0.0.0", Zone::internet},
    {"168.63.129.15", Zone::internet},
    {"169.253.255.255", Zone::internet},
    {"169.255.0.0", Zone::internet},
    {"172.15.255.255", Zone::internet},
    {"172.32.0.0", Zone::internet},
    {"192.167.255.255", Zone::internet},
    {"192.169.0.0", Zone::internet},
    {"198.17.255.255", Zone::internet},
    {"198.20.0.0", Zone::internet},
    {"223.255.255.255", Zone::internet},
    {"10.0.0.0", Zone::private_network},
    {"10.255.255.255", Zone::private_network},
    {"100.64.0.0", Zone::private_network},
    {"100.127.255.255", Zone::private_network},
    {"172.16.0.0", Zone::private_network},
    {"172.31.255.255", Zone::private_network},
    {"192.0.0.1", Zone::private_network},
    {"192.0.2.1", Zone::private_network},
    {"192.168.0.0", Zone::private_network},
    {"192.168.255.255", Zone::private_network},
    {"198.18.0.0", Zone::private_network},
    {"198.19.255.255", Zone::private_network},
    {"198.51.100.1", Zone::private_network},
    {"203.0.113.1", Zone::private_network},
    {"0.0.0.0", Zone::this_machine},
    {"0.255.255.255", Zone::this_machine},
    {"127.0.0.0", Zone::this_machine},
    {"127.0.0.1", Zone::this_machine},
    {"127.255.255.255", Zone::this_machine},
    {"169.254.0.0", Zone::link_local},
    {"169.254.169.254", Zone::link_local},
    {"169.254.255.255", Zone::link_local},
    {"100.100.100.200", Zone::link_local},
    {"168.63.129.16", Zone::link_local},
    {"192.0.0.192", Zone::link_local},
    {"224.0.0.1", Zone::link_local},
    {"255.255.255.255", Zone::link_local},

    {"2000::", Zone::internet},
    {"2606:4700::1111", Zone::internet},
    {"3fff:ffff::", Zone::internet},
    {"2001:db7:ffff::", Zone::internet},
    {"2001:db8::1", Zone::private_network},
    {"1fff::1", Zone::private_network},
    {"4000::", Zone::private_network},
    {"fc00::1", Zone::private_network},
    {"fd12:3456::1", Zone::private_network},
    {"fdff:ffff::", Zone::private_network},
    {"fec0::1", Zone::private_network},
    {"::", Zone::this_machine},
    {"::1", Zone::this_machine},
    {"fe80::1", Zone::link_local},
    {"fe80::1%eth0", Zone::link_local},
    {"febf::1", Zone::link_local},
    {"fd00:ec2::254", Zone::link_local},
    {"fd20:ce::254", Zone::link_local},
    {"ff02::1", Zone::link_local},

    // An IPv4 address in another dress is where that address is.
    {"::ffff:8.8.8.8", Zone::internet},
    {"::ffff:10.0.0.1", Zone::private_network},
    {"::ffff:127.0.0.1", Zone::this_machine},
    {"::ffff:7f00:1", Zone::this_machine},
    {"::ffff:0.0.0.0", Zone::this_machine},
    {"::ffff:169.254.169.254", Zone::link_local},
    {"::ffff:0:169.254.169.254", Zone::link_local},
    {"::8.8.8.8", Zone::internet},
    {"::127.0.0.1", Zone::this_machine},
    {"::169.254.169.254", Zone::link_local},
    {"64:ff9b::8.8.8.8", Zone::internet},
    {"64:ff9b::10.0.0.1", Zone::private_network},
    {"64:ff9b::a9fe:a9fe", Zone::link_local},
    {"64:ff9b:1::8.8.8.8", Zone::private_network},
    {"64:ff9b:1::169.254.169.254", Zone::link_local},
    {"2002:808:808::1", Zone::internet},
    {"2002:7f00:1::1", Zone::this_machine},
    {"2002:a9fe:a9fe::1", Zone::link_local},
    {"2001:0:0:0:0:0:f7f7:f7f7", Zone::internet},      // Teredo of 8.8.8.8
    {"2001:0:0:0:0:0:80ff:fffe", Zone::this_machine},  // of 127.0.0.1
    {"[::1]", Zone::this_machine},
    {"[fe80::1%25eth0]", Zone::link_local},
};

TEST(AddressZoneTest, KnowsHowFarInsideAnAddressIs) {
  for (const Row& row : kTable) {
    const auto zone = zone_of_address(row.address);
    ASSERT_TRUE(zone) << row.address;
    EXPECT_EQ(*zone, row.zone) << row.address << " is on " << name_of(*zone);
  }
}

// What a socket is connected to and what is printed must not be told apart.
TEST(AddressZoneTest, ASocketAddressIsWhereItsTextIs) {
  for (const Row& row : kTable) {
    const std::string text(row.address);
    if (text.find_first_of("[%") != std::string::npos) continue;
    sockaddr_in four{};
    sockaddr_in6 six{};
    four.sin_family = AF_INET;
    six.sin6_family = AF_INET6;
    const sockaddr* address = nullptr;
    socklen_t length = 0;
    if (inet_pton(AF_INET, row.address, &four.sin_addr) == 1) {
      address = reinterpret_cast<const sockaddr*>(&four);
      length = sizeof four;
    } else {
      ASSERT_EQ(inet_pton(AF_INET6, row.address, &six.sin6_addr), 1) << row.address;
      address = reinterpret_cast<const sockaddr*>(&six);
      length = sizeof six;
    }
    EXPECT_EQ(zone_of_socket_address(address, length), row.zone) << row.address;
    EXPECT_EQ(zone_of_address(text_of_socket_address(address, length)), row.zone) << row.address;
    // One cut short is not understood.
    EXPECT_EQ(zone_of_socket_address(address, length - 1), Zone::link_local) << row.address;
  }
}

TEST(AddressZoneTest, AnUnknownFamilyIsAsFarInsideAsCanBe) {
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  const auto* address = reinterpret_cast<const sockaddr*>(&path);
  EXPECT_EQ(zone_of_socket_address(address, sizeof path), Zone::link_local);
  EXPECT_EQ(text_of_socket_address(address, sizeof path), "");
}

// The parser of URLs turns the numeric forms into four numbers, and what is connected to is looked
// at in any case.
TEST(AddressZoneTest, ANameIsNoAddress) {
  for (const char* text : {"", "localhost", "r.test", "127.1", "0x7f000001", "2130706433", "[",
                           "[]", "127.0.0.1.", "0177.0.0.1", "1.2.3.4.5", "::g"}) {
    EXPECT_EQ(zone_of_address(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace purser::net
