// A-95: the first Ctrl-C ends every verb, whatever it waits for, and it says that it was ended. The
// waits here would take a minute or more, so that a generous bound shows that they were cut off.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>

#include "purser/stand_in.h"
#include "testing/evil_registry.h"
#include "testing/fifo.h"
#include "testing/raw_server.h"
#include "tests/cli/program.h"

namespace purser {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::Answer;
using testing::EvilRegistry;
using testing::Fifo;
using ::testing::HasSubstr;
using testing::ProcessResult;
using testing::RawServer;
using testing::WireRequest;
using Arguments = std::vector<std::string>;

class CancellationTest : public ::testing::Test {
 protected:
  // Runs the program, sends SIGINT once `waits` has seen it wait, and gives what came of it.
  ProcessResult interrupted(const Arguments& command, const std::function<bool()>& waits,
                            testing::ProcessOptions options) const {
    testing::Process process(command, options);
    EXPECT_TRUE(waits()) << "it never came to the wait: " << process.err();
    const auto sent = std::chrono::steady_clock::now();
    process.signal(SIGINT);
    ProcessResult result = process.wait();
    EXPECT_LT(std::chrono::steady_clock::now() - sent, testing::kPatience * 5s);
    EXPECT_EQ(result.exit_code, 130) << result.describe();
    return result;
  }
  ProcessResult interrupted(const Arguments& arguments, const std::function<bool()>& waits) const {
    return interrupted(purser_.command(arguments), waits, purser_.options());
  }

  // In a shell, which is replaced by the program, for what only a shell redirects.
  Arguments in_shell(const std::string& redirection, const Arguments& arguments) const {
    Arguments command = purser_.command(arguments);
    command.insert(command.begin(), {"/bin/sh", "-c", "exec \"$0\" \"$@\" " + redirection});
    return command;
  }

  std::filesystem::path home(const std::string& name) const { return purser_.home() / name; }

