// A-31, C.1-17: programs that speak the helper protocol, and programs that do not.
#include "credentials/credential_helper.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>

#include "credentials/credentials_fixture.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::purser::testing::read_file;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

class CredentialHelperTest : public CredentialsFixture {
 protected:
  Result<CredentialHelper> open(
      std::string_view name, std::chrono::milliseconds timeout = std::chrono::seconds(30)) const {
    return CredentialHelper::find(name, variables_.at("PATH"), timeout);
  }
  Result<std::optional<Credential>> get(const std::string& script,
                                        const std::string& server = "h.io") const {
    helper("fake", script);
    return open("fake").value().get(server);
  }
  std::string file(const std::string& name) const { return (home_ / name).string(); }
};

// A-31.
TEST_F(CredentialHelperTest, AsksOnStdinAndReadsTheAnswer) {
  const auto found = get("cat > " + file("stdin") + "; echo \"$0 $*\" > " + file("argv") +
                             R"(; echo '{"ServerURL":"h.io:5000","Username":"u","Secret":"p:q"}')",
                         "h.io:5000");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ((*found)->username, "u");
  EXPECT_EQ((*found)->password.reveal(), "p:q");
  EXPECT_EQ(read_file(file("stdin")), "h.io:5000");
  EXPECT_THAT(read_file(file("argv")), AllOf(HasSubstr(" get\n"), Not(HasSubstr("h.io"))));
}

// A-17, A-31.
TEST_F(CredentialHelperTest, TakesTheUserNameTokenForAnIdentityToken) {
  const auto found = get(R"(echo '{"ServerURL":"h.io","Username":"<token>","Secret":"refresh"}')");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ((*found)->identity_token.reveal(), "refresh");
  EXPECT_TRUE((*found)->password.empty());
  EXPECT_EQ((*found)->username, "");
}

// A-31: these words on stdout, and a status, are the one way to say that there is none.
TEST_F(CredentialHelperTest, HasNoneWhereTheHelperSaysThatItHasNone) {
  const auto none = get("echo 'credentials not found in native keychain'; exit 1");
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_value());
  const auto empty = get(R"(echo '{"ServerURL":"h.io","Username":"","Secret":""}')");
  ASSERT_THAT(empty, IsOk());
  EXPECT_FALSE(empty->has_value());
}

// A-31.
TEST_F(CredentialHelperTest, AnythingElseIsAnErrorAndNeverNoCredentials) {
  for (const char* script :
       {"exit 1", "echo 'the keychain is locked'; exit 1", "true", "echo", "echo nonsense",
        "echo '{}extra'", "echo '[]'", R"(echo '{"Username":7,"Secret":"p"}')",
        R"(echo '{"Username":"u"}')", R"(echo '{"Secret":"p"}')",
        "echo 'credentials not found in native keychain'",
        "echo 'credentials not found in native keychain' >&2; exit 1", "kill -9 $$"}) {
    EXPECT_THAT(get(script), HasError(ErrorCode::bad_response, HasSubstr("docker-credential-fake")))
        << script;
  }
}

TEST_F(CredentialHelperTest, SaysWhatTheHelperSaidAndNothingThatATerminalObeys) {
  const auto out = get(R"(printf 'the \033[31mkeychain\nis locked' >&2; exit 1)");
  ASSERT_FALSE(out.has_value());
  EXPECT_THAT(out.error().message, AllOf(HasSubstr("keychain is locked"), HasSubstr("status 1"),
                                         Not(HasSubstr("\x1b"))));
  helper("fake", "echo 'no gpg key'; exit 2");
  EXPECT_THAT(open("fake")->erase("h.io").error().message, HasSubstr("no gpg key"));
}

// C.1-15: an answer that cannot be used is not shown.
TEST_F(CredentialHelperTest, ShowsNothingOfAnAnswerThatItCannotUse) {
  for (const char* script :
       {R"(echo '{"Username":"u","Secret":"s3cret"')",
        R"(echo '{"Username":"u","Secret":["s3cret"]}')",
        R"(echo '{"Username":"u","Secret":"s3cret"}'; exit 1)", "echo s3cret; exit 1",
        "echo '\"Secret\": \"s3cret\"'; exit 1",
        R"(echo '{"ServerURL":"g.io","Username":"u","Secret":"s3cret"}')", "echo s3cret"}) {
    const auto found = get(script);
    ASSERT_FALSE(found.has_value()) << script;
    EXPECT_THAT(to_string(found.error()), Not(HasSubstr("s3cret")));
  }
}

