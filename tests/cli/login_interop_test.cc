// login and logout beside docker's and skopeo's own, on the real registry: each reads what the
// others wrote.
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "tests/cli/docker_program.h"
#include "tests/cli/keeping_helper.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPassword = "s3cret:with colon";

class LoginInteropTest : public ::testing::Test {
 protected:
  LoginInteropTest() { pusher_.push("team/app", image_, "v1"); }

  ProcessOptions options(const std::string& stdin_text) const {
    ProcessOptions options = purser_.options();
    options.stdin_text = stdin_text;
    options.environment["DOCKER_HOST"] = "unix:///nonexistent.sock";
    options.environment["PATH"] =
        (purser_.home() / "bin").string() + ":" + std::string(std::getenv("PATH"));
    return options;
  }
  ProcessResult purser(const std::vector<std::string>& arguments,
                       const std::string& stdin_text = {}) const {
    return run(purser_.command(arguments), options(stdin_text));
  }
  ProcessResult docker(std::vector<std::string> arguments,
                       const std::string& stdin_text = {}) const {
    arguments.insert(arguments.begin(), docker_program());
    return run(arguments, options(stdin_text));
  }
  ProcessResult skopeo(std::vector<std::string> arguments,
                       const std::string& stdin_text = {}) const {
    arguments.insert(arguments.begin(), "skopeo");
    return run(arguments, options(stdin_text));
  }
  void use_helper() const {
    add_helper(purser_.home(), "keep");
    purser_.home().write("config.json", R"({"credsStore":"keep"})");
  }

  // Does it get in?
  ProcessResult docker_inspect() const {
    return docker({"manifest", "inspect", "--insecure", reference()});
  }
  ProcessResult skopeo_tags(const std::string& authfile) const {
    return skopeo({"list-tags", "--tls-verify=false", "--authfile", authfile,
                   "docker://" + registry_.host() + "/team/app"});
  }
  ProcessResult purser_login(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"login", registry_.host(), "-u", "alice", "--password-stdin"});
    return purser(more, std::string(kPassword) + "\n");
  }
  std::string reference() const { return registry_.host() + "/team/app:v1"; }
  std::string config() const { return (purser_.home() / "config.json").string(); }

  RegistryServer registry_{{.users = {{"alice", kPassword}}}};
  Pusher pusher_{registry_.url(), {.user = "alice", .password = kPassword}};
  Program purser_;
  // The only types that docker 20.10's `manifest inspect` reads.
  const BuiltManifest image_ = build_image({.types = MediaTypes::docker});
};

// A-28, A-29, A-30.
TEST_F(LoginInteropTest, ReadsWhatDockerWrote) {
  EXPECT_THAT(purser({"tags", reference().substr(0, reference().rfind(':'))}).exit_code, 4);
  const ProcessResult login =
      docker({"login", "-u", "alice", "--password-stdin", registry_.host()}, kPassword);
  ASSERT_TRUE(login.ok()) << login.describe();
  EXPECT_THAT(purser({"digest", reference()}), Answers(image_.digest + "\n"));
  EXPECT_TRUE(docker_inspect().ok());
  EXPECT_THAT(purser({"logout", registry_.host()}), Answers(HasSubstr(config())));
  EXPECT_FALSE(docker_inspect().ok()) << "docker still finds the login";
}

// A-32.
TEST_F(LoginInteropTest, WritesByteForByteWhatDockerWrites) {
  ASSERT_TRUE(
      docker({"login", "-u", "alice", "--password-stdin", registry_.host()}, kPassword).ok());
  const std::string written = read_file(config());
  std::filesystem::remove(config());
  ASSERT_TRUE(purser_login().ok());
  EXPECT_EQ(read_file(config()), written);
}

