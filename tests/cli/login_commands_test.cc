// The commands that login, logout and a refusal name: each is run as it stands, by a shell, and has
// to do what it was shown for (A-32).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "tests/cli/keeping_helper.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPassword = "s3cret";
constexpr const char* kRight = R"({"auth":"YWxpY2U6czNjcmV0"})";  // alice:s3cret
constexpr const char* kWrong = R"({"auth":"YWxpY2U6d3Jvbmc="})";  // alice:wrong

// Of the arguments and commands, HOST and HOME stand for what they are in the test.
struct Case {
  std::string file;      // below the home directory
  std::string contents;  // ENTRY is a login
  std::string scope;
  std::string command;   // empty: none may be named
  bool by_name = false;  // the file is named by --authfile
};

class LoginCommandsTest : public ::testing::Test {
 protected:
  LoginCommandsTest() {
    pusher_.push("team/app", image_, "v1");
    add_helper(purser_.home(), "keep");
    std::filesystem::create_symlink(PURSER_PROGRAM, purser_.home() / "bin/purser");
    for (const char* folder : {"containers", "my logins"}) {
      std::filesystem::create_directories(purser_.home() / folder);
    }
  }

  // What the user's shell does with it.
  ProcessResult sh(const std::string& command) const {
    ProcessOptions options = purser_.options();
    options.environment["PATH"] =
        (purser_.home() / "bin").string() + ":" + std::string(std::getenv("PATH"));
    options.environment["PURSER_PASSWORD"] = kPassword;
    for (const auto& [name, value] : variables_) options.environment[name] = value;
    return run({"/bin/sh", "-c", command}, options);
  }
  std::string expanded(std::string text) const {
    const auto replace = [&](const std::string& what, const std::string& by) {
      for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
        text.replace(at, what.size(), by);
      }
    };
    replace("HOST", registry_.host());
    replace("HOME", purser_.home().path().string());
    return text;
  }
  // The file of the case with that entry, and no other file with a login. The options that name it.
  std::string lay_out(const Case& now, const std::string& entry) const {
    for (const char* file : {"config.json", ".dockercfg", "containers/auth.json"}) {
      std::filesystem::remove(purser_.home() / file);
    }
    std::string contents = expanded(now.contents);
    contents.replace(contents.find("ENTRY"), 5, entry);
    const auto file = purser_.home().write(now.file, contents);
    return now.by_name ? fmt::format(" --authfile '{}'", file.string()) : "";
  }
  // Of a text, what stands between the first two `...`.
  static std::string command_in(const std::string& text) {
    const std::size_t begin = text.find("`purser ");
    if (begin == std::string::npos) return {};
    return text.substr(begin + 1, text.find('`', begin + 1) - begin - 1);
  }

  RegistryServer registry_{{.users = {{"alice", kPassword}}}};
  Pusher pusher_{registry_.url(), {.user = "alice", .password = kPassword}};
  Program purser_;
  std::map<std::string, std::string> variables_;
  const BuiltManifest image_ = build_image();
};

// A-32
TEST_F(LoginCommandsTest, LogoutNamesWhatTakesTheOtherLoginAway) {
  const std::string part = R"({"auths":{"HOST/team":ENTRY}})";
  const std::string whole = R"({"auths":{"HOST":ENTRY}})";
  const std::string old_key = R"({"auths":{"http://HOST/v1/":ENTRY}})";
  const std::string podmans = " --authfile HOME/containers/auth.json";
  const std::string named = " --authfile 'HOME/my logins/auth.json'";
  for (const Case& now : std::vector<Case>{
           {"config.json", part, "HOST/team/app", "purser logout HOST/team"},
           {"config.json", part, "HOST", "purser logout HOST/team"},
           {"config.json", whole, "HOST/other", "purser logout HOST"},
           {"config.json", old_key, "HOST/other", "purser logout HOST"},
           {"config.json", R"({"credsStore":"keep","auths":{"HOST/team":ENTRY}})", "HOST/team/app",
            "purser logout HOST/team"},
           {"config.json", R"({"credsStore":"keep","auths":{"HOST/team":ENTRY}})", "HOST",
            "purser logout HOST/team"},
           {"containers/auth.json", part, "HOST/team/app", "purser logout HOST/team" + podmans},
           {"containers/auth.json", whole, "HOST/other", "purser logout HOST" + podmans},
           {"containers/auth.json", whole, "HOST", "purser logout HOST" + podmans},
           {"my logins/auth.json", part, "HOST/team/app", "purser logout HOST/team" + named, true},
           {"my logins/auth.json", part, "HOST", "purser logout HOST/team" + named, true},
           {"my logins/auth.json", whole, "HOST/other", "purser logout HOST" + named, true},
           {".dockercfg", R"({"HOST":ENTRY})", "HOST", ""}}) {
    SCOPED_TRACE(now.file + " " + now.contents + " " + now.scope);
    const std::string options = lay_out(now, kRight);
    const std::string scope = expanded(now.scope);
    const ProcessResult logout = sh("purser logout " + scope + options);
    ASSERT_TRUE(logout.ok()) << logout.describe();
    EXPECT_THAT(logout.err, HasSubstr("has a login for"));
    EXPECT_EQ(command_in(logout.err), expanded(now.command)) << logout.err;
    const auto tags = "purser tags " + registry_.host() + "/team/app" + options;
    ASSERT_TRUE(sh(tags).ok()) << "the login is gone before it was taken away";
    if (now.command.empty()) continue;
    const ProcessResult told = sh(command_in(logout.err));
    EXPECT_TRUE(told.ok()) << told.describe();
    EXPECT_THAT(told.out, HasSubstr("Logged out of"));
    EXPECT_EQ(sh(tags).exit_code, 4);
    EXPECT_THAT(sh("purser logout " + scope + options).err, Not(HasSubstr("has a login for")));
  }
}

