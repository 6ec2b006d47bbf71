// The harness itself: what the other integration tests take for granted about the real registry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testing/harness_error.h"
#include "testing/image_builder.h"
#include "testing/process.h"
#include "testing/proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "testing/skopeo.h"
#include "testing/temp_dir.h"
#include "testing/token_server.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// "200", or what curl itself has to say.
std::string curl_status(std::vector<std::string> arguments) {
  std::vector<std::string> argv = {"curl", "-sS",       "--noproxy", "*",
                                   "-o",   "/dev/null", "-w",        "%{http_code}"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const ProcessResult result = run(argv);
  return result.ok() ? result.out : result.err;
}

TEST(RegistryServerTest, Answers) {
  RegistryServer registry;
  EXPECT_EQ(curl_status({registry.url("/v2/")}), "200");
}

TEST(RegistryServerTest, KeepsWhatWasPushedOverARestart) {
  RegistryServer registry;
  Pusher pusher(registry.url());
  const BuiltManifest image = build_image();
  pusher.push("team/app", image, "v1");
  registry.restart();
  EXPECT_EQ(pusher.digest("team/app", "v1"), image.digest);
  registry.kill();
  EXPECT_THAT(curl_status({registry.url("/v2/")}), HasSubstr("Failed to connect"));
  registry.restart();
  EXPECT_EQ(pusher.missing_part_of("team/app", image), "");
}

TEST(RegistryServerTest, SaysWhichCommandBringsAMissingServer) {
  setenv("PURSER_TEST_REGISTRY", "/nonexistent/docker-registry", 1);
  try {
    RegistryServer registry;
    FAIL() << "started a server that does not exist";
  } catch (const HarnessError& error) {
    EXPECT_THAT(error.what(), HasSubstr("scripts/setup"));
  }
  unsetenv("PURSER_TEST_REGISTRY");
}

TEST(RegistryServerTest, AnswersDeletesWith405WhereTheyAreDisabled) {
  RegistryServer registry({.deletes = false});
  Pusher pusher(registry.url());
  const std::string digest = pusher.push("app", build_image(), "v1");
  EXPECT_EQ(pusher.delete_status("app", digest), 405);
  EXPECT_EQ(pusher.digest("app", "v1"), digest);
  registry.restart_with_deletes(true);
  EXPECT_EQ(pusher.delete_status("app", digest), 202);
  EXPECT_EQ(pusher.digest("app", "v1"), std::nullopt);
}

TEST(RegistryServerTest, AnswersWritesWith405WhereItIsReadOnly) {
  RegistryServer registry;
  Pusher pusher(registry.url());
  const BuiltManifest image = build_image();
  pusher.push("app", image, "v1");
  registry.restart_read_only();
  EXPECT_EQ(pusher.put_status("app", "v2", image.media_type, image.bytes), 405);
  EXPECT_EQ(pusher.digest("app", "v1"), image.digest);
}

TEST(RegistryServerTest, CollectsGarbageWhileItIsReadOnlyOrStopped) {
  RegistryServer registry;
  Pusher pusher(registry.url());
  const BuiltManifest kept = build_image({.layers = {"shared", "kept"}});
  const BuiltManifest removed = build_image({.layers = {"shared", "removed"}});
  pusher.push("app", kept, "kept");
  pusher.push("app", removed, "removed");
  EXPECT_THROW(registry.garbage_collect(), HarnessError);
  ASSERT_EQ(pusher.delete_status("app", removed.digest), 202);

  registry.restart_read_only();
  EXPECT_THAT(registry.garbage_collect().out,
              HasSubstr("3 blobs and 0 manifests eligible for deletion"));
  registry.restart();
  EXPECT_EQ(pusher.missing_part_of("app", kept), "");
  EXPECT_EQ(pusher.blob_status("app", removed.blobs[2].digest), 404);

  registry.stop();
  registry.garbage_collect();
  registry.restart_with_deletes(true);
  EXPECT_EQ(pusher.missing_part_of("app", kept), "");
}

TEST(RegistryServerTest, LetsNobodyInWithoutThePassword) {
  RegistryServer registry({.users = {{"alice", "s3cret:with colon"}}});
  EXPECT_EQ(curl_status({registry.url("/v2/")}), "401");
  EXPECT_EQ(curl_status({"-u", "alice:wrong", registry.url("/v2/")}), "401");
  EXPECT_EQ(curl_status({"-u", "alice:s3cret:with colon", registry.url("/v2/")}), "200");
}

TEST(RegistryServerTest, SpeaksTlsWithACertificateOfTheTestsOwnAuthority) {
  const CertificateAuthority authority;
  RegistryServer registry({.authority = &authority});
  EXPECT_EQ(curl_status({"--cacert", registry.ca_file().string(), registry.url("/v2/")}), "200");
  EXPECT_THAT(curl_status({registry.url("/v2/")}), HasSubstr("certificate"));
  const ProcessResult http2 =
      run_or_throw({"curl", "-sS", "-o", "/dev/null", "-w", "%{http_version}", "--cacert",
                    registry.ca_file().string(), registry.url("/v2/")});
  EXPECT_EQ(http2.out, "2");
}

TEST(RegistryServerTest, HasAnExpiredCertificateWhereATestWantsOne) {
  const CertificateAuthority authority;
  RegistryServer registry({.authority = &authority, .certificate = {.expired = true}});
  EXPECT_THAT(curl_status({"--cacert", registry.ca_file().string(), registry.url("/v2/")}),
              HasSubstr("expired"));
}

class TokenAuthTest : public ::testing::Test {
 protected:
  TokenUser alice{.password = "s3cret", .grants = {{"team/*", {"pull", "push"}}}, .catalog = true};
  TokenServer tokens{{.users = {{"alice", alice}}, .anonymous = TokenUser{}}};
  RegistryServer registry{{.tokens = &tokens}};

  std::string status_with(const std::string& token, const std::string& path) {
    return curl_status({"-H", "Authorization: Bearer " + token, registry.url(path)});
  }
};

TEST_F(TokenAuthTest, TheRegistryVerifiesOurTokens) {
  Pusher pusher(registry.url(), {.token = tokens.token(alice, {"repository:team/app:pull,push"})});
  const BuiltManifest image = build_image();
  pusher.push("team/app", image, "v1");
  EXPECT_EQ(pusher.digest("team/app", "v1"), image.digest);
  EXPECT_EQ(pusher.delete_status("team/app", image.digest), 401);  // not granted
  EXPECT_EQ(status_with(tokens.token(alice, {"registry:catalog:*"}), "/v2/_catalog"), "200");
}

TEST_F(TokenAuthTest, TheRegistryRefusesNoneAndOthers) {
  EXPECT_EQ(curl_status({registry.url("/v2/")}), "401");
  const TokenServer impostor({.users = {}});
  EXPECT_EQ(status_with(impostor.token(alice, {"registry:catalog:*"}), "/v2/_catalog"), "401");
  tokens.set_expires_in(std::chrono::seconds(-300));
  EXPECT_EQ(status_with(tokens.token(alice, {"registry:catalog:*"}), "/v2/_catalog"), "401");
}

TEST_F(TokenAuthTest, OtherClientsGetTheirTokensFromIt) {
  const BusyboxImage image;
  push_with_skopeo(image, registry.host() + "/team/busybox:1",
                   {.user = "alice", .password = "s3cret"});
  ASSERT_THAT(tokens.requests(), Not(IsEmpty()));
  const TokenRequest last = tokens.requests().back();
  EXPECT_TRUE(last.granted);
  EXPECT_EQ(last.user, "alice");
  EXPECT_EQ(last.service, tokens.service());
  EXPECT_THAT(last.scopes, Not(IsEmpty()));
}

TEST_F(TokenAuthTest, RefusesAWrongPasswordAndRecordsIt) {
  const std::string target = tokens.realm() + "?service=x&scope=repository%3Ateam%2Fapp%3Apull";
  EXPECT_EQ(curl_status({"-u", "alice:wrong", target}), "401");
  EXPECT_EQ(curl_status({target}), "200");  // anonymous, who may nothing
  ASSERT_THAT(tokens.requests(), SizeIs(2));
  EXPECT_FALSE(tokens.requests()[0].granted);
  EXPECT_EQ(tokens.requests()[0].authorization, "Basic YWxpY2U6d3Jvbmc=");
  EXPECT_THAT(tokens.requests()[1].scopes, ElementsAre("repository:team/app:pull"));
  EXPECT_EQ(tokens.requests()[1].authorization, "");
}

TEST(ProxyBeforeARegistryTest, CountsAndIntercepts) {
  RegistryServer registry;
  Proxy proxy(registry.port());
  Pusher direct(registry.url());
  Pusher pusher(proxy.url());
  const BuiltManifest image = build_image();
  pusher.push("app", image, "v1");
  EXPECT_EQ(proxy.server().count("PUT", "/v2/app/manifests/"), 1U);
  EXPECT_EQ(proxy.server().count("POST", "/v2/app/blobs/uploads/"), 2U);

  proxy.answer({.method = "DELETE"}, {.status = 404});
  EXPECT_EQ(pusher.delete_status("app", image.digest), 404);
  EXPECT_EQ(direct.digest("app", "v1"), image.digest);

  // Another client moves in between the look and the act.
  proxy.clear_rules();
  proxy.before({.method = "DELETE", .times = 1},
               [&](const WireRequest&) { direct.put("app", image, "late"); });
  EXPECT_EQ(pusher.delete_status("app", image.digest), 202);
  EXPECT_EQ(direct.digest("app", "late"), std::nullopt);  // the server does not mind
}

TEST(ProxyBeforeARegistryTest, SurvivesARestartOfTheRegistry) {
  RegistryServer registry;
  Proxy proxy(registry.port());
  Pusher pusher(proxy.url());
  const std::string digest = pusher.push("app", build_image(), "v1");
  registry.restart();
  EXPECT_EQ(pusher.digest("app", "v1"), digest);
}

TEST(PusherTest, PushesEveryKindThatTheRegistryKnows) {
  RegistryServer registry;
  Pusher pusher(registry.url());
  for (const MediaTypes types : {MediaTypes::oci, MediaTypes::docker}) {
    const BuiltManifest amd64 = build_image({.types = types});
    const BuiltManifest arm64 =
        build_image({.types = types, .architecture = "arm64", .variant = "v8"});
    const BuiltManifest index = build_index({amd64, arm64}, {.types = types});
    const BuiltManifest nested = build_index({index, amd64}, {.types = types});
    pusher.push("app", nested, "nested");
    EXPECT_EQ(pusher.missing_part_of("app", nested), "");
    EXPECT_EQ(pusher.manifest("app", "nested")->media_type, nested.media_type);
  }
  const BuiltManifest image = build_image();
  pusher.push("app", image, "v1");
  const BuiltManifest sbom = build_artifact(image);
  pusher.push("app", sbom, digest_tag(image.digest));
  const BuiltManifest signature = build_signature(image.digest);
  pusher.push("app", signature, digest_tag(image.digest, ".sig"));
  EXPECT_EQ(pusher.missing_part_of("app", sbom), "");
  EXPECT_EQ(pusher.missing_part_of("app", signature), "");
  const std::string hex = image.digest.substr(7);
  EXPECT_THAT(pusher.tags("app"),
              ElementsAre("nested", "sha256-" + hex, "sha256-" + hex + ".sig", "v1"));
  EXPECT_THAT(pusher.catalog(), ElementsAre("app"));
}

TEST(PusherTest, SeesWhatIsGone) {
  RegistryServer registry;
  Pusher pusher(registry.url());
  const BuiltManifest child = build_image();
  const BuiltManifest index = build_index({child});
  pusher.push("app", index, "v1");
  ASSERT_EQ(pusher.delete_status("app", child.digest), 202);
  EXPECT_THAT(pusher.missing_part_of("app", index), HasSubstr(child.digest));
}

TEST(PusherTest, FillsARepositoryWithAThousandTags) {
  RegistryServer registry;
  Pusher pusher(registry.url());
  const BuiltManifest image = build_image();
  pusher.push("app", image);
  for (int i = 0; i < 1000; ++i) pusher.put("app", image, "t" + std::to_string(i));
  EXPECT_THAT(pusher.tags("app"), SizeIs(1000));
}

TEST(SkopeoTest, APushedImageReadsBackInBothMediaTypes) {
  RegistryServer registry;
  Pusher pusher(registry.url());
  const BusyboxImage image;
  for (const MediaTypes types : {MediaTypes::oci, MediaTypes::docker}) {
    push_with_skopeo(image, registry.host() + "/busybox:1", {.types = types});
    const auto manifest = pusher.manifest("busybox", "1");
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->media_type, types == MediaTypes::oci
                                        ? "application/vnd.oci.image.manifest.v1+json"
                                        : "application/vnd.docker.distribution.manifest.v2+json");
    EXPECT_EQ(inspect_raw_with_skopeo(registry.host() + "/busybox:1"), manifest->bytes);
    const TempDir directory;
    const ProcessResult pull =
        pull_with_skopeo(registry.host() + "/busybox:1", directory / "pulled");
    EXPECT_TRUE(pull.ok()) << pull.describe();
    EXPECT_EQ(read_file(directory / "pulled/manifest.json"), manifest->bytes);
  }
}

TEST(SkopeoTest, PushesOverTlsWithAPassword) {
  const CertificateAuthority authority;
  RegistryServer registry({.users = {{"alice", "s3cret"}}, .authority = &authority});
  const SkopeoOptions options{.user = "alice", .password = "s3cret", .ca_file = registry.ca_file()};
  push_with_skopeo(BusyboxImage(), registry.host() + "/busybox:1", options);
  EXPECT_THAT(inspect_raw_with_skopeo(registry.host() + "/busybox:1", options),
              HasSubstr("schemaVersion"));
}

}  // namespace
}  // namespace purser::testing
