#include "net/realm_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace purser::net {
namespace {

using purser::testing::HasError;
using purser::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

RegistryName name(const char* text) { return *RegistryName::parse(text); }
Origin origin(const char* url) { return Url::parse(url)->origin(); }

Status check(const char* registry, const char* url, const char* realm, bool with_credential,
             const std::vector<std::string>& allowed = {}) {
  return check_realm(name(registry), origin(url), realm, allowed, with_credential);
}

TEST(RealmRulesTest, KnowsTheRegistrysOwnOrigin) {
  EXPECT_TRUE(is_origin_of(name("r.test"), origin("https://r.test/")));
  EXPECT_TRUE(is_origin_of(name("r.test"), origin("http://r.test:80/")));
  EXPECT_TRUE(is_origin_of(name("r.test:5000"), origin("http://R.test:5000/")));
  EXPECT_TRUE(is_origin_of(name("[::1]:5000"), origin("http://[::1]:5000/")));
  EXPECT_FALSE(is_origin_of(name("r.test"), origin("https://r.test:5000/")));
  EXPECT_FALSE(is_origin_of(name("r.test:5000"), origin("https://r.test/")));
  EXPECT_FALSE(is_origin_of(name("r.test"), origin("https://r.test.evil/")));
  EXPECT_FALSE(is_origin_of(name("r.test"), origin("https://x.r.test/")));
  EXPECT_FALSE(is_origin_of(name("https://r.test"), origin("http://r.test/")));
}

//
TEST(RealmRulesTest, DockerHubHasSeveralNames) {
  for (const char* hub : {"docker.io", "index.docker.io", "registry-1.docker.io"}) {
    EXPECT_TRUE(is_origin_of(name(hub), origin("https://registry-1.docker.io/v2/")));
    EXPECT_THAT(check(hub, "https://registry-1.docker.io/", "https://auth.docker.io/token", true),
                IsOk());
  }
  EXPECT_FALSE(is_origin_of(name("docker.io"), origin("https://evil-docker.io/")));
}

TEST(RealmRulesTest, TheRegistrysOwnOriginMayBeAskedWithThePassword) {
  EXPECT_THAT(check("r.test", "https://r.test/v2/", "https://r.test/token", true), IsOk());
  // The user chose plain http for this registry.
  EXPECT_THAT(check("r.test:80", "http://r.test/v2/", "http://r.test/token", true), IsOk());
}

// CVE-2026-48978: the realm of a hijacked challenge.
TEST(RealmRulesTest, PasswordNotSentToAnotherHostUnlessItIsAllowed) {
  const auto realm = "https://auth.test/token";
  EXPECT_THAT(check("r.test", "https://r.test/", realm, true),
              HasError(ErrorCode::refused, HasSubstr("auth.test, so the password was not sent")));
  EXPECT_THAT(check("r.test", "https://r.test/", realm, true, {"auth.test"}), IsOk());
  for (const char* allowed : {"test", "evil-auth.test", "auth.test:8443", "auth.test.evil", ""}) {
    EXPECT_THAT(check("r.test", "https://r.test/", realm, true, {allowed}),
                HasError(ErrorCode::refused))
        << allowed;
  }
  EXPECT_THAT(check("r.test", "https://r.test/", "https://auth.test:8443/t", true,
                    {"other.test", "AUTH.test:8443"}),
              IsOk());
}

TEST(RealmRulesTest, PasswordNotSentToAnotherPortOfTheHost) {
  EXPECT_THAT(check("r.test", "https://r.test/", "https://r.test:8443/t", true),
              HasError(ErrorCode::refused, HasSubstr("r.test:8443")));
}

TEST(RealmRulesTest, PasswordNotSentOverPlainHttpEvenToAnAllowedHost) {
  for (const bool known : {true, false}) {
    EXPECT_THAT(check("r.test", "https://r.test/", "http://auth.test/t", known, {"auth.test"}),
                HasError(ErrorCode::refused, HasSubstr("not https")));
    EXPECT_THAT(check("r.test", "https://r.test/", "http://r.test/t", known),
                HasError(ErrorCode::refused, HasSubstr("not https")));
  }
}

TEST(RealmRulesTest, PasswordNotSentToTheTokenServerOfAnotherRegistry) {
  EXPECT_THAT(check("evil.test", "https://evil.test/", "https://auth.docker.io/token", true),
              HasError(ErrorCode::refused));
  EXPECT_THAT(
      check("docker.io", "https://registry-1.docker.io/", "https://auth.docker.io:1/", true),
      HasError(ErrorCode::refused));
}

TEST(RealmRulesTest, ALoopbackRegistryMayHaveALoopbackRealm) {
  for (const bool known : {true, false}) {
    EXPECT_THAT(check("localhost:5000", "http://localhost:5000/", "http://127.0.0.1:5001/t", known),
                IsOk());
  }
  EXPECT_THAT(check("localhost:5000", "http://localhost:5000/", "http://auth.test/t", true),
              HasError(ErrorCode::refused));
  EXPECT_THAT(check("localhost:5000", "http://localhost:5000/", "https://auth.test/t", true),
              HasError(ErrorCode::refused, HasSubstr("password")));
}

// C.1-3: on this machine too, a token that was got in the clear is anybody's.
TEST(RealmRulesTest, ALoopbackRegistryInHttpsHasNoRealmInHttp) {
  for (const bool known : {true, false}) {
    EXPECT_THAT(
        check("localhost:5000", "https://localhost:5000/", "http://localhost:5001/t", known),
        HasError(ErrorCode::refused, HasSubstr("not https")));
    EXPECT_THAT(
        check("localhost:5000", "https://localhost:5000/", "https://localhost:5001/t", known),
        IsOk());
  }
}

//
TEST(RealmRulesTest, AnonymousTokensComeFromAnyHttpsRealmButThisMachine) {
  EXPECT_THAT(check("r.test", "https://r.test/", "https://auth.test/t", false), IsOk());
  EXPECT_THAT(check("r.test", "https://r.test/", "https://127.0.0.1/t", false),
              HasError(ErrorCode::refused, HasSubstr("this machine")));
}

TEST(RealmRulesTest, ARealmThatIsNoUrlIsABadAnswer) {
  for (const char* realm : {"", "token", "file:///etc/passwd", "https://u:p@auth.test/"}) {
    EXPECT_THAT(check("r.test", "https://r.test/", realm, true), HasError(ErrorCode::bad_response))
        << realm;
  }
}

// C.1-15: the URL is shown without what is wrong with it, so the message has to say it.
TEST(RealmRulesTest, ARealmWithAUserNameIsToldToBeThat) {
  EXPECT_THAT(check("r.test", "https://r.test/", "https://u:hunter2@auth.test/t?a=b", true),
              HasError(ErrorCode::bad_response, AllOf(HasSubstr("a user name in it: "
                                                                "https://auth.test/t"),
                                                      Not(HasSubstr("hunter2")))));
  EXPECT_THAT(check("r.test", "https://r.test/", "ftp://auth.test/@t", true),
              HasError(ErrorCode::bad_response, HasSubstr("no http or https URL")));
}

}  // namespace
}  // namespace purser::net