  Program purser_;
};

// A registry that lets every request wait that a rule has for it.
class StallingRegistry : public EvilRegistry {
 public:
  void stall(const std::string& method, const std::string& target) {
    on(method, target, [this](const WireRequest&) {
      server().stall();
      return Answer();
    });
  }
  std::function<bool()> has_stalled() {
    return [this] { return server().wait_for_stall(); };
  }
};

Answer json_answer(std::string body) {
  Answer answer;
  answer.response.headers.fields = {{"Content-Type", "application/json"}};
  answer.response.body = std::move(body);
  return answer;
}

TEST_F(CancellationTest, EndsEveryVerbInItsFirstRequest) {
  const std::string file = purser_.home().write("index.json", kEmptyStandIn).string();
  const std::string digest = "@sha256:" + std::string(64, '0');
  for (const Arguments& verb : std::vector<Arguments>{{"ping", ""},
                                                      {"catalog", ""},
                                                      {"tags", "/a"},
                                                      {"tags", "--long", "/a"},
                                                      {"digest", "/a:v1"},
                                                      {"manifest", "/a:v1"},
                                                      {"inspect", "/a:v1"},
                                                      {"config", "/a:v1"},
                                                      {"tag", "/a:v1", "v2"},
                                                      {"untag", "/a:v1"},
                                                      {"delete", "/a" + digest},
                                                      {"put", "/a:v1", file},
                                                      {"plan", "--keep", "a:v1", "/a"},
                                                      {"prune", "--keep", "a:v1", ""}}) {
    StallingRegistry registry;
    registry.stall("", "");
    Arguments arguments = verb;
    const auto name = std::find_if(arguments.begin() + 1, arguments.end(),
                                   [](const auto& text) { return text.empty() || text[0] == '/'; });
    *name = registry.host() + *name;
    const ProcessResult result = interrupted(arguments, registry.has_stalled());
    EXPECT_THAT(result.err, AllOf(HasSubstr("cancelled"), HasSubstr(registry.host()))) << verb[0];
    EXPECT_EQ(result.out, "") << verb[0];
  }
}

TEST_F(CancellationTest, EndsABodyThatStandsStill) {
  RawServer registry([](const std::string&) {
    return RawServer::Answer{
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"
        "Content-Type: application/json\r\n\r\n{\"name\":",
        RawServer::Answer::Then::hold};
  });
  interrupted({"tags", "127.0.0.1:" + std::to_string(registry.port()) + "/a"}, [&] {
    registry.wait_for_requests(1);
    return true;
  });
}

// A-90: a wait that a server asked for is the program's own, and ends with it.
TEST_F(CancellationTest, EndsTheWaitThatAServerAskedFor) {
  EvilRegistry registry;
  Answer busy = json_answer(R"({"errors":[{"code":"TOOMANYREQUESTS"}]})");
  busy.response.status = 429;
  busy.response.headers.fields.emplace_back("Retry-After", "120");
  registry.on("GET", "/v2/a/", busy);
  Fifo err(home("err"));
  interrupted(
      in_shell("2>" + err.path(), {"-v", "tags", registry.host() + "/a"}),
      [&] { return err.wait_for("trying again"); }, purser_.options());
  EXPECT_THAT(err.rest(), HasSubstr("cancelled"));
  EXPECT_EQ(registry.count("GET", "/v2/a/"), 1u);
}

// The listing of many tags, of which each needs the one token.
TEST_F(CancellationTest, EndsTheWaitForATokenThatOneFetchesForAll) {
  StallingRegistry auth;
  auth.stall("", "/token");
  EvilRegistry registry;
  registry.challenge_with({"Bearer realm=\"" + auth.url("/token") + "\",service=\"s\""});
  const ProcessResult result =
      interrupted({"tags", "--long", registry.host() + "/a"}, auth.has_stalled());
  EXPECT_THAT(result.err, HasSubstr("cancelled"));
}

TEST_F(CancellationTest, EndsAReadOfManyOfWhichOneStandsStill) {
  StallingRegistry registry;
  registry.on("GET", "/v2/a/tags/list", json_answer(R"({"tags":["v1","v2","v3"]})"));
  registry.stall("", "/v2/a/manifests/v2");
  const ProcessResult result =
      interrupted({"tags", "--long", registry.host() + "/a"}, registry.has_stalled());
  EXPECT_THAT(result.err, HasSubstr("cancelled"));
}

TEST_F(CancellationTest, EndsATlsHandshakeThatIsNotAnswered) {
  RawServer port([](const std::string&) {
    return RawServer::Answer{"", RawServer::Answer::Then::hold};
  });
  interrupted({"catalog", "https://127.0.0.1:" + std::to_string(port.port())}, [&] {
    port.wait_for_requests(1);
    return true;
  });
}

TEST_F(CancellationTest, EndsTheWaitForAProxyThatIsSilent) {
  RawServer proxy([](const std::string&) {
    return RawServer::Answer{"", RawServer::Answer::Then::hold};
  });
  const std::string way = "http://127.0.0.1:" + std::to_string(proxy.port());
  interrupted({"--proxy", way, "tags", "registry.test/a"}, [&] {
    proxy.wait_for_requests(1);
    return true;
  });
}

// A full queue of connections: the kernel answers no further one, like a host behind a firewall.
TEST_F(CancellationTest, EndsAConnectionThatIsNotMade) {
  const testing::Listener full = testing::Listener::open();
  ASSERT_EQ(::listen(full.socket.get(), 0), 0);
  const testing::Socket first = testing::connect_to_loopback(full.port);
  Fifo err(home("err"));
  const std::string name = "127.0.0.1:" + std::to_string(full.port) + "/a";
  interrupted(
      in_shell("2>" + err.path(), {"-vv", "tags", name}), [&] { return err.wait_for("> GET"); },
      purser_.options());
  EXPECT_THAT(err.rest(), HasSubstr("cancelled"));
}

// libcurl's thread that looks the name up is left behind; the program does not wait for it.
TEST_F(CancellationTest, EndsTheLookUpOfAName) {
  Fifo asked(home("asked"));
  testing::ProcessOptions options = purser_.options();
  options.environment["LD_PRELOAD"] = PURSER_STALLING_RESOLVER;
  options.environment["STALLING_RESOLVER_TELLS"] = asked.path();
  options.environment["ASAN_OPTIONS"] = "verify_asan_link_order=0";
  interrupted(
      purser_.command({"tags", "registry.test/a"}), [&] { return asked.wait_for("asked"); },
      options);
}

// A named pipe that the program has come to read from and that nothing comes out of.
class SilentInput {
 public:
  explicit SilentInput(const std::filesystem::path& path) : path_(path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
  }
  std::string path() const { return path_.string(); }
  // Returns once it is open for reading, and then, once some of what is in it was read.
  bool is_read_from() {
    writer_ = testing::Socket(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    const int room = ::fcntl(writer_.get(), F_SETPIPE_SZ, 4096);
    if (room <= 0) return false;
    const std::string more_than_fits(static_cast<std::size_t>(room) + 1, '\n');
    return ::write(writer_.get(), more_than_fits.data(), more_than_fits.size()) > room;
  }

 private:
  const std::filesystem::path path_;
  testing::Socket writer_;
};

TEST_F(CancellationTest, EndsAReadOfStdinOrOfAPipe) {
  SilentInput input(home("input"));
  const auto waits = [&] { return input.is_read_from(); };
  const std::string from_pipe = "<" + input.path();
  for (const Arguments& arguments :
       std::vector<Arguments>{{"put", "localhost:1/a:v1", "-"},
                              {"prune", "localhost:1/a", "--keep-file", "-"},
                              {"apply", "-"},
                              {"tags", "localhost:1/a", "-u", "ann", "--password-stdin"},
                              {"login", "localhost:1", "-u", "ann", "--password-stdin"}}) {
    const ProcessResult result =
        interrupted(in_shell(from_pipe, arguments), waits, purser_.options());
    EXPECT_THAT(result.err, HasSubstr("stdin: cancelled")) << arguments[0];
  }
  interrupted({"prune", "localhost:1/a", "--keep-file", input.path()}, waits);
}

class HelperCancellationTest : public CancellationTest {
 protected:
  HelperCancellationTest() {
    purser_.home().write("config.json", R"({"credsStore":"fake"})");
    registry_.challenge_with({"Basic realm=\"x\""});
    registry_.on("GET", "/v2/", json_answer("{}"));
  }

