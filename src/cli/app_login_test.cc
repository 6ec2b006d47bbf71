// login, logout, auth explain: in front of a fake registry.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "cli/app_fixture.h"
#include "testing/temp_dir.h"

namespace purser::cli {
namespace {

using ::purser::testing::read_file;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

class AppLoginTest : public AppFixture {
 protected:
  AppLoginTest() {
    registry_ = std::make_shared<testing::FakeRegistry>(
        testing::FakeRegistryOptions{.authorization = "Basic YW5uOnMzY3JldA=="});  // ann:s3cret
    registry_->add_image("team/app", "v1");
    ::setenv("PURSER_PASSWORD", "s3cret", 1);
    path_before_ = ::getenv("PATH");
    ::setenv("PATH", (path("bin") + ":" + path_before_).c_str(), 1);
  }
  ~AppLoginTest() override {
    ::unsetenv("PURSER_PASSWORD");
    ::setenv("PATH", path_before_.c_str(), 1);
  }
  std::string config() const { return path("config.json"); }
  void helper(const std::string& name, const std::string& script) const {
    std::filesystem::create_directories(path("bin"));
    ::chmod(file("bin/docker-credential-" + name, "#!/bin/sh\n" + script).c_str(), 0700);
  }
  std::string path_before_;
};

// A-32: checked first, then kept where the next run finds it.
TEST_F(AppLoginTest, KeepsALoginThatTheRegistryTook) {
  const Ran login = run({"login", "registry.test", "-u", "ann"});
  EXPECT_EQ(login.code, 0) << login.err;
  EXPECT_EQ(login.out, "Logged in to registry.test as ann; kept in " + config() + "\n");
  EXPECT_THAT(login.err, AllOf(HasSubstr("not encrypted"), Not(HasSubstr("s3cret"))));
  EXPECT_EQ(read_file(config()),
            "{\n\t\"auths\": {\n\t\t\"registry.test\": {\n\t\t\t\"auth\": \"YW5uOnMzY3JldA==\"\n"
            "\t\t}\n\t}\n}");
  struct stat status = {};
  ::stat(config().c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(run({"tags", "registry.test/team/app"}).out, "v1\n");
}

// A-30, A-32: the key of a service account, from the first request to the file and back.
TEST_F(AppLoginTest, KeepsAPasswordOfManyLines) {
  registry_ = std::make_shared<testing::FakeRegistry>(testing::FakeRegistryOptions{
      .authorization = "Basic X2pzb25fa2V5OnsKICAia2V5IjogInMzY3JldCIKfQ=="});
  registry_->add_image("team/app", "v1");
  ::setenv("PURSER_PASSWORD", "{\n  \"key\": \"s3cret\"\n}", 1);
  const Ran login = run({"login", "registry.test", "-u", "_json_key"});
  EXPECT_EQ(login.code, 0) << login.err;
  EXPECT_EQ(run({"tags", "registry.test/team/app"}).out, "v1\n");
}

// A-32.
TEST_F(AppLoginTest, KeepsNothingThatTheRegistryRefuses) {
  ::setenv("PURSER_PASSWORD", "wr0ng", 1);
  const std::string before = R"({"auths":{"registry.test":{"auth":"YW5uOnMzY3JldA=="}}})";
  file("config.json", before);
  const Ran login = run({"login", "registry.test", "-u", "ann"});
  EXPECT_EQ(login.code, 4);
  EXPECT_THAT(login.out, IsEmpty());
  EXPECT_THAT(login.err, AllOf(StartsWith("purser: cannot log in to registry.test"),
                               HasSubstr("nothing was kept"), Not(HasSubstr("wr0ng"))));
  EXPECT_EQ(read_file(config()), before);
  EXPECT_EQ(run({"login", "elsewhere.test", "-u", "ann"}).code, 6);
  EXPECT_EQ(read_file(config()), before);
}

TEST_F(AppLoginTest, SaysThatARegistryWithoutLoginsCheckedNothing) {
  registry_ = std::make_shared<testing::FakeRegistry>();
  const Ran login = run({"login", "registry.test", "-u", "ann", "-o", "json"});
  EXPECT_EQ(login.code, 0);
  EXPECT_THAT(login.err, HasSubstr("could not be checked"));
  EXPECT_EQ(Json::parse(login.out), Json({{"registry", "registry.test"},
                                          {"path", nullptr},
                                          {"username", "ann"},
                                          {"verified", false},
                                          {"file", config()},
                                          {"helper", nullptr}}));
}

// A-32.
TEST_F(AppLoginTest, WarnsOfAFileThatOthersCouldRead) {
  ::chmod(file("config.json", "{}").c_str(), 0644);
  EXPECT_THAT(run({"login", "registry.test", "-u", "ann"}).err,
              HasSubstr(config() + " could be read by others"));
}

// A-28, A-31, A-32.
TEST_F(AppLoginTest, KeepsALoginInTheHelperOfTheFile) {
  helper("keep", "case $1 in store) cat > " + path("kept") + " ;; get) cat " + path("kept") +
                     " ;; erase) rm " + path("kept") + " ;; esac");
  file("config.json", R"({"credsStore":"keep"})");
  const Ran login = run({"login", "registry.test", "-u", "ann"});
  EXPECT_EQ(login.code, 0) << login.err;
  EXPECT_THAT(login.out, HasSubstr("kept in docker-credential-keep"));
  EXPECT_THAT(login.err, IsEmpty());
  EXPECT_THAT(read_file(config()), Not(HasSubstr("YW5u")));
  EXPECT_EQ(run({"tags", "registry.test/team/app"}).out, "v1\n");
  const Ran logout = run({"logout", "registry.test"});
  EXPECT_EQ(logout.code, 0) << logout.err;
  EXPECT_EQ(logout.out, "Logged out of registry.test; removed from docker-credential-keep and " +
                            config() + "\n");
  EXPECT_FALSE(std::filesystem::exists(path("kept")));
}

TEST_F(AppLoginTest, KeepsALoginInTheFileThatWasNamed) {
  EXPECT_EQ(run({"login", "registry.test", "-u", "ann", "--authfile", path("auth.json")}).code, 0);
  EXPECT_FALSE(std::filesystem::exists(config()));
  EXPECT_EQ(run({"tags", "registry.test/team/app", "--authfile", path("auth.json")}).out, "v1\n");
  EXPECT_EQ(run({"tags", "registry.test/team/app"}).code, 4);
  EXPECT_EQ(run({"logout", "registry.test", "--authfile", path("auth.json")}).code, 0);
  EXPECT_EQ(run({"tags", "registry.test/team/app", "--authfile", path("auth.json")}).code, 4);
}

TEST_F(AppLoginTest, SaysWhichPlaceIsUsedInPlaceOfTheNewLogin) {
  ::setenv("DOCKER_AUTH_CONFIG", R"({"auths":{"registry.test":{"auth":"dTpw"}}})", 1);
  const Ran login = run({"login", "registry.test", "-u", "ann"});
  EXPECT_EQ(login.code, 0);
  EXPECT_THAT(login.err, HasSubstr("DOCKER_AUTH_CONFIG has a login for registry.test too"));
}

TEST_F(AppLoginTest, LogsOutAndNamesThePlacesThatStillHaveALogin) {
  file("config.json", R"({"auths":{"registry.test":{"auth":"dTpw"}}})");
  const std::string other = path("containers/auth.json");
  std::filesystem::create_directories(path("containers"));
  file("containers/auth.json", R"({"auths":{"registry.test":{"auth":"dTpw"}}})");
  const Ran logout = run({"logout", "registry.test"});
  EXPECT_EQ(logout.code, 0);
  EXPECT_THAT(logout.out, HasSubstr("removed from " + config()));
  EXPECT_THAT(logout.err, HasSubstr(other + " has a login for registry.test still"));
  EXPECT_THAT(read_file(other), HasSubstr("registry.test"));
}

TEST_F(AppLoginTest, SaysThatNobodyWasLoggedIn) {
  const Ran text = run({"logout", "registry.test"});
  EXPECT_EQ(text.code, 0);
  EXPECT_EQ(text.out, "Not logged in to registry.test in " + config() + "\n");
  EXPECT_FALSE(std::filesystem::exists(config()));
  EXPECT_EQ(
      Json::parse(run({"logout", "registry.test", "-o", "json"}).out),
      Json({{"registry", "registry.test"}, {"path", nullptr}, {"removed_from", Json::array()}}));
}

// C.1-15: a password in the arguments is refused, with the reason, and not repeated.
TEST_F(AppLoginTest, TakesNoPasswordOutOfTheArguments) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"login", "registry.test", "-u", "ann", "--password", "s3cret"},
           {"login", "registry.test", "-u", "ann", "--password=s3cret"},
           {"login", "-p", "s3cret", "registry.test", "-u", "ann"},
           {"login", "-ps3cret", "registry.test", "-u", "ann"},
           {"--password=s3cret", "login", "registry.test"},
           {"tags", "--password=s3cret", "registry.test/a"}}) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.code, 2) << ::testing::PrintToString(arguments);
    EXPECT_THAT(ran.err, AllOf(HasSubstr("every user of this machine"),
                               HasSubstr("--password-stdin"), Not(HasSubstr("s3cret"))));
  }
  EXPECT_EQ(registry_->count("GET"), 0U);
}

