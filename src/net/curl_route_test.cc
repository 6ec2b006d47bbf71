#include "net/curl_route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace purser::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// libcurl says nothing about an entry that it cannot read, and asks the resolver.
TEST(ResolveOptionTest, IsAHostAPortAndAddressesInNumbers) {
  for (const char* entry : {"registry.test:5000:192.0.2.1", "registry.test:443:192.0.2.1,192.0.2.2",
                            "registry.test:443:[2001:db8::1]", "registry.test:443:2001:db8::1",
                            "[::1]:5000:127.0.0.1"}) {
    EXPECT_THAT(check_resolve({entry}), testing::IsOk()) << entry;
  }
  for (const char* entry :
       {"", "registry.test", "registry.test:443", "registry.test:443:", "registry.test:0:192.0.2.1",
        "registry.test:https:192.0.2.1", "registry.test:443:other.test", ":443:192.0.2.1",
        "-registry.test:443:192.0.2.1", "*:443:192.0.2.1", "+a.test:443:192.0.2.1",
        "registry.test:443:192.0.2.1,", "registry.test:70000:192.0.2.1"}) {
    EXPECT_THAT(check_resolve({entry}), testing::HasError(ErrorCode::invalid_argument)) << entry;
  }
}

// A-5: a password goes to loopback in plain http, because it stays on this machine.
TEST(ResolveOptionTest, ANameOfThisMachineStaysOnIt) {
  for (const char* entry : {"localhost:5000:127.0.0.1", "localhost:5000:127.0.0.1,[::1]",
                            "LocalHost:5000:::1", "127.0.0.1:5000:127.0.0.2"}) {
    EXPECT_THAT(check_resolve({entry}), testing::IsOk()) << entry;
  }
  for (const char* entry :
       {"localhost:5000:192.0.2.1", "localhost:5000:127.0.0.1,192.0.2.1", "LOCALHOST:5000:10.0.0.1",
        "127.0.0.1:5000:[2001:db8::1]", "127.1:5000:192.0.2.1", "[::1]:5000:169.254.169.254"}) {
    EXPECT_THAT(check_resolve({entry}),
                testing::HasError(ErrorCode::invalid_argument, HasSubstr("a name of this machine")))
        << entry;
  }
}

TEST(ProxyOptionTest, IsAUrlOfAProxy) {
  for (const char* url : {"", "http://proxy.test:3128", "http://user:pw@proxy.test:3128/",
                          "https://proxy.test", "socks5h://127.0.0.1:1080"}) {
    EXPECT_THAT(check_proxy(url), testing::IsOk()) << url;
  }
  for (const char* url : {"proxy.test:3128", "ftp://proxy.test", "http://", "http://a b/"}) {
    EXPECT_THAT(check_proxy(url), testing::HasError(ErrorCode::invalid_argument)) << url;
  }
}

// C.1-21
TEST(ProxyOptionTest, ShowsNoPasswordWhereItIsWrong) {
  const auto status = check_proxy("http//bob:pr0xy@proxy.test");
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(to_string(status.error()), Not(HasSubstr("pr0xy@")));
}

// A-100: as Go reads it; libcurl 7.88 passes over an entry with a port.
TEST(NoProxyTest, HoldsForThePortThatAnEntryNames) {
  EXPECT_EQ(no_proxy_for("a.test, .b.test:5000 c.test:443,10.0.0.0/8", 5000),
            "a.test,.b.test,10.0.0.0/8");
  EXPECT_EQ(no_proxy_for("::1,[::1]:5000,[2001:db8::1]:443,2001:db8::/32", 5000),
            "::1,::1,2001:db8::/32");
  EXPECT_EQ(no_proxy_for("*", 5000), "*");
  EXPECT_EQ(no_proxy_for("a.test:443", 5000), "");
}

}  // namespace
}  // namespace purser::net