// A-31, A-32: what is for all of the registry is in the helper, and what logs out of it is said.
TEST_F(LoginCommandsTest, LogoutOfAPartNamesWhatTakesTheHelpersLoginAway) {
  purser_.home().write("config.json", R"({"credsStore":"keep"})");
  ASSERT_TRUE(sh("purser login -u alice " + registry_.host()).ok());
  const ProcessResult logout = sh(expanded("purser logout HOST/team"));
  EXPECT_EQ(command_in(logout.err), expanded("purser logout HOST")) << logout.err;
  EXPECT_THAT(sh(command_in(logout.err)),
              Answers(HasSubstr("removed from docker-credential-keep")));
  EXPECT_THAT(sh(expanded("purser logout HOST/team")).err, Not(HasSubstr("still")));
}

// A-32
TEST_F(LoginCommandsTest, LoginNamesWhatReplacesTheOneInItsWay) {
  const std::string part = R"({"auths":{"HOST/team":ENTRY}})";
  for (const Case& now : std::vector<Case>{
           {"config.json", part, "HOST", "purser login HOST/team"},
           {"config.json", R"({"credsStore":"keep","auths":{"HOST/team":ENTRY}})", "HOST", ""},
           {"my logins/auth.json", part, "HOST",
            "purser login HOST/team --authfile 'HOME/my logins/auth.json'", true}}) {
    SCOPED_TRACE(now.file + " " + now.contents);
    const std::string options = lay_out(now, kWrong);
    const ProcessResult login = sh("purser login -u alice " + expanded(now.scope) + options);
    ASSERT_TRUE(login.ok()) << login.describe();
    EXPECT_EQ(command_in(login.err), expanded(now.command)) << login.err;
    const auto tags = "purser tags " + registry_.host() + "/team/app" + options;
    if (!now.command.empty()) {
      EXPECT_EQ(sh(tags).exit_code, 4) << "it is not in the way";
      const ProcessResult told = sh(command_in(login.err) + " -u alice");
      EXPECT_TRUE(told.ok()) << told.describe();
    }
    EXPECT_THAT(sh(tags), Answers("v1\n"));
  }
}

// A-26: what is said where a login is refused.
TEST_F(LoginCommandsTest, ARefusalNamesTheLoginThatMendsIt) {
  const std::string part = R"({"auths":{"HOST/team":ENTRY}})";
  for (const Case& now :
       std::vector<Case>{{"config.json", part, "", "purser login HOST/team"},
                         {"config.json", R"({"credsStore":"keep","auths":{"HOST/team":ENTRY}})", "",
                          "purser login HOST"},
                         {"containers/auth.json", part, "",
                          "purser login HOST/team --authfile HOME/containers/auth.json"},
                         {"my logins/auth.json", part, "",
                          "purser login HOST/team --authfile 'HOME/my logins/auth.json'", true},
                         {".dockercfg", R"({"HOST":ENTRY})", "", "purser login HOST"}}) {
    SCOPED_TRACE(now.file + " " + now.contents);
    const std::string options = lay_out(now, kWrong);
    const auto tags = "purser tags " + registry_.host() + "/team/app" + options;
    const ProcessResult refused = sh(tags);
    EXPECT_EQ(refused.exit_code, 4);
    EXPECT_EQ(command_in(refused.err), expanded(now.command)) << refused.err;
    const ProcessResult told = sh(command_in(refused.err) + " -u alice");
    EXPECT_TRUE(told.ok()) << told.describe();
    EXPECT_THAT(sh(tags), Answers("v1\n"));
  }
}

// Where no command helps, none is named.
TEST_F(LoginCommandsTest, TheVariableIsUnset) {
  variables_["DOCKER_AUTH_CONFIG"] = expanded(R"({"auths":{"HOST":)" + std::string(kRight) + "}}");
  for (const char* verb : {"logout", "login -u alice"}) {
    const ProcessResult ran = sh(fmt::format("purser {} {}", verb, registry_.host()));
    EXPECT_TRUE(ran.ok()) << ran.describe();
    EXPECT_EQ(command_in(ran.err), "") << verb;
    EXPECT_THAT(ran.err, HasSubstr("unset that variable")) << verb;
  }
}

}  // namespace
}  // namespace purser::testing