// C.1-15.
TEST_F(AppLoginTest, DoesNotRepeatAPasswordThatStandsInAWrongPlace) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"login", "registry.test", "s3cret"},
           {"login", "-u", "ann", "--", "registry.test", "s3cret"},
           {"login", "registry.test", "-u", "ann", "--password-stdin=s3cret"},
           {"--password-stdin=s3cret", "login", "registry.test", "-u", "ann"}}) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.code, 2) << ::testing::PrintToString(arguments);
    EXPECT_THAT(ran.err, AllOf(HasSubstr("--password-stdin"), Not(HasSubstr("s3cret"))));
  }
}

// C.1-16: a shell variable that is not set must not end in the login of somebody else.
TEST_F(AppLoginTest, AnEmptyUserNameOrFileIsNotTheStoredLogin) {
  file("config.json", R"({"auths":{"registry.test":{"auth":"YW5uOnMzY3JldA=="}}})");
  EXPECT_EQ(run({"tags", "registry.test/team/app"}).code, 0);
  const std::size_t before = registry_->count("GET");
  EXPECT_EQ(run({"-u", "", "tags", "registry.test/team/app"}).code, 2);
  EXPECT_EQ(run({"tags", "registry.test/team/app", "--username", ""}).code, 2);
  EXPECT_EQ(run({"tags", "registry.test/team/app", "--authfile", ""}).code, 2);
  EXPECT_EQ(registry_->count("GET"), before);
}

