// The commands that people are told: each is run in tests/cli/login_commands_test.cc.
#include "credentials/remedy.h"

#include <gmock/gmock.h>

#include <string>

namespace purser {
namespace {

using ::testing::HasSubstr;

constexpr const char* kUsual = "/home/ann/.docker/config.json";

struct Told {
  std::string login;
  std::string logout;
  friend bool operator==(const Told&, const Told&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Told& told) {
    return out << told.login << " | " << told.logout;
  }
};

Told told(const LoginPlace& place) {
  return {login_command(place, kUsual).value_or("-"), logout_command(place, kUsual).value_or("-")};
}

//
TEST(LoginCommands, NameTheKeyAndTheFile) {
  EXPECT_EQ(told({.registry = "h.io:80", .file = kUsual}),
            (Told{"purser login h.io:80", "purser logout h.io:80"}));
  EXPECT_EQ(told({.registry = "h.io", .path = "team", .file = kUsual}),
            (Told{"purser login h.io/team", "purser logout h.io/team"}));
  EXPECT_EQ(told({.registry = "h.io", .path = "team", .file = "/run/auth.json"}),
            (Told{"purser login h.io/team --authfile /run/auth.json",
                  "purser logout h.io/team --authfile /run/auth.json"}));
}

TEST(LoginCommands, AreThoseThatDoWhatTheySay) {
  EXPECT_EQ(told({.registry = "h.io", .path = "team", .file = kUsual, .has_helper = true}),
            (Told{"purser login h.io", "purser logout h.io/team"}))
      << "no helper keeps a part, and it is asked first";
  EXPECT_EQ(told({.registry = "h.io", .file = kUsual, .has_helper = true}),
            (Told{"purser login h.io", "purser logout h.io"}));
  EXPECT_EQ(told({.registry = "h.io",
                  .file = "/home/ann/.dockercfg",
                  .format = AuthFileFormat::dockercfg}),
            (Told{"purser login h.io", "-"}))
      << "a file that is asked before it";
  EXPECT_EQ(told({.registry = "h.io"}), (Told{"-", "-"})) << "the variable";
  EXPECT_EQ(told({.registry = "h.io", .path = "Team", .file = kUsual}), (Told{"-", "-"}));
  EXPECT_EQ(told({.registry = "h.io", .file = "/a\x1b[2J"}), (Told{"-", "-"}));
}

TEST(LoginCommands, AreQuotedForAShell) {
  const auto file = [](const char* name) {
    return *logout_command({.registry = "h.io", .file = name}, kUsual);
  };
  EXPECT_EQ(file("/a/b c.json"), "purser logout h.io --authfile '/a/b c.json'");
  EXPECT_EQ(file("/a/it's"), "purser logout h.io --authfile '/a/it'\\''s'");
  EXPECT_EQ(file("/a/$x#~!{y}"), "purser logout h.io --authfile '/a/$x#~!{y}'");
  EXPECT_EQ(file("~/x"), "purser logout h.io --authfile '~/x'");
  EXPECT_EQ(file("/a/\xC3\xA4.json"), "purser logout h.io --authfile /a/\xC3\xA4.json");
}

// What a hint ends with.
TEST(RemedyOf, IsWhatCanBeDoneThere) {
  const auto remedy = [](const LoginPlace& place) { return remedy_of(place, kUsual); };
  EXPECT_EQ(remedy({.registry = "h.io", .file = kUsual}), "log in again with `purser login h.io`");
  EXPECT_THAT(remedy({.registry = "h.io"}), HasSubstr("unset DOCKER_AUTH_CONFIG"));
  EXPECT_EQ(remedy({.registry = "h.io", .path = "Team", .file = kUsual}),
            std::string("mend the entry in ") + kUsual);
}

}  // namespace
}  // namespace purser
