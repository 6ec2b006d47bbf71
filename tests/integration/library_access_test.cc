// Credentials, tokens, TLS: by the library, on the real registry.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "testing/matchers.h"
#include "testing/proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "testing/token_server.h"
#include "tests/integration/registry_client.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

ClientOptions with_password(const std::string& registry, std::string user, std::string password) {
  ClientOptions options;
  options.registry = registry;
  options.credentials = password_for(registry, std::move(user), std::move(password));
  return options;
}

TEST(LibraryBasicTest, OneWrongPasswordIsOneTry) {
  RegistryServer registry({.users = {{"alice", "s3cret"}}});
  Proxy proxy(registry.port());
  EXPECT_THAT(client_of(with_password(proxy.host(), "alice", "s3cret")).ping(), IsOk());
  proxy.server().forget_requests();
  const auto ping = client_of(with_password(proxy.host(), "alice", "wrong")).ping();
  ASSERT_THAT(ping, HasError(ErrorCode::unauthorized));
  EXPECT_THAT(to_string(ping.error()), Not(HasSubstr("wrong")));
  EXPECT_EQ(proxy.server().count(), 2U);
}

TEST(LibraryBasicTest, APasswordIsNotSentBeforeItIsAskedFor) {
  RegistryServer registry;
  Proxy proxy(registry.port());
  const Client client = client_of(with_password(proxy.host(), "alice", "s3cret"));
  ASSERT_THAT(client.ping(), IsOk());
  ASSERT_THAT(client.catalog(), IsOk());
  for (const WireRequest& request : proxy.server().requests()) {
    EXPECT_FALSE(request.headers.has("Authorization")) << request.describe();
  }
}

TEST(LibraryBasicTest, TheCredentialOfAnotherRegistryIsNotUsed) {
  RegistryServer registry({.users = {{"alice", "s3cret"}}});
  ClientOptions options;
  options.registry = registry.host();
  options.credentials = password_for("127.0.0.1:1", "alice", "s3cret");
  const Client client = client_of(options);
  EXPECT_THAT(client.catalog(), HasError(ErrorCode::unauthorized, HasSubstr("there are none")));
  const auto ping = client.ping();
  ASSERT_THAT(ping, IsOk());
  EXPECT_EQ(ping->status, 401);
  EXPECT_FALSE(ping->authenticated);
}

class LibraryTokenTest : public ::testing::Test {
 protected:
  LibraryTokenTest() {
    const TokenUser pusher{.grants = {{"*", {"pull", "push"}}}};
    push(pusher, "team/app");
    push(pusher, "other/app");
  }
  void push(const TokenUser& pusher, const std::string& repository) {
    Pusher(registry_.url(),
           {.token = tokens_.token(pusher, {"repository:" + repository + ":pull,push"})})
        .push(repository, image_, "v1");
  }
  Reference reference(std::string_view rest) const { return reference_in(registry_.host(), rest); }
  Client as(const std::string& user) const {
    return client_of(with_password(registry_.host(), user, "s3cret"));
  }

  static TokenUser user(std::set<std::string> actions) {
    return {.password = "s3cret", .grants = {{"team/*", std::move(actions)}}};
  }
  TokenServer tokens_{
      {.users = {{"reader", user({"pull"})}, {"admin", user({"pull", "push", "delete"})}}}};
  RegistryServer registry_{{.tokens = &tokens_}};
  const BuiltManifest image_ = build_image();
};

TEST_F(LibraryTokenTest, AHundredReadsAtOnceFetchOneToken) {
  const Client client = as("reader");
  std::size_t asked = 0;
  std::size_t answered = 0;
  ASSERT_THAT(client.head_each(
                  [&]() -> std::optional<Reference> {
                    if (asked == 100) return std::nullopt;
                    ++asked;
                    return reference("team/app:v1");
                  },
                  [&](const Reference&, Result<Descriptor> head) { answered += head ? 1 : 0; }),
              IsOk());
  EXPECT_EQ(answered, 100U);
  EXPECT_EQ(tokens_.count(), 1U);
  EXPECT_THAT(tokens_.requests()[0].scopes, ElementsAre("repository:team/app:pull"));
}

