// C.1-15: every verb, with every kind of secret, telling as much as it can and with errors
// provoked; and then a search for each secret in whatever there is to see or to find.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base64.h"
#include "testing/proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "testing/token_server.h"
#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class SecretSearchRun : public EvilTest {
 protected:
  SecretSearchRun() {
    secrets_.add("the wrong password", wrong_password_);
    secrets_.add("the signature of a URL", signature_);
  }

  // Runs it, in text and in JSON, and keeps what was to be seen.
  void run(std::vector<std::string> arguments, const std::string& stdin_text = {}) {
    run_once(arguments, stdin_text);
    arguments.insert(arguments.end(), {"-o", "json"});
    run_once(std::move(arguments), stdin_text);
  }
  void run_once(std::vector<std::string> arguments, const std::string& stdin_text = {}) {
    arguments.emplace_back("-vv");
    const ProcessResult result = purser_(arguments, stdin_text);
    EXPECT_TRUE(result.exit_code.has_value()) << result.describe();
    seen_ += fmt::format("{}\n", fmt::join(arguments, " ")) + result.out + result.err;
    EXPECT_THAT(secrets_.find_in(result.out + result.err), IsEmpty())
        << fmt::format("{}", fmt::join(arguments, " "));
  }
  // Each with a password from stdin.
  void run_as_alice(std::vector<std::string> arguments, const std::string& password) {
    arguments.insert(arguments.end(), {"-u", "alice", "--password-stdin"});
    run(std::move(arguments), password);
  }

  // What bears a name or a number for a secret, such as a token with its three parts.
  void add_token(const std::string& token) {
    secrets_.add("a token", token);
    const auto claims = token.find('.');
    const auto signature = token.rfind('.');
    if (claims == std::string::npos || signature - claims < 48) return;
    secrets_.add("the claims of a token", token.substr(claims + 1, 40));
    secrets_.add("the signature of a token", token.substr(signature + 1));
  }
  void add_tokens_that(HttpServer& registry) {
    for (const WireRequest& request : registry.requests()) {
      const std::string field = request.headers.get("Authorization");
      if (field.starts_with("Bearer ")) add_token(field.substr(7));
    }
  }

  void run_every_verb(const std::string& host, const std::string& password) {
    const std::string app = host + "/team/app";
    const std::string plan = (purser_.home() / "plan.json").string();
    const std::string file = purser_.home().write("manifest.json", image_.bytes).string();
    const std::vector<std::string> keep = {"--keep", "team/app:v1"};
    const auto with_keep = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.end(), keep.begin(), keep.end());
      return arguments;
    };
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"ping", host},
             {"ping", app, "--check-delete"},
             {"catalog", host},
             {"tags", app},
             {"tags", app, "--long"},
             {"digest", app + ":v1"},
             {"manifest", app + ":v1"},
             {"manifest", app + ":v1", "--raw"},
             {"inspect", app + ":v1"},
             {"config", app + ":v1"},
             {"tag", app + ":v1", "v2"},
             {"put", app + ":v3", file},
             {"untag", app + ":v2"},
             with_keep({"plan", app, "--out", plan}),
             {"apply", plan, "--yes"},
             with_keep({"prune", app, "--yes"}),
             {"delete", app + ":v1"},
             // What is not there, or not allowed, is told with all that is known of it.
             {"digest", host + "/nobody/knows:this"},
             {"manifest", host + "/forbidden/app:v1"},
             {"tags", host + "/forbidden/app"},
         }) {
      run_as_alice(arguments, password);
    }
  }
  void expect_found_nowhere() const {
    EXPECT_THAT(secrets_.find_in(seen_), IsEmpty());
    std::vector<std::string> found = secrets_.find_below(purser_.home().path());
    // Where the user himself put it.
    std::erase_if(found, [](const std::string& where) { return where.ends_with("/config.json"); });
    EXPECT_THAT(found, IsEmpty());
  }
  // Config blobs come from a storage, by a URL that is a secret.
  void serve_configs_from_storage(Proxy& proxy) {
    for (const BuiltBlob& blob : image_.blobs) {
      storage_.on("GET", "/bucket/" + blob.digest, {.response = {.body = blob.bytes}});
      proxy.answer(
          {.method = "GET", .target = "/blobs/" + blob.digest},
          {.status = 307, .headers = {{{"Location", presigned("/bucket/" + blob.digest)}}}});
    }
  }
  std::string presigned(const std::string& path) const {
    return storage_.url(path + "?X-Amz-Credential=x&X-Amz-Signature=" + signature_ +
                        "&sig=" + signature_);
  }

  const std::string wrong_password_ = random_secret();
  const std::string signature_ = random_secret(40);
  std::string seen_;
  EvilRegistry storage_;
};