TEST_F(AppLoginTest, RefusesAStrangePathAndAStrangeUserName) {
  EXPECT_EQ(run({"login", "registry.test/Team", "-u", "ann"}).code, 2);
  EXPECT_EQ(run({"login", "registry.test/", "-u", "ann"}).code, 2);
  EXPECT_EQ(run({"login", "registry.test", "-u", "a\nb"}).code, 2);
  EXPECT_EQ(run({"login", "registry.test", "-u", "a:b"}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(config()));
}

// A-28.
TEST_F(AppLoginTest, ExplainsWhichCredentialIsUsed) {
  file("config.json", R"({"auths":{"registry.test":{"auth":"YW5uOnMzY3JldA=="}}})");
  std::filesystem::create_directories(path("containers"));
  file("containers/auth.json", R"({"auths":{"registry.test/team":{"auth":"dTpw"}}})");
  const Ran text = run({"auth", "explain", "registry.test/team/app"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, StartsWith("registry.test/team/app: the password of ann is used\n"));
  EXPECT_THAT(text.out, AllOf(HasSubstr("used      " + config()),
                              HasSubstr("auths \"registry.test\": password of ann"),
                              HasSubstr("shadowed  " + path("containers/auth.json")),
                              HasSubstr("absent    DOCKER_AUTH_CONFIG"), Not(HasSubstr("s3cret")),
                              Not(HasSubstr("YW5u"))));
  const Json json = Json::parse(run({"auth", "explain", "registry.test", "-o", "json"}).out);
  EXPECT_EQ(json["used"]["place"], config());
  EXPECT_EQ(json["used"]["key"], "registry.test");
  EXPECT_TRUE(json["repository"].is_null());
  EXPECT_EQ(json["places"][0]["found"], "absent");
  EXPECT_EQ(registry_->count("GET"), 0U) << "it asked the registry";
}

TEST_F(AppLoginTest, ExplainsThatTheCommandLineComesFirst) {
  file("config.json", R"({"auths":{"registry.test":{"auth":"dTpw"}}})");
  const Json json =
      Json::parse(run({"auth", "explain", "registry.test", "-u", "ann", "-o", "json"}).out);
  EXPECT_EQ(json["used"]["place"], "-u");
  EXPECT_EQ(json["used"]["username"], "ann");
  EXPECT_EQ(json["places"][2]["found"], "not asked");
}

// A-31: the request would not get so far, and no helper is run by either.
TEST_F(AppLoginTest, ExplainsThatAUserWithoutAPasswordIsAnErrorLikeARequest) {
  helper("mark", "touch " + path("ran") + "; exit 1");
  file("config.json", R"({"credsStore":"mark"})");
  EXPECT_THAT(run({"auth", "explain", "registry.test", "-u", "ann"}).out,
              Not(HasSubstr("-u      : ")));
  ::unsetenv("PURSER_PASSWORD");
  const Ran explained = run({"auth", "explain", "registry.test", "-u", "ann"});
  const Ran request = run({"tags", "registry.test/team/app", "-u", "ann"});
  EXPECT_EQ(explained.code, 2);
  EXPECT_EQ(request.code, 2);
  EXPECT_EQ(explained.err, request.err);
  EXPECT_THAT(explained.out, HasSubstr("no credential can be used"));
  EXPECT_FALSE(std::filesystem::exists(path("ran")));
}

// A-29, A-32: what podman keeps for a part of the registry is replaced and removed by its name.
TEST_F(AppLoginTest, LogsInAndOutOfAPartOfTheRegistry) {
  const std::string auth = file("auth.json", R"({"auths":{"registry.test/team":{"auth":"dTpw"}}})");
  const Ran denied = run({"tags", "registry.test/team/app", "--authfile", auth});
  EXPECT_EQ(denied.code, 4);
  EXPECT_THAT(denied.err, AllOf(HasSubstr(auth + ", key registry.test/team"),
                                HasSubstr("`purser login registry.test/team --authfile " + auth)));
  const Ran whole = run({"login", "registry.test", "-u", "ann", "--authfile", auth});
  EXPECT_THAT(whole.err, AllOf(HasSubstr("has a login for registry.test/team too"),
                               HasSubstr("`purser login registry.test/team --authfile " + auth +
                                         "` replaces")));
  EXPECT_EQ(run({"tags", "registry.test/team/app", "--authfile", auth}).code, 4);
  const Ran part = run({"login", "registry.test/team", "-u", "ann", "--authfile", auth});
  EXPECT_EQ(part.code, 0) << part.err;
  EXPECT_EQ(part.out, "Logged in to registry.test/team as ann; kept in " + auth + "\n");
  EXPECT_EQ(run({"tags", "registry.test/team/app", "--authfile", auth}).out, "v1\n");
  const Ran logout = run({"logout", "registry.test", "--authfile", auth});
  EXPECT_THAT(logout.err, HasSubstr("`purser logout registry.test/team --authfile " + auth));
  EXPECT_THAT(run({"logout", "registry.test", "--authfile", auth}).err,
              HasSubstr("has a login for registry.test/team still"));
  EXPECT_EQ(run({"logout", "registry.test/team", "--authfile", auth}).code, 0);
  EXPECT_THAT(read_file(auth), Not(HasSubstr("team")));
}

// A-32: the registry itself may be open, or closed to this user, where the part is neither.
TEST_F(AppLoginTest, ChecksALoginForAPartWhereThatPartIs) {
  for (const int at_the_door : {200, 401}) {
    registry_ = std::make_shared<testing::FakeRegistry>();
    registry_->on_request([=](const testing::SeenRequest& request) {
      const bool let_in = request.target == "/v2/"
                              ? at_the_door == 200
                              : request.headers.get("Authorization") == "Basic YW5uOnMzY3JldA==";
      if (let_in) return std::optional<http::Outcome>();
      return std::optional<http::Outcome>(http::Response{
          .status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"x\""}}, .body = "{}"});
    });
    ::setenv("PURSER_PASSWORD", "wr0ng", 1);
    EXPECT_EQ(run({"login", "registry.test/team", "-u", "ann"}).code, 4) << at_the_door;
    EXPECT_FALSE(std::filesystem::exists(config())) << at_the_door;
    ::setenv("PURSER_PASSWORD", "s3cret", 1);
    const Ran login = run({"login", "registry.test/team", "-u", "ann", "-o", "json"});
    EXPECT_EQ(login.code, 0) << at_the_door << login.err;
    EXPECT_EQ(Json::parse(login.out)["verified"], true) << at_the_door;
    std::filesystem::remove(config());
  }
}