TEST_F(LibraryTokenTest, SeveralThreadsShareOneToken) {
  const Client client = as("reader");
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back(
        [&] { answered += client.head(reference("team/app:v1")).has_value() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 8);
  EXPECT_EQ(tokens_.count(), 1U);
}

TEST_F(LibraryTokenTest, AMissingRightIsForbiddenAndNotAbsence) {
  const auto read = as("reader").manifest(reference("other/app:v1"));
  ASSERT_THAT(read, HasError(ErrorCode::forbidden));
  EXPECT_EQ(read.error().subject, "other/app:v1");
  EXPECT_THAT(as("reader").tag(reference("team/app:v1"), "v2"), HasError(ErrorCode::forbidden));
  EXPECT_THAT(as("reader").untag(reference("team/app:v1"), nullptr),
              HasError(ErrorCode::forbidden));
  const auto probe = as("reader").probe_delete(repository_in(registry_.host(), "team/app"));
  ASSERT_THAT(probe, IsOk());
  EXPECT_EQ(probe->answer, DeleteSupport::Answer::no_right);
  EXPECT_THAT(as("admin").head(reference("team/app:v1")), IsOk());
}

TEST_F(LibraryTokenTest, WritesAndDeletesWithTheRights) {
  const Client client = as("admin");
  EXPECT_THAT(client.tag(reference("team/app:v1"), "v2"), IsOk());
  EXPECT_THAT(client.untag(reference("team/app:v1"), nullptr), IsOk());
  EXPECT_THAT(client.tags(repository_in(registry_.host(), "team/app")),
              IsOkAndHolds(ElementsAre("v2")));
  EXPECT_THAT(client.delete_manifest(repository_in(registry_.host(), "team/app"),
                                     Digest::parse(image_.digest).value()),
              IsOk());
}

TEST_F(LibraryTokenTest, ATokenThatTheRegistryNoLongerTakesIsFetchedAnew) {
  Proxy proxy(registry_.port());
  const Client client = client_of(with_password(proxy.host(), "reader", "s3cret"));
  const Reference app = reference_in(proxy.host(), "team/app:v1");
  ASSERT_THAT(client.head(app), IsOk());
  proxy.answer(
      {.method = "HEAD", .times = 1},
      {.status = 401,
       .headers = {{{"WWW-Authenticate", "Bearer realm=\"" + tokens_.realm() + "\",service=\"" +
                                             tokens_.service() + "\",error=\"invalid_token\""}}}});
  EXPECT_THAT(client.head(app), IsOk());
  EXPECT_EQ(tokens_.count(), 2U);
}

class LibraryTlsTest : public ::testing::Test {
 protected:
  ClientOptions trusting() const {
    ClientOptions options;
    options.registry = registry_.host();
    options.ca_file = registry_.ca_file().string();
    return options;
  }
  const CertificateAuthority authority_;
  RegistryServer registry_{{.authority = &authority_}};
};

TEST_F(LibraryTlsTest, SpeaksHttp2AndHttp1WithTheNamedAuthority) {
  const Client http2 = client_of(trusting());
  const auto ping = http2.ping();
  ASSERT_THAT(ping, IsOk());
  EXPECT_EQ(ping->scheme, "https");
  ClientOptions options = trusting();
  options.http1_only = true;
  EXPECT_THAT(client_of(options).ping(), IsOk());
  EXPECT_THAT(registry_.log(), HasSubstr("GET /v2/ HTTP/2.0"));
  EXPECT_THAT(registry_.log(), HasSubstr("GET /v2/ HTTP/1.1"));
}

TEST_F(LibraryTlsTest, ALoopbackRegistryIsAskedInHttpFirstAndThenInTls) {
  EXPECT_THAT(client_of(registry_.host()).ping(),
              HasError(ErrorCode::unreachable, HasSubstr("certificate")));
  EXPECT_THAT(client_of("https://" + registry_.host()).ping(),
              HasError(ErrorCode::unreachable, HasSubstr("certificate")));
  EXPECT_THAT(client_of("http://" + registry_.host()).ping(),
              HasError(ErrorCode::bad_response, HasSubstr("speaks https")));
}

TEST_F(LibraryTlsTest, AnExpiredCertificateIsNotTriedTwice) {
  RegistryServer expired({.authority = &authority_, .certificate = {.expired = true}});
  ClientOptions options = trusting();
  options.registry = expired.host();
  options.retry.first_delay = std::chrono::hours(1);  // a retry would hang the test
  EXPECT_THAT(client_of(options).ping(), HasError(ErrorCode::unreachable, HasSubstr("expired")));
}

TEST_F(LibraryTlsTest, TheCaFileMustBeOne) {
  ClientOptions options = trusting();
  options.ca_file = "/nonexistent.pem";
  EXPECT_THAT(Client::create(options), HasError(ErrorCode::io, HasSubstr("/nonexistent.pem")));
  options.ca_file = "/dev/null";
  EXPECT_THAT(Client::create(options),
              HasError(ErrorCode::invalid_argument, HasSubstr("no certificate")));
  options.ca_file = "/tmp";
  EXPECT_THAT(Client::create(options), HasError(ErrorCode::io, HasSubstr("directory")));
}

}  // namespace
}  // namespace purser::testing
