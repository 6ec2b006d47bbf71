#include <gmock/gmock.h>

#include "purser/reference.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::testing::HasSubstr;

TEST(RegistryName, ParsesHostAndPort) {
  struct Row {
    const char* text;
    const char* str;
    const char* host;
    int port;  // 0: none
    const char* scheme;
  };
  for (const Row& row : {
           Row{"localhost:5000", "localhost:5000", "localhost", 5000, ""},
           Row{"Registry.Example.COM", "registry.example.com", "registry.example.com", 0, ""},
           Row{"myhost", "myhost", "myhost", 0, ""},
           Row{"10.0.0.1:80", "10.0.0.1:80", "10.0.0.1", 80, ""},
           Row{"[::1]", "[::1]", "::1", 0, ""},
           Row{"[2001:DB8::1]:5000", "[2001:db8::1]:5000", "2001:db8::1", 5000, ""},
           Row{"https://h.io", "h.io", "h.io", 0, "https"},
           Row{"HTTP://h.io:5000/", "h.io:5000", "h.io", 5000, "http"},
           Row{"https://[::1]:5000/", "[::1]:5000", "::1", 5000, "https"},
           Row{"docker.io", "docker.io", "docker.io", 0, ""},
           Row{"index.docker.io", "docker.io", "docker.io", 0, ""},
           Row{"registry-1.docker.io", "registry-1.docker.io", "registry-1.docker.io", 0, ""},
       }) {
    SCOPED_TRACE(row.text);
    const auto name = RegistryName::parse(row.text);
    ASSERT_THAT(name, IsOk());
    EXPECT_EQ(name->str(), row.str);
    EXPECT_EQ(name->host(), row.host);
    EXPECT_EQ(name->port().value_or(0), row.port);
    EXPECT_EQ(name->scheme().value_or(""), row.scheme);
    const auto again = RegistryName::parse(name->str());
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->str(), name->str());
  }
}

TEST(RegistryName, RejectsWhatIsNoHostAndPort) {
  for (const char* text :
       {"",         "/",          "https://", "https:///",   "h.io:",
        "h.io:0",   "h.io:65536", "h.io:x",   "h.io:1:2",    ":5000",
        "h..io",    ".h.io",      "h.io.",    "-h.io",       "h_h.io",
        "::1",      "[::1",       "[::1]x",   "[fe80::1%1]", "[1.2.3.4]",
        "h.io/",    "h io",       "h.io\n",   "ftp://h.io",  "https://https://h.io",
        "user@h.io"}) {
    EXPECT_THAT(RegistryName::parse(text), HasError(ErrorCode::invalid_argument)) << text;
  }
}

TEST(RegistryName, SaysThatAPathFollows) {
  for (const char* text : {"localhost:5000/team/app", "https://localhost:5000/v2/"}) {
    const auto name = RegistryName::parse(text);
    ASSERT_THAT(name, HasError(ErrorCode::invalid_argument, HasSubstr("a path follows the host")));
    EXPECT_EQ(name.error().hint, "Did you mean localhost:5000?");
  }
}

// http without being asked for it is for these alone, decided by name.
TEST(RegistryName, KnowsLoopbackByName) {
  for (const char* text : {"localhost", "LOCALHOST:5000", "127.0.0.1", "127.255.3.4:80", "[::1]",
                           "[0:0:0:0:0:0:0:1]:5000", "https://localhost"}) {
    EXPECT_TRUE(RegistryName::parse(text)->is_loopback()) << text;
  }
  for (const char* text : {"localhost.example.com", "notlocalhost", "128.0.0.1", "10.0.0.1",
                           "192.168.0.1", "127.0.0.1.nip.io", "[::2]", "registry.local", "127.1"}) {
    EXPECT_FALSE(RegistryName::parse(text)->is_loopback()) << text;
  }
}

}  // namespace
}  // namespace purser