TEST_F(AppLoginTest, SaysThatAnOpenPartCheckedNothing) {
  registry_ = std::make_shared<testing::FakeRegistry>();
  const Ran login = run({"login", "registry.test/team", "-u", "ann"});
  EXPECT_EQ(login.code, 0);
  EXPECT_THAT(login.err, HasSubstr("registry.test/team asks for no login"));
}

// A-32: a hint that would not help is none.
TEST_F(AppLoginTest, SaysHowAVariableIsMended) {
  ::setenv("DOCKER_AUTH_CONFIG", "{broken", 1);
  EXPECT_THAT(run({"tags", "registry.test/team/app"}).err,
              AllOf(HasSubstr("Mend or unset DOCKER_AUTH_CONFIG"), Not(HasSubstr("login"))));
  EXPECT_THAT(run({"login", "registry.test", "-u", "ann"}).err,
              HasSubstr("DOCKER_AUTH_CONFIG comes before it and cannot be read"));
  ::setenv("DOCKER_AUTH_CONFIG", R"({"auths":{"registry.test":{"auth":"dTpw"}}})", 1);
  EXPECT_THAT(run({"tags", "registry.test/team/app"}).err,
              HasSubstr("change or unset DOCKER_AUTH_CONFIG"));
}

// A-32
TEST_F(AppLoginTest, DoesNotAnswerALoginWithALogin) {
  ::setenv("PURSER_PASSWORD", "wr0ng", 1);
  EXPECT_THAT(run({"login", "registry.test", "-u", "ann"}).err, Not(HasSubstr("`purser login")));
  ::setenv("PURSER_PASSWORD", "s3cret", 1);
  file("config.json", "{");
  EXPECT_THAT(run({"login", "registry.test", "-u", "ann"}).err, Not(HasSubstr("log in again")));
  EXPECT_THAT(run({"logout", "registry.test"}).err, Not(HasSubstr("log in again")));
}

