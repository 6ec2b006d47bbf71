// Where a registry may send a request on to, and what goes along.
#include <fmt/format.h>

#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class EvilRedirectTest : public EvilTest {
 protected:
  static constexpr const char* kManifests = "/v2/app/manifests/";

  EvilRedirectTest() { registry_.challenge_with({basic()}); }
  Client client() const { return client_of(as_alice(registry_)); }
  Result<Manifest> manifest() const { return client().manifest(v1_of(registry_)); }

  EvilRegistry registry_;
};

// A-34, C.1-1: another port, another host, another scheme.
TEST_F(EvilRedirectTest, TakesNoAuthorizationToAnotherOrigin) {
  EvilRegistry other_port;
  EvilRegistry other_host({.address = "127.0.0.2", .port = registry_.port()});
  const CertificateAuthority authority;
  EvilRegistry other_scheme({.authority = &authority});
  ClientOptions options = as_alice(registry_);
  options.insecure_hosts = {other_scheme.host()};
  for (EvilRegistry* elsewhere : {&other_port, &other_host, &other_scheme}) {
    elsewhere->on("GET", "/storage", manifest_answer(image_));
    registry_.on("GET", kManifests, redirect(307, elsewhere->url("/storage?sig=abc")));
    EXPECT_THAT(client_of(options).manifest(v1_of(registry_)), IsOk()) << elsewhere->url();
    EXPECT_EQ(elsewhere->count("GET", "/storage?sig=abc"), 1U);
    expect_no_secret(*elsewhere);
  }
  EXPECT_THAT(other_scheme.url(), StartsWith("https://"));
  EXPECT_THAT(registry_.authorizations(), Not(::testing::IsEmpty()));
}

// A-34, C.1-1: a blob's storage is where registries redirect to.
TEST_F(EvilRedirectTest, TakesNoAuthorizationToAStorage) {
  EvilRegistry storage;
  const BuiltBlob& blob = image_.blobs.front();
  storage.on("GET", "/bucket", {.response = {.status = 200, .body = blob.bytes}});
  registry_.on("GET", "/v2/app/blobs/", redirect(302, storage.url("/bucket?X-Amz-Signature=abc")));
  EXPECT_THAT(client().small_blob(app_of(registry_), {.media_type = blob.media_type,
                                                      .digest = Digest::parse(blob.digest).value(),
                                                      .size = std::ssize(blob.bytes)}),
              IsOkAndHolds(blob.bytes));
  expect_no_secret(storage);
}

// A-34, C.1-18: there is no cookie engine that could carry one on.
TEST_F(EvilRedirectTest, CarriesNoCookie) {
  EvilRegistry elsewhere;
  elsewhere.on("GET", "/", manifest_answer(image_));
  registry_.on("GET", kManifests, [&](const WireRequest&) {
    Answer answer = redirect(307, elsewhere.url("/x"));
    answer.response.headers.fields.emplace_back("Set-Cookie", "session=abc; Path=/");
    return answer;
  });
  const Client once = client();
  EXPECT_THAT(once.manifest(v1_of(registry_)), IsOk());
  EXPECT_THAT(once.manifest(v1_of(registry_)), IsOk());
  expect_no_secret(elsewhere);
  for (const WireRequest& request : registry_.requests()) {
    EXPECT_FALSE(request.headers.has("Cookie")) << request.describe();
  }
}

// within the registry it is still the registry.
TEST_F(EvilRedirectTest, KeepsTheAuthorizationWithinTheRegistry) {
  registry_.on("GET", kManifests, redirect(301, "/v2/new/manifests/v1"));
  registry_.on("GET", "/v2/new/", manifest_answer(image_));
  EXPECT_THAT(manifest(), IsOk());
  EXPECT_THAT(registry_.authorizations(), Each(StartsWith("Basic ")));
  EXPECT_EQ(registry_.count("GET", "/v2/new/"), 1U);
}

// libcurl by itself would send a DELETE on.
TEST_F(EvilRedirectTest, SendsNoWriteElsewhere) {
  EvilRegistry elsewhere;
  elsewhere.on("", "/", {.response = {.status = 202}});
  const Digest digest = Digest::parse(image_.digest).value();
  for (const int status : {301, 302, 303, 307, 308}) {
    registry_.on("DELETE", "/", redirect(status, elsewhere.url("/x")));
    registry_.on("PUT", "/", redirect(status, elsewhere.url("/x")));
    EXPECT_THAT(client().delete_manifest(app_of(registry_), digest), HasError(ErrorCode::refused));
    EXPECT_THAT(client().put_manifest(v1_of(registry_), image_.bytes),
                HasError(ErrorCode::refused));
  }
  EXPECT_EQ(elsewhere.count(), 0U);
}