// C.1-15
TEST_F(SecretSearchRun, FindsNothingOfATokenRegistry) {
  const TokenUser user{
      .password = password_, .grants = {{"team/*", {"pull", "push", "delete"}}}, .catalog = true};
  TokenServer tokens({.users = {{"alice", user}}});
  RegistryServer registry({.tokens = &tokens});
  Pusher(registry.url(), {.token = tokens.token(user, {"repository:team/app:pull,push"})})
      .push("team/app", image_, "v1");
  Proxy proxy(registry.port());
  serve_configs_from_storage(proxy);
  run_every_verb(proxy.host(), password_);
  EXPECT_GT(storage_.count(), 0U);
  run_as_alice({"tags", proxy.host() + "/team/app"}, wrong_password_);
  add_tokens_that(proxy.server());
  EXPECT_THAT(seen_, HasSubstr("team/app"));
  expect_found_nowhere();
}

// C.1-15
TEST_F(SecretSearchRun, FindsNothingOfABasicRegistry) {
  RegistryServer registry({.users = {{"alice", password_}}});
  Pusher(registry.url(), {.user = "alice", .password = password_}).push("team/app", image_, "v1");
  Proxy proxy(registry.port());
  serve_configs_from_storage(proxy);
  run_every_verb(proxy.host(), password_);
  run_as_alice({"tags", proxy.host() + "/team/app"}, wrong_password_);
  expect_found_nowhere();
}

// C.1-15: docker's file has passwords, identity tokens and tokens that are used as they are.
TEST_F(SecretSearchRun, FindsNothingOfADockerConfig) {
  const std::string identity = random_secret();
  const std::string registry_token = random_secret();
  const std::string issued = random_secret();
  secrets_.add("the identity token", identity);
  secrets_.add("the registry token", registry_token);
  add_token(issued);
  EvilRegistry tokens;
  EvilRegistry registry;
  registry.on("GET", "/v2/", page(R"({"tags":["v1"],"repositories":["app"]})"));
  registry.on("", "/v2/app/manifests/", manifest_answer(image_));
  for (const std::string& entry :
       {R"({"identitytoken":")" + identity + "\"}",
        R"({"registrytoken":")" + registry_token + "\"}",
        R"({"username":"alice","password":")" + password_ + "\"}",
        R"({"auth":"%)" + password_ + "\"}",  // no base64: told as such, without a word of it
        R"({"auth":7,"password":")" + password_ + "\"}"}) {
    purser_.home().write("config.json", R"({"auths":{")" + registry.host() + "\":" + entry + "}}");
    registry.challenge_with(
        {"Bearer realm=\"" + tokens.url("/token?sig=" + signature_) + "\",service=\"x\""});
    for (const Answer& answer :
         {json_answer(200, R"({"token":")" + issued + "\"}"),
          error_answer(401, "UNAUTHORIZED", "no"),
          json_answer(200, R"({"token":")" + issued + R"(\n"})"),
          json_answer(200, R"({"tok":")" + issued + "\""), redirect(307, presigned("/token"))}) {
      tokens.on("", "/token", answer);
      run({"ping", registry.host()});
      run({"tags", registry.host() + "/app", "--long"});
      run({"manifest", registry.host() + "/app:v1"});
    }
  }
  EXPECT_GT(tokens.count(), 0U);
  expect_found_nowhere();
}

// C.1-15: a redirect to a storage that fails in each way.
TEST_F(SecretSearchRun, FindsNothingOfAPresignedUrl) {
  EvilRegistry registry;
  registry.challenge_with({basic()});
  storage_.on("GET", "/denied", error_answer(403, "AccessDenied", "no"));
  for (const std::string& target :
       {presigned("/denied"), presigned("/not/there"), "http://127.0.0.1:1/?sig=" + signature_,
        "http://alice:" + signature_ + "@127.0.0.1/x", "//alice:" + signature_ + "@127.0.0.1/x",
        "https://127.0.0.1:1/?" + signature_, "/elsewhere?token=" + signature_,
        "ftp://127.0.0.1/x?sig=" + signature_, "http://[::1/?sig=" + signature_,
        "http://127.0.0.1/a b?sig=" + signature_}) {
    registry.on("", "/v2/", redirect(307, target));
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"ping", registry.host()},
                                               {"tags", registry.host() + "/app"},
                                               {"digest", registry.host() + "/app:v1"},
                                               {"delete", registry.host() + "/app:v1"}}) {
      run_as_alice(arguments, password_);
    }
    registry.on("GET", "/v2/", page(R"({"tags":["v1"]})", "<" + target + ">; rel=\"next\""));
    run_as_alice({"tags", registry.host() + "/app"}, password_);
  }
  expect_found_nowhere();
}

