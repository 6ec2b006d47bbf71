// Who gets in, and what is said to who does not: by the program, on the real registry.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "testing/proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "testing/token_server.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr const char* kPassword = "s3cret:with colon";

class BasicAuthTest : public ::testing::Test {
 protected:
  BasicAuthTest() { pusher_.push("team/app", image_, "v1"); }

  // As a user who has the password in a pipe.
  ProcessResult run_as(const std::string& user, const std::string& password,
                       std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-u", user, "--password-stdin"});
    return purser_(arguments, password + "\n");
  }
  std::string reference(const std::string& rest) const { return proxy_.host() + "/" + rest; }

  RegistryServer registry_{{.users = {{"alice", kPassword}}}};
  Proxy proxy_{registry_.port()};
  Pusher pusher_{registry_.url(), {.user = "alice", .password = kPassword}};
  Program purser_;
  const BuiltManifest image_ = build_image();
};

TEST_F(BasicAuthTest, ReadsAndWritesWithThePassword) {
  EXPECT_THAT(run_as("alice", kPassword, {"catalog", proxy_.host()}), Answers("team/app\n"));
  EXPECT_THAT(run_as("alice", kPassword, {"digest", reference("team/app:v1")}),
              Answers(image_.digest + "\n"));
  EXPECT_TRUE(run_as("alice", kPassword, {"tag", reference("team/app:v1"), "v2"}).ok());
  EXPECT_TRUE(run_as("alice", kPassword, {"untag", reference("team/app:v1")}).ok());
  EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("v2"));
}

TEST_F(BasicAuthTest, TakesThePasswordFromTheEnvironment) {
  ProcessOptions options = purser_.options();
  options.environment["PURSER_PASSWORD"] = kPassword;
  EXPECT_THAT(run(purser_.command({"-u", "alice", "tags", reference("team/app")}), options),
              Answers("v1\n"));
}

TEST_F(BasicAuthTest, SaysThatThePasswordIsWrongAndTriesItOnce) {  // A-21
  EXPECT_THAT(run_as("alice", "wrong", {"digest", reference("team/app:v1")}),
              Fails(4, AllOf(HasSubstr(reference("team/app:v1")), HasSubstr("password"),
                             Not(HasSubstr("wrong")))));
  // One without, for nobody was asked yet, and one with it.
  EXPECT_EQ(proxy_.server().count(), 2U);
  for (const char* verb : {"ping", "catalog"}) {
    EXPECT_THAT(run_as("alice", "wrong", {verb, proxy_.host()}), Fails(4, HasSubstr("password")));
  }
  EXPECT_THAT(run_as("alice", "wrong", {"delete", reference("team/app:v1")}),
              Fails(4, HasSubstr("password")));
  EXPECT_EQ(pusher_.digest("team/app", "v1"), image_.digest);
}

TEST_F(BasicAuthTest, SaysHowToLogInWhereThereAreNoCredentials) {  // A-26
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"catalog", proxy_.host()},
                                             {"tags", reference("team/app")},
                                             {"digest", reference("team/app:v1")},
                                             {"ping", reference("team/app"), "--check-delete"},
                                             {"prune", proxy_.host(), "--keep", "a:b", "--yes"}}) {
    EXPECT_THAT(purser_(arguments), Fails(4, AllOf(HasSubstr("user name and a password"),
                                                   HasSubstr("purser login " + proxy_.host()))));
  }
  EXPECT_THAT(purser_({"-u", "alice", "tags", reference("team/app")}),
              Fails(2, AllOf(HasSubstr("alice"), HasSubstr("--password-stdin"))));
  EXPECT_THAT(purser_({"--password-stdin", "tags", reference("team/app")}),
              Fails(2, HasSubstr("-u")));
}

TEST_F(BasicAuthTest, PingSaysThatALoginIsWanted) {  // A-6
  const ProcessResult ping = purser_({"ping", proxy_.host(), "-o", "json"});
  ASSERT_TRUE(ping.ok()) << ping.describe();
  const Json answer = Json::parse(ping.out);
  EXPECT_EQ(answer.at("status"), 401);
  EXPECT_EQ(answer.at("auth"), "basic");
  EXPECT_EQ(answer.at("authenticated"), false);
}

TEST_F(BasicAuthTest, ReadsWhatOtherClientsWroteOnLogin) {  // A-28, A-30
  const std::string file = (purser_.home() / "auth.json").string();
  run_or_throw({"skopeo", "login", "--tls-verify=false", "--authfile", file, "-u", "alice",
                "--password-stdin", proxy_.host()},
               {.stdin_text = kPassword});
  EXPECT_THAT(purser_({"tags", reference("team/app"), "--authfile", file}), Answers("v1\n"));
  // The same document where docker has it, without being named.
  purser_.home().write("config.json", read_file(file));
  EXPECT_THAT(purser_({"tags", reference("team/app")}), Answers("v1\n"));
  const ProcessResult ping = purser_({"ping", proxy_.host(), "-o", "json"});
  ASSERT_TRUE(ping.ok()) << ping.describe();
  EXPECT_EQ(Json::parse(ping.out).at("auth"), "basic");
  EXPECT_EQ(Json::parse(ping.out).at("authenticated"), true);
}

