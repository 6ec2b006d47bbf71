#include "net/reach.h"

#include <gtest/gtest.h>

namespace purser::net {
namespace {

using http::Zone;

Origin origin(const char* url) { return Url::parse(url)->origin(); }

Zone from(std::optional<Zone> connected, const char* to,
          const std::vector<std::string>& listed = {}, const char* registry = "https://r.test/") {
  return innermost_for(origin(registry), connected, origin(to), listed);
}

// at most as far inside as the registry itself.
TEST(ReachTest, AnotherOriginMayBeAsFarInsideAsTheRegistryIs) {
  for (const Zone zone :
       {Zone::internet, Zone::private_network, Zone::this_machine, Zone::link_local}) {
    EXPECT_EQ(from(zone, "https://cdn.test/"), zone);
    EXPECT_EQ(from(zone, "https://r.test:444/"), zone);
  }
}

// its name may have an address further inside as well.
TEST(ReachTest, TheRegistryItselfIsWhereItWasSeen) {
  for (const Zone zone : {Zone::internet, Zone::private_network, Zone::this_machine}) {
    EXPECT_EQ(from(zone, "https://r.test/x"), zone);
    EXPECT_EQ(from(zone, "https://r.test/x", {"r.test"}), Zone::link_local);
  }
  EXPECT_EQ(from({}, "https://r.test/x"), Zone::link_local);
}

//
TEST(ReachTest, AListedHostMayBeAnywhere) {
  EXPECT_EQ(from(Zone::internet, "https://cdn.test/", {"cdn.test"}), Zone::link_local);
  EXPECT_EQ(from(Zone::internet, "https://cdn.test:8443/", {"cdn.test:8443"}), Zone::link_local);
  EXPECT_EQ(from(Zone::internet, "http://cdn.test/", {"cdn.test"}), Zone::link_local);
  for (const char* other :
       {"test", "x.cdn.test", "cdn.test.evil", "cdn.test:444", "evil-cdn.test", "", "u@cdn.test"}) {
    EXPECT_EQ(from(Zone::internet, "https://cdn.test/", {other}), Zone::internet) << other;
  }
}

// behind a proxy nobody can tell, and what cannot be told is not assumed to be inside.
TEST(ReachTest, ARegistryThatIsNotKnownToBeInsideIsOutside) {
  EXPECT_EQ(from({}, "https://cdn.test/"), Zone::internet);
  EXPECT_EQ(from({}, "https://cdn.test/", {}, "https://10.0.0.1/"), Zone::private_network);
  EXPECT_EQ(from({}, "http://127.0.0.1:2/", {}, "http://localhost:1/"), Zone::this_machine);
  EXPECT_EQ(from({}, "http://127.0.0.1:2/", {}, "http://[::1]:1/"), Zone::this_machine);
}

}  // namespace
}  // namespace purser::net