// C.1-15: a server that repeats what it was sent, as servers under debugging do.
TEST_F(SecretSearchRun, FindsNothingOfAServerThatRepeatsIt) {
  EvilRegistry registry;
  registry.challenge_with({basic()});
  registry.on("", "/", [&](const WireRequest& request) {
    const std::string authorization = request.headers.get("Authorization");
    return error_answer(403, "DENIED", "no access with " + authorization,
                        {{"X-Debug", authorization}, {"WWW-Authenticate", authorization}});
  });
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"ping", registry.host()},
                                             {"tags", registry.host() + "/app"},
                                             {"delete", registry.host() + "/app:v1"}}) {
    run_as_alice(arguments, password_);
  }
  expect_found_nowhere();
}

// C.1-15: in whatever a run follows, or reads as content, there may be what it was sent.
TEST_F(SecretSearchRun, FindsNothingOfAServerThatRepeatsItWhereItLeadsAndInContent) {
  EvilRegistry registry;
  registry.challenge_with({basic()});
  const std::string host = registry.host();
  const auto try_all = [&] {
    run_as_alice({"tags", host + "/app"}, password_);
    run_as_alice({"manifest", host + "/app:v1"}, password_);
    run_as_alice({"digest", host + "/app:v1"}, password_);
  };
  for (const std::string& target : {"/v2/" + password_, "http://" + password_ + ".invalid/x",
                                    "http://127.0.0.1:1/" + password_}) {
    registry.on("", "/", redirect(307, target));
    try_all();
  }
  registry.on("", "/", page(R"({"tags":["v1"]})", "</v2/" + password_ + ">; rel=\"next\""));
  try_all();
  registry.on("", "/",
              json_answer(200, R"({"schemaVersion":2,"mediaType":")" + password_ + "\"}",
                          {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}}));
  try_all();
  registry.on("", "/", json_answer(200, "{\"" + password_ + "\":[}"));
  try_all();
  registry.on("", "/", error_answer(400, "DENIED", "your password is " + encode_base64(password_)));
  try_all();
  expect_found_nowhere();
}

// C.1-15: argv is there for every user of the machine to read.
TEST_F(SecretSearchRun, FindsNothingInTheArgumentsOfAProcess) {
  RegistryServer registry({.users = {{"alice", password_}}});
  Proxy proxy(registry.port());
  proxy.stall({.method = "GET", .target = "/tags/list"});
  ProcessOptions options = purser_.options();
  options.stdin_text = password_;
  Process process(
      purser_.command({"tags", proxy.host() + "/team/app", "-u", "alice", "--password-stdin"}),
      options);
  ASSERT_TRUE(proxy.server().wait_for_stall());
  const std::filesystem::path proc = "/proc/" + std::to_string(process.pid());
  const std::string arguments = bytes_of(proc / "cmdline");
  const std::string environment = bytes_of(proc / "environ");
  proxy.server().release_stalled();
  ASSERT_THAT(arguments, HasSubstr("--password-stdin"));
  ASSERT_THAT(environment, HasSubstr("HOME="));
  EXPECT_THAT(secrets_.find_in(arguments), IsEmpty());
  EXPECT_THAT(secrets_.find_in(environment), IsEmpty());
}

// C.1-15: who types a password where none belongs is told so, and not what he typed.
TEST_F(SecretSearchRun, FindsNothingOfAPasswordInAnAddress) {
  for (const std::string& name :
       {"http://alice:" + password_ + "@127.0.0.1:1",
        "https://alice:" + password_ + "@r.example/app", "alice:" + password_ + "@r.example.com"}) {
    for (const char* verb : {"ping", "catalog", "tags", "digest", "delete"}) {
      const ProcessResult result = purser_({verb, name, "-vv"});
      EXPECT_FALSE(result.ok());
      EXPECT_THAT(secrets_.find_in(result.out + result.err), IsEmpty()) << verb;
    }
  }
}

// A search that finds nothing proves something only if it would find what is there.
TEST_F(SecretSearchRun, FindsWhatWasPlanted) {
  const BuiltManifest talkative = build_image(
      {.annotations = {{"password", password_}, {"encoded", base64url(":" + password_)}}});
  EvilRegistry registry;
  registry.on("GET", "/v2/app/manifests/", manifest_answer(talkative));
  const ProcessResult shown = purser_({"manifest", registry.host() + "/app:v1", "-vv"});
  EXPECT_THAT(secrets_.find_in(shown.out), Contains("the password"));
  EXPECT_THAT(secrets_.find_in(shown.out), Contains("the password (base64)"));
  purser_.home().write("purser/journals/planted.jsonl", password_);
  EXPECT_THAT(secrets_.find_below(purser_.home().path()), Contains(HasSubstr("the password in")));
  add_token("header." + base64url(std::string(60, 'c')) + ".signature-of-it");
  EXPECT_THAT(secrets_.find_in("Bearer " + base64url(std::string(60, 'c')).substr(0, 50)),
              Contains("the claims of a token"));
}

}  // namespace
}  // namespace purser::testing