// A-32: the key of a service account, as Google has it for _json_key. The registry is an open one:
// htpasswd's file has a line for each password.
TEST_F(LoginInteropTest, TakesAPasswordOfManyLinesAsDockerDoes) {
  const RegistryServer open;
  const std::string key = "{\n  \"type\": \"service_account\",\n  \"key\": \"s3cret\"\n}\n";
  const std::vector<std::string> login = {"login", "-u", "_json_key", "--password-stdin",
                                          open.host()};
  const ProcessResult dockers = docker(login, key);
  ASSERT_TRUE(dockers.ok()) << dockers.describe();
  const std::string written = read_file(config());
  std::filesystem::remove(config());
  const ProcessResult pursers = purser(login, key);
  ASSERT_TRUE(pursers.ok()) << pursers.describe();
  EXPECT_EQ(read_file(config()), written);
  EXPECT_THAT(pursers.err, Not(HasSubstr("service_account")));
}

// A-32.
TEST_F(LoginInteropTest, DockerReadsWhatPurserWrote) {
  EXPECT_FALSE(docker_inspect().ok()) << "it gets in without a login";
  const ProcessResult login = purser_login();
  ASSERT_TRUE(login.ok()) << login.describe();
  const ProcessResult inspected = docker_inspect();
  EXPECT_TRUE(inspected.ok()) << inspected.describe();
  EXPECT_THAT(docker({"logout", registry_.host()}).out, HasSubstr("Removing login credentials"));
  EXPECT_THAT(purser({"digest", reference()}), Fails(4, HasSubstr("purser login")));
}

// A-28, A-32: the same by podman's file, which skopeo has too.
TEST_F(LoginInteropTest, ReadsWhatSkopeoWroteAndSkopeoWhatPurserWrote) {
  const std::string file = (purser_.home() / "containers/auth.json").string();
  std::filesystem::create_directories(purser_.home() / "containers");
  const ProcessResult login = skopeo({"login", "--tls-verify=false", "-u", "alice",
                                      "--password-stdin", "--authfile", file, registry_.host()},
                                     kPassword);
  ASSERT_TRUE(login.ok()) << login.describe();
  // Where podman keeps it, without being named.
  EXPECT_THAT(purser({"digest", reference()}), Answers(image_.digest + "\n"));
  EXPECT_THAT(purser({"logout", registry_.host(), "--authfile", file}), Answers(HasSubstr(file)));
  EXPECT_FALSE(skopeo_tags(file).ok());
  ASSERT_TRUE(purser_login({"--authfile", file}).ok());
  EXPECT_THAT(skopeo_tags(file), Answers(HasSubstr("v1")));
  EXPECT_TRUE(skopeo({"logout", "--authfile", file, registry_.host()}).ok());
  EXPECT_THAT(purser({"digest", reference()}), Fails(4, HasSubstr("purser login")));
}

// A-29, C.1-16: an entry of podman's for a part of the registry is for what is below it.
TEST_F(LoginInteropTest, ReadsAnEntryOfSkopeoForAPartOfTheRegistry) {
  const std::string file = (purser_.home() / "containers/auth.json").string();
  std::filesystem::create_directories(purser_.home() / "containers");
  const ProcessResult login =
      skopeo({"login", "--tls-verify=false", "-u", "alice", "--password-stdin", "--authfile", file,
              registry_.host() + "/team"},
             kPassword);
  ASSERT_TRUE(login.ok()) << login.describe();
  EXPECT_THAT(purser({"digest", reference()}), Answers(image_.digest + "\n"));
  EXPECT_THAT(purser({"catalog", registry_.host()}), Fails(4, HasSubstr("purser login")));
  EXPECT_THAT(purser({"auth", "explain", registry_.host() + "/team/app"}),
              Answers(HasSubstr("the password of alice is used")));
  EXPECT_THAT(purser({"auth", "explain", registry_.host() + "/other"}),
              Answers(HasSubstr("no credential")));
}