// a 301 turns a write into a read at other clients; here it is neither.
TEST_F(EvilRedirectTest, TurnsNoWriteIntoARead) {
  const Digest digest = Digest::parse(image_.digest).value();
  for (const int status : {301, 302, 303}) {
    registry_.on("DELETE", kManifests, redirect(status, "/v2/moved"));
    EXPECT_THAT(client().delete_manifest(app_of(registry_), digest), HasError(ErrorCode::refused));
  }
  EXPECT_EQ(registry_.count("", "/v2/moved"), 0U);
  registry_.on("PUT", kManifests, redirect(308, "/v2/moved/manifests/v1"));
  registry_.on("PUT", "/v2/moved/",
               json_answer(201, "", {{"Docker-Content-Digest", image_.digest}}));
  registry_.on("GET", kManifests, manifest_answer(image_));
  registry_.on("HEAD", kManifests, manifest_answer(image_));
  EXPECT_THAT(client().put_manifest(v1_of(registry_), image_.bytes), IsOk());
  ASSERT_EQ(registry_.count("PUT", "/v2/moved/"), 1U);
  for (const WireRequest& request : registry_.requests()) {
    if (!request.target.starts_with("/v2/moved/")) continue;
    EXPECT_EQ(request.body, image_.bytes);
  }
}

//
TEST_F(EvilRedirectTest, EndsAfterTenSteps) {
  std::size_t steps = 0;
  registry_.on("GET", "/",
               [&](const WireRequest&) { return redirect(307, fmt::format("/step/{}", ++steps)); });
  EXPECT_THAT(manifest(), HasError(ErrorCode::bad_response, HasSubstr("more than 10")));
  EXPECT_EQ(steps, 11U);
}

//
TEST_F(EvilRedirectTest, EndsWhereItGoesInACircle) {
  registry_.on("GET", "/", redirect(307, "/b"));
  registry_.on("GET", "/b", redirect(307, "/c"));
  registry_.on("GET", "/c", redirect(307, "/b"));
  EXPECT_THAT(manifest(), HasError(ErrorCode::bad_response, HasSubstr("circle")));
}

// A-35, C.1-4
TEST_F(EvilRedirectTest, LeadsToNothingButHttp) {
  for (const char* target :
       {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:70/x", "dict://127.0.0.1/x",
        "unix:/run/docker.sock", "data:text/plain,x", "http://[::1/x", "http://127.0.0.1:99999/x",
        "http://evil\\@127.0.0.1/x"}) {
    registry_.on("GET", kManifests, redirect(307, target));
    const auto read = manifest();
    ASSERT_FALSE(read) << target;
    EXPECT_THAT(read.error().code, AnyOf(ErrorCode::bad_response, ErrorCode::refused)) << target;
  }
}

// C.1-25: nor over what no URL may have in it.
TEST_F(EvilRedirectTest, LeadsNowhereByAUrlThatIsNone) {
  EvilRegistry elsewhere;
  for (const std::string& target :
       {elsewhere.url("/a b"), elsewhere.url("/a\rX-Evil: 1"), elsewhere.url("/a\tb"),
        elsewhere.url("/") + std::string(9000, 'a'), std::string(" "), elsewhere.url("/\x1b[2J")}) {
    registry_.on("GET", kManifests, redirect(307, target));
    const auto read = manifest();
    ASSERT_FALSE(read) << target.substr(0, 40);
    EXPECT_EQ(read.error().code, ErrorCode::bad_response) << target.substr(0, 40);
    EXPECT_THAT(to_string(read.error()), AllOf(Not(HasSubstr("\r")), Not(HasSubstr("\x1b"))));
    EXPECT_LT(to_string(read.error()).size(), 1000U);
  }
  EXPECT_EQ(elsewhere.count(), 0U);
}

// C.1-15: who puts a password into a URL has it nowhere in a message.
TEST_F(EvilRedirectTest, ShowsNoSecretOfAUrl) {
  registry_.on("GET", kManifests,
               redirect(307, "http://alice:" + password_ + "@127.0.0.1:1/x?sig=" + password_));
  const ProcessResult result = purser_as_alice({"manifest", registry_.host() + "/app:v1", "-vv"});
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(secrets_.find_in(result.out + result.err), ::testing::IsEmpty());
}

// A-36 (CVE-2020-15157)
TEST_F(EvilRedirectTest, EndsAtAPlaceThatAsksForAPassword) {
  EvilRegistry elsewhere;
  EvilRegistry tokens;
  for (const std::string& asked :
       {basic(), "Bearer realm=\"" + tokens.url("/token") + "\",service=\"x\"",
        "Bearer realm=\"" + registry_.url("/token") + "\",service=\"x\""}) {
    elsewhere.challenge_with({asked});
    registry_.on("GET", kManifests, redirect(307, elsewhere.url("/x")));
    EXPECT_THAT(manifest(), HasError(ErrorCode::bad_response, HasSubstr(elsewhere.host())));
  }
  expect_no_secret(elsewhere);
  EXPECT_EQ(tokens.count(), 0U);
  EXPECT_EQ(registry_.count("GET", "/token"), 0U);
}

// what a storage says is not there was not said by the registry.
TEST_F(EvilRedirectTest, MakesNoAbsenceOfAStoragesAnswer) {
  EvilRegistry storage;
  registry_.on("GET", kManifests, redirect(307, storage.url("/x")));
  registry_.on("HEAD", kManifests, redirect(307, storage.url("/x")));
  for (const int status : {400, 403, 404, 410}) {
    storage.on("", "/x", error_answer(status, "MANIFEST_UNKNOWN", "manifest unknown"));
    EXPECT_THAT(manifest(), HasError(ErrorCode::bad_response)) << status;
    EXPECT_THAT(client().head(v1_of(registry_)), Not(HasError(ErrorCode::not_found))) << status;
  }
}

}  // namespace
}  // namespace purser::testing
