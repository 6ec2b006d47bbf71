#include "net/curl_route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

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

// The environment of the proxies is this test's alone, and what it was before afterwards.
class ProxyEnvironmentTest : public ::testing::Test {
 protected:
  ProxyEnvironmentTest() {
    for (const char* name : kNames) {
      const char* value = std::getenv(name);
      before_.push_back(value == nullptr ? std::nullopt : std::optional<std::string>(value));
      unsetenv(name);
    }
  }
  ~ProxyEnvironmentTest() override {
    for (std::size_t i = 0; i < before_.size(); ++i) {
      if (before_[i]) {
        setenv(kNames[i], before_[i]->c_str(), 1);
      } else {
        unsetenv(kNames[i]);
      }
    }
  }
  static std::string proxy_of(const char* url, const std::string& named = {}) {
    return proxy_for(Url::parse(url)->origin(), named);
  }

  static constexpr std::array kNames = {"http_proxy", "HTTP_PROXY", "https_proxy",   "HTTPS_PROXY",
                                        "all_proxy",  "ALL_PROXY",  "REQUEST_METHOD"};
  std::vector<std::optional<std::string>> before_;
};

// A-100
TEST_F(ProxyEnvironmentTest, NamesAProxyForEachSchemeInEitherCase) {
  EXPECT_EQ(proxy_of("http://r.test/"), "");
  const auto set = [](const char* name) { setenv(name, (std::string(name) + ".test").c_str(), 1); };
  set("ALL_PROXY");
  EXPECT_EQ(proxy_of("http://r.test/"), "ALL_PROXY.test");
  set("all_proxy");
  EXPECT_EQ(proxy_of("https://r.test/"), "all_proxy.test");
  set("HTTPS_PROXY");
  EXPECT_EQ(proxy_of("https://r.test/"), "HTTPS_PROXY.test");
  EXPECT_EQ(proxy_of("http://r.test/"), "all_proxy.test");
  set("HTTP_PROXY");
  EXPECT_EQ(proxy_of("http://r.test/"), "HTTP_PROXY.test");
  set("http_proxy");
  EXPECT_EQ(proxy_of("http://r.test/"), "http_proxy.test");
  setenv("https_proxy", "", 1);
  EXPECT_EQ(proxy_of("https://r.test/"), "HTTPS_PROXY.test") << "empty is not set";
  EXPECT_EQ(proxy_of("https://r.test/", "http://named.test"), "http://named.test");
  EXPECT_EQ(proxy_of("http://localhost:5000/", "http://named.test"), "") << "A-5";
}

// A-100: what a CGI program has in HTTP_PROXY was sent by somebody as the header "Proxy:".
TEST_F(ProxyEnvironmentTest, BelievesHttpProxyInCapitalsNotInACgiProgram) {
  setenv("HTTP_PROXY", "http://evil.test", 1);
  setenv("REQUEST_METHOD", "GET", 1);
  EXPECT_EQ(proxy_of("http://r.test/"), "");
  setenv("http_proxy", "http://good.test", 1);
  EXPECT_EQ(proxy_of("http://r.test/"), "http://good.test");
}

// A-100
TEST(NoProxyTest, ExceptsAHostByItsNameAndByTheDomainsThatItIsIn) {
  for (const char* list : {"*", "a.r.test", "A.R.TEST", "r.test", ".r.test", "test.",
                           "x.test, r.test", "x.test a.r.test"}) {
    EXPECT_TRUE(excepts_name(list, "a.r.test")) << list;
    EXPECT_TRUE(excepts_name(list, "a.r.test.")) << list;
  }
  for (const char* list : {"", ",", ".", "b.r.test", "x.a.r.test", ".test.x", "*.r.test", "a.r"}) {
    EXPECT_FALSE(excepts_name(list, "a.r.test")) << list;
  }
  EXPECT_FALSE(excepts_name("r.test", "evilr.test"));
  EXPECT_FALSE(excepts_name("0.0.1,::1", "10.0.0.1")) << "an address is in no domain";
}

}  // namespace
}  // namespace purser::net