// A-31, A-32: docker and Purser with one helper.
TEST_F(LoginInteropTest, SharesAHelperWithDocker) {
  use_helper();
  ASSERT_TRUE(
      docker({"login", "-u", "alice", "--password-stdin", registry_.host()}, kPassword).ok());
  EXPECT_THAT(purser({"digest", reference()}), Answers(image_.digest + "\n"));
  const std::string written = read_file(config());
  EXPECT_THAT(purser({"logout", registry_.host()}),
              Answers(HasSubstr("removed from docker-credential-keep")));
  EXPECT_FALSE(docker_inspect().ok());

  const ProcessResult login = purser_login();
  ASSERT_TRUE(login.ok()) << login.describe();
  EXPECT_THAT(login.out, HasSubstr("kept in docker-credential-keep"));
  EXPECT_EQ(read_file(config()), written);
  const ProcessResult inspected = docker_inspect();
  EXPECT_TRUE(inspected.ok()) << inspected.describe();
  EXPECT_TRUE(docker({"logout", registry_.host()}).ok());
  EXPECT_THAT(purser({"digest", reference()}), Fails(4, HasSubstr("purser login")));
}

// A-32.
TEST_F(LoginInteropTest, KeepsNothingThatTheRegistryRefuses) {
  const ProcessResult login =
      purser({"login", registry_.host(), "-u", "alice", "--password-stdin"}, "wr0ng");
  EXPECT_THAT(login, Fails(4, AllOf(HasSubstr("nothing was kept"), Not(HasSubstr("wr0ng")))));
  EXPECT_FALSE(std::filesystem::exists(config()));
}

TEST_F(LoginInteropTest, SaysWhatIsMissingWhereThereIsNoTerminal) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"login", registry_.host()}, {"login", registry_.host(), "-u", "alice"}}) {
    EXPECT_THAT(purser(arguments, "alice\n"),
                Fails(2, AllOf(HasSubstr("no terminal"), HasSubstr("--password-stdin"))));
  }
}

// A person at a terminal, which the program has for stdin, stdout and stderr.
class AtTheTerminal {
 public:
  AtTheTerminal(const Program& purser, std::vector<std::string> arguments) {
    std::vector<std::string> argv = purser.command(std::move(arguments));
    std::vector<std::string> environment = {"PATH=/usr/bin:/bin"};
    for (const auto& [name, value] : purser.options().environment) {
      environment.push_back(name + "=" + value);
    }
    pid_ = ::forkpty(&keyboard_, nullptr, nullptr, nullptr);
    if (pid_ == 0) {
      ::execve(argv.front().c_str(), pointers_to(argv).data(), pointers_to(environment).data());
      ::_exit(127);
    }
  }
  ~AtTheTerminal() {
    ::close(keyboard_);
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    exit_code();
  }
  void wait_for(const std::string& question) {
    while (screen.find(question) == std::string::npos && read_more()) {
    }
  }
  void type(const std::string& keys) const {
    ASSERT_EQ(::write(keyboard_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  int exit_code() {
    if (pid_ <= 0) return status_;
    while (read_more()) {
    }
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string screen;

 private:
  static std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& string : strings) pointers.push_back(string.data());
    pointers.push_back(nullptr);
    return pointers;
  }
  bool read_more() {
    char bytes[256];
    const ssize_t got = ::read(keyboard_, bytes, sizeof bytes);
    if (got > 0) screen.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }
  int keyboard_ = -1;
  pid_t pid_ = -1;
  int status_ = -1;
};

// C.1-15.
TEST_F(LoginInteropTest, AsksAtATerminalAndShowsNoPassword) {
  AtTheTerminal person(purser_, {"login", registry_.host()});
  person.wait_for("User name");
  person.type("alice\n");
  person.wait_for("Password: ");
  person.type(std::string(kPassword) + "\n");
  EXPECT_EQ(person.exit_code(), 0) << person.screen;
  EXPECT_THAT(person.screen,
              AllOf(HasSubstr("Logged in to " + registry_.host()), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(purser({"digest", reference()}), Answers(image_.digest + "\n"));
}

TEST_F(LoginInteropTest, IsInterruptedWhileItAsks) {
  AtTheTerminal person(purser_, {"login", registry_.host(), "-u", "alice"});
  person.wait_for("Password: ");
  person.type("half\x03");
  EXPECT_EQ(person.exit_code(), 130) << person.screen;
  EXPECT_THAT(person.screen, Not(HasSubstr("half")));
  EXPECT_FALSE(std::filesystem::exists(config()));
}

}  // namespace
}  // namespace purser::testing