  // Interrupts it while the helper does this (get, store, erase); other actions answer at once.
  ProcessResult interrupted_in(const std::string& action, const Arguments& arguments) {
    Fifo began(home("began-" + action));
    Fifo lives(home("lives-" + action));
    const auto helper = purser_.home().write(
        "bin/docker-credential-fake",
        "#!/bin/sh\ncat >/dev/null\nif [ $1 != " + action +
            " ]; then echo '{\"Username\":\"ann\",\"Secret\":\"pw\"}'; exit 0; fi\n"
            "exec 3>" +
            lives.path() + "\necho x >" + began.path() + "\nsleep 600\n");
    std::filesystem::permissions(helper, std::filesystem::perms::owner_all);
    testing::ProcessOptions options = purser_.options();
    options.environment["PATH"] = home("bin").string() + ":/usr/bin:/bin";
    options.environment["PURSER_PASSWORD"] = "pw";
    ProcessResult result = interrupted(
        purser_.command(arguments), [&] { return began.wait_for("x"); }, options);
    EXPECT_EQ(lives.rest(), "") << "and here, at the latest, the helper has ended";
    EXPECT_THAT(result.err, HasSubstr("docker-credential-fake was not waited for any longer"));
    return result;
  }

  EvilRegistry registry_;
};

// A-31
TEST_F(HelperCancellationTest, EndsTheHelperThatARequestNeeds) {
  interrupted_in("get", {"tags", registry_.host() + "/a"});
  EXPECT_EQ(registry_.count(), 1u) << "nothing more was asked for anonymously";
}

// A-31
TEST_F(HelperCancellationTest, EndsTheHelperOfAuthExplainAndOfPing) {
  interrupted_in("get", {"auth", "explain", registry_.host()});
  std::filesystem::remove(home("began-get"));
  std::filesystem::remove(home("lives-get"));
  interrupted_in("get", {"ping", registry_.host()});
}

// A-32: what a helper did before it was killed nobody knows, and that is said.
TEST_F(HelperCancellationTest, EndsTheHelperOfALoginOrLogoutAndSaysWhereToLook) {
  const ProcessResult login = interrupted_in("store", {"login", registry_.host(), "-u", "ann"});
  EXPECT_THAT(login.err, HasSubstr("purser auth explain"));
  EXPECT_EQ(login.out, "");
  const ProcessResult logout = interrupted_in("erase", {"logout", registry_.host()});
  EXPECT_THAT(logout.err, HasSubstr("purser auth explain"));
  EXPECT_EQ(logout.out, "");
}

// A-32: another login at work in the same folder.
TEST_F(CancellationTest, EndsTheWaitForAnotherLogin) {
  StallingRegistry registry;
  registry.stall("GET", "/v2/");
  const testing::Socket folder(
      ::open(purser_.home().path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(folder.get(), LOCK_EX), 0);
  testing::ProcessOptions options = purser_.options();
  options.environment["PURSER_PASSWORD"] = "pw";
  Fifo err(home("err"));
  const Arguments command =
      in_shell("2>" + err.path(), {"-vv", "login", registry.host(), "-u", "ann"});
  const auto has_logged_in = [&] {
    if (!registry.server().wait_for_stall()) return false;
    registry.server().release_stalled();
    return err.wait_for("< GET");
  };
  interrupted(command, has_logged_in, options);
  EXPECT_THAT(err.rest(), HasSubstr("cancelled"));
  EXPECT_FALSE(std::filesystem::exists(home("config.json")));
}

}  // namespace
}  // namespace purser