TEST_F(BasicAuthTest, UsesTheEntryOfThisHostAlone) {           // A-29
  const std::string entry = R"({"auth":"YWxpY2U6d3Jvbmc="})";  // alice:wrong
  purser_.home().write("config.json", R"({"auths":{")" + proxy_.host() + R"(.evil":)" + entry +
                                          R"(,"x)" + proxy_.host() + R"(":)" + entry + "}}");
  EXPECT_THAT(purser_({"tags", reference("team/app")}), Fails(4, HasSubstr("there are none")));
  EXPECT_EQ(proxy_.server().count(), 1U);
}

TEST_F(BasicAuthTest, SaysWhichFileItCannotRead) {
  purser_.home().write("config.json", R"({"auths":{")" + proxy_.host() + R"(":{"auth":"%%%"}}})");
  EXPECT_THAT(purser_({"tags", reference("team/app")}),
              Fails(2, AllOf(HasSubstr("config.json"), HasSubstr(proxy_.host()))));
  purser_.home().write("config.json", "{ no json");
  EXPECT_THAT(purser_({"tags", reference("team/app")}), Fails(2, HasSubstr("config.json")));
  EXPECT_THAT(purser_({"tags", reference("team/app"), "--authfile", "/nonexistent"}),
              Fails(1, HasSubstr("/nonexistent")));
}

TEST_F(BasicAuthTest, ShowsNoPasswordHoweverMuchItTells) {
  const ProcessResult result = run_as("alice", kPassword, {"tags", reference("team/app"), "-vv"});
  ASSERT_TRUE(result.ok()) << result.describe();
  EXPECT_THAT(result.err, Not(HasSubstr("s3cret")));
  EXPECT_THAT(result.err, Not(HasSubstr("YWxpY2U6")));
}

class TokenAuthTest : public ::testing::Test {
 protected:
  TokenAuthTest() {
    const TokenUser all{.grants = {{"*", {"pull", "push"}}}};
    for (const char* repository : {"team/app", "team/base", "other/app"}) {
      Pusher(registry_.url(), {.token = tokens_.token(
                                   all, {std::string("repository:") + repository + ":pull,push"})})
          .push(repository, image_, "v1");
    }
  }
  ProcessResult run_as(const std::string& user, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-u", user, "--password-stdin"});
    return purser_(arguments, user + "'s password");
  }
  std::string reference(const std::string& rest) const { return proxy_.host() + "/" + rest; }

  static TokenUser user(const std::string& name, std::set<std::string> actions,
                        bool catalog = false) {
    return {.password = name + "'s password",
            .grants = {{"team/*", std::move(actions)}},
            .catalog = catalog};
  }

  TokenServer tokens_{{.users = {{"admin", user("admin", {"pull", "push", "delete"}, true)},
                                 {"reader", user("reader", {"pull"})}},
                       .anonymous = TokenUser{.grants = {{"other/*", {"pull"}}}}}};
  RegistryServer registry_{{.tokens = &tokens_}};
  Proxy proxy_{registry_.port()};
  Program purser_;
  const BuiltManifest image_ = build_image();
};

TEST_F(TokenAuthTest, AsksForTheRightThatEachVerbNeeds) {  // A-13
  EXPECT_THAT(run_as("admin", {"catalog", proxy_.host()}),
              Answers("other/app\nteam/app\nteam/base\n"));
  EXPECT_THAT(tokens_.requests().back().scopes, Contains("registry:catalog:*"));
  EXPECT_THAT(run_as("admin", {"digest", reference("team/app:v1")}), Answers(image_.digest + "\n"));
  EXPECT_THAT(tokens_.requests().back().scopes, ElementsAre("repository:team/app:pull"));
  EXPECT_TRUE(run_as("admin", {"tag", reference("team/app:v1"), "v2"}).ok());
  EXPECT_THAT(run_as("admin", {"untag", reference("team/app:v1")}), Answers(HasSubstr("is gone")));
  EXPECT_TRUE(run_as("admin", {"delete", reference("team/app:v2")}).ok());
  EXPECT_THAT(run_as("admin", {"tags", reference("team/app")}), Answers(""));
}

