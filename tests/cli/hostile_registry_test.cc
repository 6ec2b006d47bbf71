// Registries that would like to have a password, or to make a list shorter: by the program.
#include <gtest/gtest.h>

#include "purser/digest.h"
#include "testing/http_server.h"
#include "testing/image_builder.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Answer json_answer(int status, const std::string& body,
                   std::vector<std::pair<std::string, std::string>> fields = {}) {
  fields.emplace_back("Content-Type", "application/json");
  return {.response = {.status = status, .headers = {std::move(fields)}, .body = body}};
}

Answer challenge(const std::string& field) {
  return json_answer(401, R"({"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]})",
                     {{"WWW-Authenticate", field}});
}

class HostileRegistryTest : public ::testing::Test {
 protected:
  ProcessResult as_alice(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-u", "alice", "--password-stdin"});
    return purser_(arguments, "s3cret");
  }
  // Not one request to that server carried a credential.
  static void expect_no_credential(const HttpServer& server) {
    for (const WireRequest& request : server.requests()) {
      EXPECT_EQ(request.headers.get("Authorization"), "") << request.describe();
      EXPECT_THAT(request.target, Not(HasSubstr("s3cret")));
      EXPECT_THAT(request.body, Not(HasSubstr("s3cret")));
    }
  }

  Program purser_;
};

TEST_F(HostileRegistryTest, GetsNoPasswordSentToARealmElsewhere) {  // C.1-2
  for (const std::string& realm : std::vector<std::string>{
           "http://192.0.2.1/token", "https://192.0.2.1/token", "https://auth.example.com/token",
           "https://registry-1.docker.io.evil.example/token",
           "https://169.254.169.254/latest/meta-data"}) {
    HttpServer evil([&](const WireRequest&) {
      return challenge("Bearer realm=\"" + realm + "\",service=\"x\"");
    });
    const ProcessResult result = as_alice({"tags", evil.host() + "/app"});
    EXPECT_THAT(result, Fails(7, HasSubstr("realm"))) << realm;
    EXPECT_EQ(evil.count(), 1U);
    expect_no_credential(evil);
  }
}

// A registry on loopback is this machine's own: a proxy would take its "localhost" for another one
// (A-5).
TEST_F(HostileRegistryTest, ProxyGetsNothingOfALoopbackRegistry) {
  HttpServer proxy([](const WireRequest&) { return challenge("Basic realm=\"x\""); });
  HttpServer registry([](const WireRequest&) { return json_answer(200, R"({"tags":["v1"]})"); });
  ProcessOptions options = purser_.options();
  options.environment["http_proxy"] = proxy.url();
  options.environment["ALL_PROXY"] = proxy.url();
  options.stdin_text = "s3cret";
  const ProcessResult result = testing::run(
      purser_.command({"tags", registry.host() + "/app", "-u", "alice", "--password-stdin"}),
      options);
  EXPECT_TRUE(result.ok()) << result.describe();
  EXPECT_EQ(proxy.count(), 0U);
}

TEST_F(HostileRegistryTest, GetsNoPasswordThatWasGivenForTwoRegistries) {
  HttpServer first([](const WireRequest&) { return challenge("Basic realm=\"x\""); });
  HttpServer second([](const WireRequest&) { return challenge("Basic realm=\"x\""); });
  EXPECT_THAT(as_alice({"digest", first.host() + "/a:1", second.host() + "/b:1"}),
              Fails(2, HasSubstr("-u belongs to one registry")));
  EXPECT_EQ(first.count() + second.count(), 0U);
}

// A-52, C.1-13: the depth is bounded wherever a document of the registry is read.
TEST_F(HostileRegistryTest, CannotCrashInspectWithADeepConfig) {
  constexpr std::size_t kDepth = 200'000;
  const std::string config =
      R"({"config":{"Labels":{"a":)" + std::string(kDepth, '[') + std::string(kDepth, ']') + "}}}";
  const std::string manifest =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
      Digest::of(config).str() + R"(","size":)" + std::to_string(config.size()) +
      R"(},"layers":[]})";
  HttpServer evil([&](const WireRequest& request) {
    const bool is_config = request.target.find("/blobs/") != std::string::npos;
    return json_answer(200, is_config ? config : manifest,
                       {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}});
  });
  const ProcessResult result = purser_({"inspect", evil.host() + "/app:v1", "-o", "json"});
  EXPECT_TRUE(result.exit_code.has_value()) << result.describe();
}

// A-6: expired ECR tokens are answered so.
TEST_F(HostileRegistryTest, IsQuotedWhereItRefusesAPing) {
  HttpServer refusing([](const WireRequest&) {
    return json_answer(403, R"({"errors":[{"code":"DENIED","message":"Your token has expired"}]})");
  });
  EXPECT_THAT(purser_({"ping", refusing.host()}), Fails(4, HasSubstr("Your token has expired")));
}

TEST_F(HostileRegistryTest, IsToldOfTheFlagWhereTheRealmIsMeant) {
  HttpServer registry([](const WireRequest&) {
    return challenge("Bearer realm=\"https://auth.example.com/token\",service=\"x\"");
  });
  EXPECT_THAT(as_alice({"tags", registry.host() + "/app"}),
              Fails(7, AllOf(HasSubstr("auth.example.com"),
                             HasSubstr("--auth-realm-allow auth.example.com"))));
}

