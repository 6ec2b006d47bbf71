// From https to http: the five ways to bring it about (C.1-3), and what each of them gets.
#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DowngradeTest : public EvilTest {
 protected:
  DowngradeTest() {
    registry_.challenge_with({basic()});
    plain_.on("", "/", page(R"({"tags":["stolen"],"repositories":["stolen"],"token":"x"})"));
  }
  Client client() const {
    ClientOptions options = as_alice(registry_);
    options.ca_file = ca_file_;
    return client_of(options);
  }
  // The same host and port, by the other scheme.
  std::string in_the_clear(const std::string& path) const {
    return "http://" + registry_.host() + path;
  }

  const CertificateAuthority authority_;
  const std::string ca_file_ =
      purser_.home().write("ca.pem", authority_.certificate_pem()).string();
  EvilRegistry registry_{{.authority = &authority_}};
  EvilRegistry plain_;
};

// C.1-3, A-35
TEST_F(DowngradeTest, ByARedirectIsRefused) {
  for (const std::string& target : {plain_.url("/manifest"), in_the_clear("/v2/elsewhere")}) {
    for (const int status : {301, 302, 303, 307, 308}) {
      registry_.on("GET", "/v2/app/manifests/", redirect(status, target));
      EXPECT_THAT(client().manifest(v1_of(registry_)),
                  HasError(ErrorCode::refused, HasSubstr("from https to http")));
    }
  }
  EXPECT_EQ(plain_.count(), 0U);
  EXPECT_EQ(registry_.count("GET", "/v2/elsewhere"), 0U);
}

// C.1-3: what is put or deleted is confirmed at the registry, and not where a Location says.
TEST_F(DowngradeTest, ByTheLocationOfAnAnswerIsNotFollowed) {
  registry_.on("PUT", "/v2/app/manifests/",
               json_answer(201, "",
                           {{"Location", plain_.url("/v2/app/manifests/v1")},
                            {"Docker-Content-Digest", image_.digest}}));
  registry_.on("GET", "/v2/app/manifests/", manifest_answer(image_));
  registry_.on("HEAD", "/v2/app/manifests/", manifest_answer(image_));
  EXPECT_THAT(client().put_manifest(v1_of(registry_), image_.bytes), IsOk());
  EXPECT_EQ(plain_.count(), 0U);
}

// C.1-3, A-39: a registry that does not know of the TLS before it writes such Links, and its list
// must still be whole.
TEST_F(DowngradeTest, ByALinkToTheSameHostIsTurnedBackIntoHttps) {
  registry_.on("GET", "/v2/app/tags/list",
               page(R"({"tags":["a"]})",
                    "<" + in_the_clear("/v2/app/tags/list?last=a") + ">; rel=\"next\""));
  registry_.on("GET", "/v2/app/tags/list?last=a", page(R"({"tags":["b"]})"));
  EXPECT_THAT(client().tags(app_of(registry_)), IsOkAndHolds(ElementsAre("a", "b")));
  EXPECT_EQ(registry_.count("GET", "/v2/app/tags/list?last=a"), 1U);
}

// C.1-3, A-39
TEST_F(DowngradeTest, ByALinkElsewhereEndsTheList) {
  registry_.on("GET", "/v2/app/tags/list",
               page(R"({"tags":["a"]})", "<" + plain_.url("/v2/app/tags/list") + ">; rel=next"));
  EXPECT_THAT(client().tags(app_of(registry_)), HasError(ErrorCode::incomplete));
  EXPECT_EQ(plain_.count(), 0U);
}

// C.1-3: with a password, and without one too: a token got in the clear is anybody's.
TEST_F(DowngradeTest, ByARealmIsRefused) {
  ClientOptions nobody = anonymous(registry_);
  nobody.ca_file = ca_file_;
  for (const std::string& realm : {plain_.url("/token"), in_the_clear("/token")}) {
    registry_.challenge_with({"Bearer realm=\"" + realm + "\",service=\"x\""});
    EXPECT_THAT(client().tags(app_of(registry_)),
                HasError(ErrorCode::refused, HasSubstr("is not https")));
    EXPECT_THAT(client_of(nobody).tags(app_of(registry_)), HasError(ErrorCode::refused));
  }
  EXPECT_EQ(plain_.count(), 0U);
  EXPECT_THAT(registry_.authorizations(), ::testing::IsEmpty());
}

// C.1-3
TEST_F(DowngradeTest, ByAPortThatSpeaksNoTlsGetsNothing) {
  EXPECT_THAT(purser_as_alice({"ping", plain_.host(), "--ca-file", ca_file_}),
              Fails(6, ::testing::_));
  EXPECT_THAT(purser_as_alice({"tags", plain_.host() + "/app", "--ca-file", ca_file_}),
              Fails(6, ::testing::_));
  EXPECT_EQ(plain_.count(), 0U);
}

// What the others would find if they leaked.
TEST_F(DowngradeTest, WouldBeSeenHere) {
  registry_.on("GET", "/v2/app/tags/list", page(R"({"tags":["a"]})"));
  EXPECT_THAT(client().tags(app_of(registry_)), IsOkAndHolds(ElementsAre("a")));
  EXPECT_THAT(registry_.authorizations(), ElementsAre(StartsWith("Basic ")));
  EXPECT_THAT(secrets_.find_in(registry_.authorizations().front()),
              ElementsAre("the password (base64)"));
}

}  // namespace
}  // namespace purser::testing