// A-14, A-35: what would silently do nothing is refused.
TEST_F(AppLoginTest, RefusesAHostThatIsWrittenAsAUrl) {
  for (const char* option : {"--auth-realm-allow", "--allow-inside", "--insecure-skip-verify"}) {
    for (const char* host : {"https://auth.example.com", "auth.example.com/token"}) {
      const Ran ran = run({"ping", "registry.test", option, host});
      EXPECT_EQ(ran.code, 2) << option << " " << host;
      EXPECT_THAT(ran.err, HasSubstr(option));
    }
  }
}

TEST_F(AppLoginTest, SaysWhichPortIsNotVerified) {
  EXPECT_THAT(run({"ping", "localhost:5702", "--insecure-skip-verify", "localhost"}).err,
              AllOf(HasSubstr("localhost at port 443 is not checked"),
                    HasSubstr("another port than that of localhost:5702")));
}

TEST_F(AppLoginTest, ExplainsThatThereIsNone) {
  const Ran ran = run({"auth", "explain", "registry.test"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, StartsWith("registry.test: no credential; requests go without one\n"));
}

// A-31: what a request would meet, `auth explain` meets too.
TEST_F(AppLoginTest, ExplainsWhatIsWrongAndEndsLikeARequest) {
  helper("broken", "printf 'the \\033[2Jkeychain is locked' >&2; exit 1");
  file("config.json", R"({"credsStore":"broken"})");
  const Ran explained = run({"auth", "explain", "registry.test"});
  const Ran request = run({"tags", "registry.test/team/app"});
  EXPECT_EQ(explained.code, 1);
  EXPECT_EQ(request.code, 1);
  EXPECT_THAT(explained.out,
              AllOf(HasSubstr("failed"), HasSubstr("keychain is locked"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(request.err, AllOf(HasSubstr("docker-credential-broken"),
                                 HasSubstr("keychain is locked"), Not(HasSubstr("\x1b"))));
  EXPECT_EQ(run({"auth", "frobnicate", "registry.test"}).code, 2);
}

}  // namespace
}  // namespace purser::cli