TEST_F(TokenAuthTest, SendsOneTokenRequestForManyReads) {  // A-20
  const ProcessResult result = run_as("reader", {"tags", reference("team/app"), "--long"});
  EXPECT_TRUE(result.ok()) << result.describe();
  EXPECT_EQ(tokens_.count(), 1U);
  EXPECT_EQ(tokens_.requests().front().user, "reader");
  EXPECT_EQ(tokens_.requests().front().service, tokens_.service());
}

TEST_F(TokenAuthTest, NamesTheRepositoryWhereTheRightIsMissing) {  // A-22, A-23
  EXPECT_THAT(run_as("reader", {"tags", reference("other/app")}),
              Fails(4, AllOf(HasSubstr("other/app"), HasSubstr("right"))));
  EXPECT_THAT(run_as("reader", {"tag", reference("team/app:v1"), "v2"}),
              Fails(4, HasSubstr("team/app")));
  for (const char* verb : {"untag", "delete"}) {
    EXPECT_THAT(run_as("reader", {verb, reference("team/app:v1")}), Fails(4, HasSubstr("team/app")))
        << verb;
  }
  EXPECT_THAT(run_as("reader", {"catalog", proxy_.host()}),
              Fails(1, AllOf(HasSubstr("catalog"), HasSubstr("--repos-file"))));  // A-45
  EXPECT_THAT(run_as("reader", {"prune", proxy_.host() + "/team/app", "--keep", "team/app:none",
                                "--allow-missing", "--allow-empty", "--yes"}),
              Fails(4, HasSubstr("team/app")));
  EXPECT_THAT(run_as("admin", {"tags", reference("team/app")}), Answers("v1\n"));
}

TEST_F(TokenAuthTest, TellsARightThatIsMissingFromAPasswordThatIsWrong) {
  const ProcessResult result =
      purser_({"tags", reference("team/app"), "-u", "admin", "--password-stdin"}, "wrong");
  EXPECT_THAT(result, Fails(4, AllOf(HasSubstr("team/app"), HasSubstr("password"))));
}

// A-21, A-32
TEST_F(TokenAuthTest, ALoginForAPartTriesAWrongPasswordOnce) {
  const std::vector<std::string> login = {"login", reference("team"), "-u", "admin",
                                          "--password-stdin"};
  EXPECT_THAT(purser_(login, "wrong"), Fails(4, HasSubstr("nothing was kept")));
  EXPECT_EQ(tokens_.count(), 1U);
  EXPECT_THAT(purser_(login, "admin's password").out, HasSubstr("Logged in to"));
}

TEST_F(TokenAuthTest, ReadsAnonymouslyWhatAnyoneMayRead) {  // A-24
  EXPECT_THAT(purser_({"tags", reference("other/app")}), Answers("v1\n"));
  EXPECT_EQ(tokens_.requests().back().authorization, "");
  EXPECT_THAT(purser_({"tags", reference("team/app")}), Fails(4, HasSubstr("team/app")));
}

TEST_F(TokenAuthTest, FindsOutWhetherThisAccountMayDelete) {  // A-73
  const auto check = [&](const char* user) {
    const ProcessResult result =
        run_as(user, {"ping", reference("team/app"), "--check-delete", "-o", "json"});
    return std::pair(result.exit_code, Json::parse(result.out, nullptr, false).value("delete", ""));
  };
  EXPECT_EQ(check("admin"), (std::pair<std::optional<int>, std::string>(0, "enabled")));
  EXPECT_EQ(check("reader"), (std::pair<std::optional<int>, std::string>(4, "no right")));
}

TEST_F(TokenAuthTest, PingSaysWhoseTokensTheRegistryWants) {
  const ProcessResult named = run_as("reader", {"ping", proxy_.host(), "-o", "json"});
  ASSERT_TRUE(named.ok()) << named.describe();
  EXPECT_EQ(Json::parse(named.out).at("auth"), "bearer");
  EXPECT_EQ(Json::parse(named.out).at("realm"), tokens_.realm());
  EXPECT_EQ(Json::parse(named.out).at("authenticated"), true);
  const ProcessResult nobody = purser_({"ping", proxy_.host(), "-o", "json"});
  ASSERT_TRUE(nobody.ok()) << nobody.describe();
  EXPECT_EQ(Json::parse(nobody.out).at("authenticated"), false);
}

TEST_F(TokenAuthTest, SendsThePasswordToNobodyButTheTokenServer) {
  ASSERT_TRUE(run_as("admin", {"tags", reference("team/app")}).ok());
  for (const WireRequest& request : proxy_.server().requests()) {
    EXPECT_THAT(request.headers.get("Authorization"), Not(HasSubstr("Basic")));
  }
  EXPECT_THAT(tokens_.requests().back().authorization, HasSubstr("Basic "));
}

}  // namespace
}  // namespace purser::testing
