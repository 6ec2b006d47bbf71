// C.1-15, C.1-17: what login, logout and auth explain leave behind, with a helper and without.
#include <filesystem>
#include <fstream>

#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LoginSecretsTest : public EvilTest {
 protected:
  LoginSecretsTest() { registry_.challenge_with({basic()}); }

  // A helper that keeps what it is given, and writes down what it was started with: its own
  // arguments and environment, and the arguments of whoever started it.
  ProcessOptions with_helper() {
    const auto file = outside_ / "docker-credential-spy";
    std::ofstream(file) << "#!/bin/sh\n"
                        << "cd '" << outside_.path().string() << "'\n"
                        << "{ echo \"$0 $*\"; cat /proc/$$/environ /proc/$PPID/cmdline; } >> seen\n"
                        << "case $1 in\n"
                        << "  store) cat > kept ;;\n"
                        << "  get) cat > /dev/null; cat kept ;;\n"
                        << "  erase) cat > /dev/null; rm -f kept ;;\n"
                        << "esac\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    ProcessOptions options = purser_.options();
    options.environment["PATH"] = outside_.path().string() + ":/usr/bin:/bin";
    return options;
  }
  ProcessResult run(std::vector<std::string> arguments, ProcessOptions options) {
    arguments.emplace_back("-vv");
    ProcessResult result = testing::run(purser_.command(std::move(arguments)), options);
    EXPECT_THAT(secrets_.find_in(result.out + result.err), IsEmpty());
    return result;
  }
  void run_every_verb(const ProcessOptions& options) {
    const std::string host = registry_.host();
    const ProcessResult login = run({"login", host, "-u", "alice", "--password-stdin"}, options);
    ASSERT_TRUE(login.ok()) << login.describe();
    for (const char* format : {"text", "json"}) {
      EXPECT_TRUE(run({"auth", "explain", host + "/app", "-o", format}, options).ok());
    }
    EXPECT_TRUE(run({"tags", host + "/app"}, options).ok());
    EXPECT_EQ(registry_.authorizations().back(), expected_);
    EXPECT_TRUE(run({"logout", host}, options).ok());
    EXPECT_FALSE(run({"tags", host + "/app"}, options).ok());
  }

  const TempDir outside_;
  EvilRegistry registry_;
  const std::string expected_ = [this] {
    registry_.on("GET", "/v2/", page(R"({"tags":["v1"]})"));
    std::string text = base64url("alice:" + password_);
    while (text.size() % 4 != 0) text += '=';
    return "Basic " + text;
  }();
};

// C.1-15, A-31: it is on the helper's stdin and nowhere else.
TEST_F(LoginSecretsTest, AreOnlyWithTheHelper) {
  purser_.home().write("config.json", R"({"credsStore":"spy"})");
  ProcessOptions options = with_helper();
  options.stdin_text = password_;
  run_every_verb(options);
  const std::string seen = read_file(outside_ / "seen");
  EXPECT_THAT(seen, HasSubstr("store"));
  EXPECT_THAT(seen, HasSubstr("--password-stdin"));
  EXPECT_THAT(secrets_.find_in(seen), IsEmpty());
  EXPECT_THAT(secrets_.find_below(purser_.home().path()), IsEmpty());
}

// C.1-15: what came by the environment does not go on to a child by it.
TEST_F(LoginSecretsTest, AreNotInTheEnvironmentOfTheHelper) {
  purser_.home().write("config.json", R"({"credsStore":"spy"})");
  ProcessOptions options = with_helper();
  options.environment["PURSER_PASSWORD"] = password_;
  const ProcessResult login = run({"login", registry_.host(), "-u", "alice"}, options);
  ASSERT_TRUE(login.ok()) << login.describe();
  const std::string seen = read_file(outside_ / "seen");
  EXPECT_THAT(seen, HasSubstr("HOME="));
  EXPECT_THAT(secrets_.find_in(seen), IsEmpty());
  EXPECT_THAT(secrets_.find_in(read_file(outside_ / "kept")), Contains("the password"));
}

// C.1-15: without a helper it is in the one file that is for it, which is for its owner alone, and
// after a logout nowhere.
TEST_F(LoginSecretsTest, AreOnlyInDockersFile) {
  ProcessOptions options = purser_.options();
  options.stdin_text = password_;
  const ProcessResult login =
      run({"login", registry_.host(), "-u", "alice", "--password-stdin"}, options);
  ASSERT_TRUE(login.ok()) << login.describe();
  for (const std::string& place : secrets_.find_below(purser_.home().path())) {
    EXPECT_THAT(place, ::testing::EndsWith("/config.json"));
  }
  const auto file = purser_.home() / "config.json";
  EXPECT_THAT(secrets_.find_in(read_file(file)), Contains("the password (base64)"));
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  run_every_verb(options);
  EXPECT_THAT(secrets_.find_below(purser_.home().path()), IsEmpty());
}

// C.1-15, A-32: a password that the registry refused is kept nowhere.
TEST_F(LoginSecretsTest, ThatAreRefusedAreKeptNowhere) {
  registry_.on("GET", "/v2/", challenge({basic()}));
  ProcessOptions options = purser_.options();
  options.stdin_text = password_;
  const ProcessResult login =
      run({"login", registry_.host(), "-u", "alice", "--password-stdin"}, options);
  EXPECT_EQ(login.exit_code, 4);
  EXPECT_THAT(secrets_.find_below(purser_.home().path()), IsEmpty());
}

// C.1-15: in argv it would be there for every user of the machine, so it is not taken from there.
TEST_F(LoginSecretsTest, AreNotTakenFromTheArguments) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"login", registry_.host(), "-u", "alice", "-p", password_},
           {"login", registry_.host(), "-u", "alice:" + password_, "--password-stdin"}}) {
    const ProcessResult result = purser_(arguments, password_);
    EXPECT_EQ(result.exit_code, 2) << result.describe();
    EXPECT_THAT(secrets_.find_in(result.out + result.err), IsEmpty());
  }
  EXPECT_EQ(registry_.count(), 0U);
}

}  // namespace
}  // namespace purser::testing