TEST_F(HostileRegistryTest, GetsNoAuthorizationCarriedToAnotherOrigin) {  // A-34
  const BuiltManifest image = build_image();
  HttpServer elsewhere([&](const WireRequest&) {
    return Answer{.response = {.status = 200,
                               .headers = {{{"Content-Type", image.media_type}}},
                               .body = image.bytes}};
  });
  HttpServer registry([&](const WireRequest& request) {
    if (!request.headers.has("Authorization")) return challenge("Basic realm=\"x\"");
    return json_answer(307, "", {{"Location", elsewhere.url("/manifest?secret=1")}});
  });
  EXPECT_THAT(as_alice({"manifest", "--raw", registry.host() + "/app:v1"}), Answers(image.bytes));
  ASSERT_EQ(elsewhere.count(), 1U);
  expect_no_credential(elsewhere);
  EXPECT_EQ(registry.requests().back().headers.get("Authorization"), "Basic YWxpY2U6czNjcmV0");
}

TEST_F(HostileRegistryTest, GetsNoAnswerToTheChallengeOfAPlaceItRedirectsTo) {  // A-36
  HttpServer elsewhere([&](const WireRequest&) { return challenge("Basic realm=\"give it\""); });
  HttpServer registry([&](const WireRequest& request) {
    if (!request.headers.has("Authorization")) return challenge("Basic realm=\"x\"");
    return json_answer(307, "", {{"Location", elsewhere.url("/")}});
  });
  EXPECT_THAT(as_alice({"manifest", "--raw", registry.host() + "/app:v1"}),
              Fails(1, AllOf(HasSubstr(registry.host() + "/app:v1"), HasSubstr(elsewhere.host()))));
  EXPECT_EQ(elsewhere.count(), 1U);
  expect_no_credential(elsewhere);
}

TEST_F(HostileRegistryTest, CannotLeadAListToAnotherOrigin) {  // A-39
  HttpServer elsewhere([](const WireRequest&) {
    return json_answer(200, R"({"repositories":["kept"],"tags":["kept"]})");
  });
  HttpServer registry([&](const WireRequest& request) {
    if (!request.headers.has("Authorization")) return challenge("Basic realm=\"x\"");
    return json_answer(200, R"({"repositories":["a"],"tags":["a"]})",
                       {{"Link", "<" + elsewhere.url(request.target) + ">; rel=\"next\""}});
  });
  EXPECT_THAT(as_alice({"catalog", registry.host()}), Fails(1, HasSubstr("another host")));
  EXPECT_THAT(as_alice({"tags", registry.host() + "/app"}), Fails(1, HasSubstr("another host")));
  EXPECT_EQ(elsewhere.count(), 0U);
}

TEST_F(HostileRegistryTest, CannotKeepAListGoingInACircle) {  // A-40
  HttpServer registry([](const WireRequest& request) {
    return json_answer(200, R"({"repositories":["a"]})",
                       {{"Link", "<" + request.target + ">; rel=\"next\""}});
  });
  EXPECT_THAT(purser_({"catalog", registry.host()}), Fails(1, HasSubstr("back")));
  EXPECT_EQ(registry.count(), 1U);
}

TEST_F(HostileRegistryTest, CannotSendAWriteElsewhere) {  // A-33
  HttpServer elsewhere([](const WireRequest&) { return json_answer(201, ""); });
  HttpServer registry([&](const WireRequest& request) {
    if (request.method == "PUT") {
      return json_answer(307, "", {{"Location", elsewhere.url(request.target)}});
    }
    return json_answer(404, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"none"}]})");
  });
  const std::string file = purser_.home().write("manifest.json", build_image().bytes).string();
  EXPECT_THAT(purser_({"put", registry.host() + "/app:v1", file}),
              Fails(7, HasSubstr("redirects")));
  EXPECT_EQ(elsewhere.count(), 0U);
}

TEST_F(HostileRegistryTest, CannotPassOneManifestOffAsAnother) {  // A-48, A-49
  const BuiltManifest image = build_image();
  const BuiltManifest other = build_image({.layers = {"other"}});
  HttpServer registry([&](const WireRequest&) {
    return Answer{.response = {.status = 200,
                               .headers = {{{"Content-Type", image.media_type},
                                            {"Docker-Content-Digest", image.digest}}},
                               .body = other.bytes}};
  });
  EXPECT_THAT(purser_({"manifest", "--raw", registry.host() + "/app@" + image.digest}),
              Fails(1, HasSubstr(other.digest)));
  EXPECT_THAT(purser_({"manifest", "--raw", registry.host() + "/app:v1"}),
              Fails(1, HasSubstr(other.digest)));
}

TEST_F(HostileRegistryTest, CannotWriteToTheTerminal) {  // C.1-10
  HttpServer registry([](const WireRequest&) {
    return json_answer(403,
                       R"({"errors":[{"code":"DENIED","message":"\u001b[2Jno\u009b1m\r\n"}]})");
  });
  const ProcessResult result = purser_({"tags", registry.host() + "/app"});
  EXPECT_THAT(result, Fails(4, Not(HasSubstr("\x1b"))));
  EXPECT_THAT(result.err, Not(HasSubstr("\xc2\x9b")));
}

}  // namespace
}  // namespace purser::testing
