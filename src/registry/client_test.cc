#include "purser/client.h"

#include "registry/client_fixture.h"
#include "testing/certificates.h"
#include "testing/temp_dir.h"

namespace purser {
namespace {

using ::testing::Contains;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::StartsWith;

class SchemeTest : public ClientTest {
 protected:
  std::string first_url(ClientOptions options) {
    registry_->clear_log();
    registry_->add_image("a", "v1");
    (void)client(std::move(options)).head(reference("a:v1"));
    const auto log = registry_->log();
    return log.empty() ? std::string() : log.front().url;
  }
};

class LoopbackTest : public SchemeTest {
 protected:
  LoopbackTest() {
    registry_ = std::make_shared<FakeRegistry>(FakeOptions{.host = "localhost:5000"});
  }
};

// A-5.
TEST_F(SchemeTest, SpeaksHttpsByDefault) {
  EXPECT_THAT(first_url(client_options()), StartsWith("https://registry.test/v2/"));
}

TEST_F(SchemeTest, SpeaksHttpOnlyWhereItIsAskedFor) {
  ClientOptions plain = client_options();
  plain.plain_http = true;
  EXPECT_THAT(first_url(std::move(plain)), StartsWith("http://registry.test/"));
  ClientOptions prefixed = client_options();
  prefixed.registry = "http://registry.test";
  EXPECT_THAT(first_url(std::move(prefixed)), StartsWith("http://registry.test/"));
}

TEST_F(SchemeTest, NeverFallsBackToHttp) {
  change([](auto& options) { options.scheme = "http"; });
  auto head = client().head(reference("a:v1"));
  EXPECT_THAT(head, HasError(ErrorCode::unreachable));
  for (const auto& seen : registry_->log()) EXPECT_THAT(seen.url, StartsWith("https://"));
}

TEST_F(LoopbackTest, SpeaksHttpFirst) {
  EXPECT_THAT(first_url(client_options()), StartsWith("http://localhost:5000/"));
  ClientOptions prefixed = client_options();
  prefixed.registry = "https://localhost:5000";
  EXPECT_THAT(first_url(std::move(prefixed)), StartsWith("https://"));
}

// A-5: where a registry is says nothing about who else is there.
TEST_F(SchemeTest, SpeaksHttpsToPrivateAddressesAndLocalNames) {
  for (const std::string host :
       {"10.0.0.1:5000", "172.16.0.1", "192.168.1.1:5000", "[fd00::1]:5000", "nas.local:5000",
        "registry.localhost.test", "127.evil.test", "0.0.0.0:5000"}) {
    registry_ = std::make_shared<FakeRegistry>(FakeOptions{.host = host});
    EXPECT_THAT(first_url(client_options()), StartsWith("https://" + host + "/"));
  }
}

// A-5: whoever gives what TLS alone has a use for expects TLS.
TEST_F(LoopbackTest, SpeaksHttpsFirstWhereTlsIsExpected) {
  ClientOptions insecure = client_options();
  insecure.insecure_hosts = {"localhost:5000"};
  EXPECT_THAT(first_url(std::move(insecure)), StartsWith("https://"));
  const testing::TempDir home;
  ClientOptions directory = client_options();
  directory.certs_roots = {home.path().string()};
  EXPECT_THAT(first_url(directory), StartsWith("http://"));
  home.write("localhost:5000/ca.crt", testing::CertificateAuthority().certificate_pem());
  EXPECT_THAT(first_url(directory), StartsWith("https://"));
}

// A-9.
TEST_F(LoopbackTest, TurnsToHttpsForGoodWhenTheServerAsksForIt) {
  change([](auto& options) { options.scheme = "https"; });
  registry_->add_image("a", "v1");
  const Client c = client();
  EXPECT_THAT(c.head(reference("a:v1")), IsOk());
  EXPECT_THAT(c.head(reference("a:v1")), IsOk());
  // A HEAD has no body that could say it: its GET learns it.
  const auto log = registry_->log();
  ASSERT_EQ(log.size(), 4u);
  EXPECT_THAT(log[0].url, StartsWith("http://"));
  EXPECT_THAT(log[1].url, StartsWith("http://"));
  EXPECT_THAT(log[2].url, StartsWith("https://"));
  EXPECT_THAT(log[3].url, StartsWith("https://"));
}

TEST_F(LoopbackTest, TurnsToHttpsInABulkReadToo) {
  change([](auto& options) { options.scheme = "https"; });
  registry_->add_image("a", "v1");
  int left = 3;
  int good = 0;
  EXPECT_THAT(client().head_each(
                  [&]() -> std::optional<Reference> {
                    return left-- > 0 ? std::optional(reference("a:v1")) : std::nullopt;
                  },
                  [&](const Reference&, Result<Descriptor> head) { good += head ? 1 : 0; }),
              IsOk());
  EXPECT_EQ(good, 3);
}

TEST_F(SchemeTest, SaysSoWhenPlainHttpWasAWrongChoice) {
  change([](auto& options) { options.scheme = "https"; });
  ClientOptions plain = client_options();
  plain.plain_http = true;
  auto ping = client(std::move(plain)).ping();
  ASSERT_FALSE(ping);
  EXPECT_THAT(to_string(ping.error()), HasSubstr("speaks https"));
}

// A-4.
TEST(ClientCreateTest, AsksDockerHubAtItsOwnHost) {
  auto hub = std::make_shared<testing::FakeRegistry>(
      testing::FakeRegistryOptions{.host = "registry-1.docker.io"});
  hub->add_image("library/ubuntu", "24.04");
  ClientOptions options;
  options.registry = "docker.io";
  options.transport = hub;
  auto made = Client::create(std::move(options));
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(made->head(*Reference::parse("ubuntu:24.04")), IsOk());
}

TEST(ClientCreateTest, RefusesOptionsThatCannotBeMeant) {
  const auto refused = [](auto change) {
    ClientOptions options;
    options.registry = "registry.test";
    change(options);
    return Client::create(std::move(options));
  };
  EXPECT_THAT(refused([](auto& o) { o.registry = "a b"; }), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(refused([](auto& o) { o.registry = ""; }), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(refused([](auto& o) { o.in_flight = 0; }), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(refused([](auto& o) { o.timeout = {}; }), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(refused([](auto& o) { o.ca_file = "/nowhere/ca.pem"; }), HasError(ErrorCode::io));
  EXPECT_THAT(refused([](auto& o) {
                o.registry = "https://registry.test";
                o.plain_http = true;
              }),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(refused([](auto& o) {
                o.plain_http = true;
                o.ca_file = "ca.pem";
              }),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(refused([](auto& o) { o.cert_file = "robot.cert"; }),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(refused([](auto& o) { o.resolve = {"registry.test"}; }),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(refused([](auto& o) { o.proxy = "proxy.test"; }),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(refused([](auto& o) { o.insecure_hosts = {"https://registry.test"}; }),
              HasError(ErrorCode::invalid_argument));
}

// So a credential cannot reach a registry that it does not belong to.
TEST_F(ClientTest, SendsNothingForAReferenceToAnotherRegistry) {
  const Client c = client();
  const Repository other = *Repository::of("other.test", "a");
  const Reference tagged = *Reference::with_tag(other, "v1");
  const Digest digest = Digest::of("x");
  EXPECT_THAT(c.head(tagged), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(c.manifest(tagged), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(c.tags(other), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(c.referrers(other, digest), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(c.small_blob(other, {.media_type = "", .digest = digest}),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(c.put_manifest(tagged, "{}", "a/b"), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(c.tag(tagged, "v2"), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(c.untag(tagged, nullptr), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(c.delete_manifest(other, digest), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(c.probe_delete(other), HasError(ErrorCode::invalid_argument));
  bool asked = false;
  EXPECT_THAT(c.manifest_each(
                  [&]() -> std::optional<Reference> {
                    return std::exchange(asked, true) ? std::nullopt : std::optional(tagged);
                  },
                  [&](const Reference&, Result<Manifest> manifest) {
                    EXPECT_THAT(manifest, HasError(ErrorCode::invalid_argument));
                  }),
              IsOk());
  EXPECT_TRUE(asked);
  EXPECT_EQ(registry_->count(""), 0u);
}

TEST_F(ClientTest, PingsARegistry) {
  auto ping = client().ping();
  ASSERT_THAT(ping, IsOk());
  EXPECT_EQ(ping->url, "https://registry.test/v2/");
  EXPECT_EQ(ping->scheme, "https");
  EXPECT_EQ(ping->status, 200);
  EXPECT_EQ(ping->api_version, "registry/2.0");
}

// A-8.
TEST_F(ClientTest, SaysThatAPageIsNoRegistry) {
  answer("/v2/", reply(200, "<html>Welcome</html>"));
  auto ping = client().ping();
  EXPECT_THAT(ping, HasError(ErrorCode::bad_response, HasSubstr("not a registry")));
  answer("/v2/", reply(404, "nothing"));
  EXPECT_THAT(client().ping(), HasError(ErrorCode::bad_response, HasSubstr("not a registry")));
}

TEST_F(ClientTest, PingSaysWhetherTheCredentialsWereAccepted) {
  ClientOptions options = client_options();
  options.credentials = single_credential(*RegistryName::parse("registry.test"),
                                          {.username = "user", .password = Secret("pass")});
  auto open = client(options).ping();
  ASSERT_THAT(open, IsOk());
  EXPECT_EQ(open->auth, "none");
  EXPECT_FALSE(open->authenticated) << "nobody asked for them";
  change([](auto& o) { o.authorization = "Basic dXNlcjpwYXNz"; });
  auto closed = client(options).ping();
  ASSERT_THAT(closed, IsOk());
  EXPECT_EQ(closed->auth, "basic");
  EXPECT_TRUE(closed->authenticated);
  change([](auto& o) { o.authorization = "Basic b3RoZXI6b3RoZXI="; });
  EXPECT_THAT(client(options).ping(), HasError(ErrorCode::unauthorized));
}

// A-6: what nobody may enter is still a registry, and says what it asks for.
TEST_F(ClientTest, PingsARegistryThatWantsALogin) {
  change([](auto& o) { o.authorization = "Basic dXNlcjpwYXNz"; });
  const auto closed = client().ping();
  ASSERT_THAT(closed, IsOk());
  EXPECT_EQ(closed->url, "https://registry.test/v2/");
  EXPECT_EQ(closed->status, 401);
  EXPECT_EQ(closed->auth, "basic");
  EXPECT_FALSE(closed->authenticated);
}

// A-6: credentials that were not asked for are not wrong.
TEST_F(ClientTest, PingsARegistryThatAsksForNothingAndRefuses) {
  ClientOptions options = client_options();
  options.credentials = single_credential(*RegistryName::parse("registry.test"),
                                          {.username = "user", .password = Secret("pass")});
  answer("/v2/", reply(401, ""));
  for (const auto& ping : {client().ping(), client(options).ping()}) {
    ASSERT_THAT(ping, IsOk());
    EXPECT_EQ(ping->status, 401);
    EXPECT_EQ(ping->auth, "none");
    EXPECT_FALSE(ping->authenticated);
  }
}

// C.1-15: what is shown of answers that are no errors repeats no password either.
TEST_F(ClientTest, ShowsNoPasswordThatAnAnswerRepeats) {
  ClientOptions options = client_options();
  options.credentials = single_credential(*RegistryName::parse("registry.test"),
                                          {.username = "user", .password = Secret("s3cret!word")});
  change([](auto& o) { o.authorization = "Basic dXNlcjpzM2NyZXQhd29yZA=="; });
  const Client asking = client(options);
  ASSERT_THAT(asking.ping(), IsOk());  // the password is sent
  auto echo = reply(200, "{}");
  echo.headers.set("Docker-Distribution-API-Version", "for s3cret!word");
  answer("/v2/", echo);
  const auto ping = asking.ping();
  ASSERT_THAT(ping, IsOk());
  EXPECT_EQ(ping->api_version, "for ***");

  answer("/v2/app/tags/list?n=1000", reply(200, R"({"tags":["v1","is s3cret\u0021word"]})"));
  const auto tags = asking.tags(repository("app"));
  ASSERT_THAT(tags, IsOk());
  EXPECT_THAT(logged_, Contains(HasSubstr("no valid name: \"is ***\"")));

  auto astray = reply(200, R"({"tags":["v1"]})");
  astray.headers.set("Link", "<https://elsewhere.test/s3cret!word>; rel=\"next\"");
  answer("/v2/app/tags/list?n=1000", astray);
  EXPECT_THAT(asking.tags(repository("app")),
              HasError(ErrorCode::incomplete, HasSubstr("https://elsewhere.test/***")));
}

// A-7.
TEST_F(ClientTest, DoesNotNeedTheVersionHeader) {
  answer("/v2/", reply(200, ""));
  EXPECT_THAT(client().ping(), IsOk());
}

}  // namespace
}  // namespace purser