// C.1-16.
TEST_F(CredentialHelperTest, RefusesTheLoginOfAnotherRegistry) {
  for (const char* server : {"h.io.evil", "h.io:443", "https://io/v1/", "xh.io"}) {
    EXPECT_THAT(
        get(std::string(R"(echo '{"ServerURL":")") + server + R"(","Username":"u","Secret":"p"}')"),
        HasError(ErrorCode::refused, HasSubstr("another registry")))
        << server;
  }
  for (const char* server : {"h.io", "https://h.io", "https://H.io/v2/"}) {
    EXPECT_THAT(
        get(std::string(R"(echo '{"ServerURL":")") + server + R"(","Username":"u","Secret":"p"}')"),
        IsOk())
        << server;
  }
}

// C.1-17.
TEST_F(CredentialHelperTest, RefusesANameThatCouldBeAPath) {
  home_.write("x", "#!/bin/sh\ntouch " + file("ran"));
  for (const char* name : {"../x", "a/b", "", "a b", "a;b", "$(x)", "a\nb", "\xC3\xA4"}) {
    EXPECT_THAT(open(name), HasError(ErrorCode::refused)) << name;
  }
  EXPECT_THAT(open("a.b_C-9"), HasError(ErrorCode::io, HasSubstr("PATH")));
}

// C.1-17: of PATH the absolute folders alone count, or a checkout could bring its own helper.
TEST_F(CredentialHelperTest, LooksForAHelperInAbsoluteFoldersAlone) {
  helper("fake", "true");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(home_ / "bin");
  for (const char* path : {"", ".", ":", "./", "../bin", "::."}) {
    EXPECT_THAT(CredentialHelper::find("fake", path, std::chrono::seconds(1)),
                HasError(ErrorCode::io))
        << path;
  }
  std::filesystem::current_path(before);
  EXPECT_EQ(open("fake").value().program(), home_ / "bin/docker-credential-fake");
}

// C.1-17.
TEST_F(CredentialHelperTest, AsksForNoServerWithALineBreak) {
  helper("fake", "touch " + file("ran"));
  const auto fake = open("fake");
  for (const char* server : {"h.io\ng.io", "h.io\r"}) {
    EXPECT_THAT(fake->get(server), HasError(ErrorCode::refused));
    EXPECT_THAT(fake->erase(server), HasError(ErrorCode::refused));
    EXPECT_THAT(fake->store(server, {.username = "u", .password = Secret("p")}),
                HasError(ErrorCode::refused));
  }
  EXPECT_FALSE(std::filesystem::exists(file("ran")));
}

// A-31: killed with all that it started, and waited for.
TEST_F(CredentialHelperTest, EndsAHelperThatHangs) {
  helper("fake", "sleep 600 & echo $! > " + file("child") + "; wait");
  const auto start = std::chrono::steady_clock::now();
  // Long enough for a busy machine to have started it.
  const auto found = open("fake", std::chrono::seconds(2))->get("h.io");
  EXPECT_THAT(found, HasError(ErrorCode::io, HasSubstr("did not end within 2 s")));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  // Killed, though on a busy machine it may not have come to its end yet.
  const auto child =
      static_cast<int>(syscall(SYS_pidfd_open, std::stoi(read_file(file("child"))), 0));
  if (child < 0) {
    EXPECT_EQ(errno, ESRCH);
    return;
  }
  pollfd ended{child, POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 30'000), 1) << "it lives on";
  close(child);
}

// A-95: a caller who waits no longer does not wait for a helper either, whatever it was to do.
TEST_F(CredentialHelperTest, IsEndedWithTheCall) {
  const std::string started = file("started");
  ASSERT_EQ(::mkfifo(started.c_str(), 0600), 0);
  helper("fake", "echo x > " + started + "; sleep 600");
  const auto fake = open("fake");
  const Credential login{.username = "ann", .password = Secret("s3cret")};
  for (const std::string action : {"get", "store", "erase"}) {
    std::stop_source stop;
    std::thread when_it_runs([&] {
      std::ifstream(started).get();
      stop.request_stop();
    });
    const Patience patience({.stop = stop.get_token()});
    const Error error = action == "get"     ? fake->get("h.io", patience).error()
                        : action == "store" ? fake->store("h.io", login, patience).error()
                                            : fake->erase("h.io", patience).error();
    when_it_runs.join();
    EXPECT_EQ(error.code, ErrorCode::cancelled) << action;
    EXPECT_THAT(error.message, HasSubstr("docker-credential-fake was not waited for")) << action;
    // What a helper has changed before it was killed, nobody knows.
    EXPECT_EQ(error.hint.empty(), action == "get") << action;
  }
  EXPECT_THAT(fake->get("h.io", Patience({.deadline = std::chrono::milliseconds(0)})),
              HasError(ErrorCode::cancelled, HasSubstr("deadline")));
}

// A-31.
TEST_F(CredentialHelperTest, EndsAHelperThatPrintsAMebibyte) {
  EXPECT_THAT(get("head -c 1048576 /dev/zero"),
              HasError(ErrorCode::bad_response, HasSubstr("65536 bytes")));
  EXPECT_THAT(get("while :; do echo s3cret; done"),
              HasError(ErrorCode::bad_response, Not(HasSubstr("s3cret"))));
}

TEST_F(CredentialHelperTest, ReadsPastAHelperThatComplainsWithoutEnd) {
  EXPECT_THAT(get("head -c 1048576 /dev/zero >&2; "
                  R"(echo '{"ServerURL":"h.io","Username":"u","Secret":"p"}')"),
              IsOk());
}

// C.1-15.
TEST_F(CredentialHelperTest, StoresWithoutThePasswordInArgumentsOrEnvironment) {
  ::setenv("PURSER_PASSWORD", "s3cret", 1);
  ::setenv("DOCKER_AUTH_CONFIG", "s3cret", 1);
  helper("fake",
         "cat > " + file("stdin") + "; (tr '\\0' ' ' < /proc/$$/cmdline; env) > " + file("seen"));
  EXPECT_THAT(open("fake")->store("h.io", {.username = "u", .password = Secret("s3cret")}), IsOk());
  ::unsetenv("PURSER_PASSWORD");
  ::unsetenv("DOCKER_AUTH_CONFIG");
  EXPECT_EQ(read_file(file("stdin")), R"({"Secret":"s3cret","ServerURL":"h.io","Username":"u"})");
  EXPECT_THAT(read_file(file("seen")),
              AllOf(HasSubstr("PATH="), HasSubstr(" store"), Not(HasSubstr("s3cret"))));
}

// C.1-15.
TEST_F(CredentialHelperTest, DoesNotRepeatAPasswordThatAHelperRepeats) {
  for (const char* script :
       {"echo \"cannot store $(cat)\"; echo 's3cr\"et' >&2; exit 1",
        R"(echo 'cannot store s3cr\"et'; exit 1)", "printf 'u:s3cr\"et' | base64; exit 1"}) {
    helper("fake", script);
    const Status stored =
        open("fake")->store("h.io", {.username = "u", .password = Secret("s3cr\"et")});
    ASSERT_FALSE(stored.has_value()) << script;
    EXPECT_THAT(to_string(stored.error()),
                AllOf(HasSubstr("status 1"), Not(HasSubstr("s3cr")), Not(HasSubstr("dTpzM2"))));
  }
  helper("fake", "echo 'the keychain is locked'; exit 1");
  EXPECT_THAT(open("fake")->store("h.io", {.username = "u", .password = Secret("s3cret")}),
              HasError(ErrorCode::bad_response, HasSubstr("the keychain is locked")));
}

TEST_F(CredentialHelperTest, ErasesByName) {
  helper("fake", "cat > " + file("stdin") + "; echo $1 > " + file("action"));
  EXPECT_THAT(open("fake")->erase("h.io"), IsOk());
  EXPECT_EQ(read_file(file("stdin")), "h.io");
  EXPECT_EQ(read_file(file("action")), "erase\n");
}

TEST_F(CredentialHelperTest, OutlivesAHelperThatReadsNothing) {
  helper("fake", "exec 0<&-; exit 0");
  EXPECT_THAT(
      open("fake")->store("h.io", {.username = "u", .password = Secret(std::string(1 << 20, 'x'))}),
      IsOk());
}

// C.1-17.
TEST_F(CredentialHelperTest, GetsNoOtherFileDescriptor) {
  std::ifstream inherited("/dev/null");  // without O_CLOEXEC in older libraries
  const int raw = ::dup(0);              // and one that certainly has none
  helper("fake", "ls /proc/$$/fd > " + file("fds") +
                     R"(; echo '{"ServerURL":"h.io","Username":"u","Secret":"p"}')");
  EXPECT_THAT(open("fake")->get("h.io"), IsOk());
  ::close(raw);
  std::ifstream listed(file("fds"));
  // The shell has its script open too, as 10 or above.
  for (int fd = 0; listed >> fd;) EXPECT_TRUE(fd <= 2 || fd >= 10) << fd;
}

}  // namespace
}  // namespace purser
