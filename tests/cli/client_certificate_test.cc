// Client certificates and the directories of docker and podman, by the program, on the real
// registry; and the one host that may be believed unseen.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "testing/http_server.h"
#include "testing/registry_server.h"
#include "testing/skopeo.h"
#include "testing/tls_front.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Arguments = std::vector<std::string>;

Arguments with(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// A registry that speaks to nobody without a certificate.
class MutualTlsTest : public ::testing::Test {
 protected:
  MutualTlsTest() {
    directory_ = (purser_.home() / "robot").string();
    fill("robot", clients_);
  }
  void fill(const std::string& directory, const CertificateAuthority& clients) const {
    const KeyPair pair = clients.issue({.host = "robot", .client = true});
    purser_.home().write(directory + "/ca.crt", authority_.certificate_pem());
    purser_.home().write(directory + "/client.cert", pair.certificate_pem);
    purser_.home().write(directory + "/client.key", pair.key_pem);
  }
  Arguments options() const {
    return {"--ca-file", directory_ + "/ca.crt",    "--cert", directory_ + "/client.cert",
            "--key",     directory_ + "/client.key"};
  }
  // What skopeo makes of the same directory of HOME.
  ProcessResult skopeo(Arguments arguments) const {
    ProcessOptions options = purser_.options();
    options.environment["REGISTRY_AUTH_FILE"] = (purser_.home() / "auth.json").string();
    arguments.insert(arguments.begin(), "skopeo");
    return run(arguments, options);
  }

  const CertificateAuthority authority_;
  const CertificateAuthority clients_{"Purser test CA of clients"};
  RegistryServer registry_{{.authority = &authority_, .clients = &clients_}};
  Program purser_;
  std::string directory_;
};

// A-100
TEST_F(MutualTlsTest, IsSpokenToWithTheCertificateThatWasNamed) {
  EXPECT_THAT(purser_(with({"catalog", registry_.host()}, options())), Answers(""));
  EXPECT_THAT(purser_(with({"catalog", registry_.host(), "--http1.1"}, options())), Answers(""));
}

// A-100: the layout of containers-certs.d(5), as skopeo reads it.
TEST_F(MutualTlsTest, IsSpokenToWithTheDirectoryThatSkopeoIsGiven) {
  const std::string name = registry_.host() + "/base/busybox";
  ASSERT_TRUE(skopeo({"--insecure-policy", "copy", "--dest-cert-dir", directory_,
                      BusyboxImage().source(), "docker://" + name + ":1"})
                  .ok());
  EXPECT_TRUE(skopeo({"list-tags", "--cert-dir", directory_, "docker://" + name}).ok());
  EXPECT_THAT(purser_({"tags", name, "--certs-dir", directory_}), Answers("1\n"));
}

// A-5, A-100: without an option; a directory for a registry on loopback means https.
TEST_F(MutualTlsTest, IsSpokenToWithTheDirectoryOfItsHostAsBySkopeo) {
  const std::string usual = ".config/containers/certs.d/" + registry_.host();
  fill(usual, clients_);
  EXPECT_THAT(purser_({"catalog", registry_.host()}), Answers(""));
  const ProcessResult found = skopeo({"list-tags", "docker://" + registry_.host() + "/none"});
  EXPECT_THAT(found.err, HasSubstr("404 (Not Found)"))
      << "skopeo reached the registry by the same directory";
}

// A-9
TEST_F(MutualTlsTest, SaysThatItWantsACertificate) {
  for (const Arguments& version : {Arguments{}, Arguments{"--http1.1"}}) {
    EXPECT_THAT(
        purser_(with({"catalog", registry_.host(), "--ca-file", directory_ + "/ca.crt"}, version)),
        Fails(6, AllOf(HasSubstr("asks for a client certificate"), HasSubstr("--cert and --key"),
                       HasSubstr("/etc/docker/certs.d/" + registry_.host()))));
  }
}

// A-9
TEST_F(MutualTlsTest, SaysWhichCertificateItRefuses) {
  const CertificateAuthority strangers("Strangers");
  fill("stranger", strangers);
  EXPECT_THAT(
      purser_({"catalog", registry_.host(), "--certs-dir", (purser_.home() / "stranger").string()}),
      Fails(6, AllOf(HasSubstr("stranger/client.cert"), HasSubstr("certificate"))));
}

// A-9: told before anything is sent.
TEST_F(MutualTlsTest, SaysWhatIsWrongWithAFileOfCertificates) {
  const auto with_key = [&](const std::string& key) {
    return purser_(
        {"catalog", registry_.host(), "--cert", directory_ + "/client.cert", "--key", key});
  };
  EXPECT_THAT(with_key("/nonexistent.key"),
              Fails(1, AllOf(HasSubstr("/nonexistent.key"), HasSubstr("No such file"))));
  const std::string encrypted = (purser_.home() / "encrypted.key").string();
  run_or_throw({"openssl", "pkey", "-in", directory_ + "/client.key", "-aes256", "-passout",
                "pass:secret", "-out", encrypted});
  EXPECT_THAT(with_key(encrypted), Fails(2, HasSubstr("is encrypted")));
  const KeyPair other = clients_.issue({.host = "other", .client = true});
  EXPECT_THAT(with_key(purser_.home().write("other.key", other.key_pem).string()),
              Fails(2, HasSubstr("is not the key of")));
  EXPECT_THAT(purser_({"catalog", registry_.host(), "--cert", directory_ + "/client.cert"}),
              Fails(2, HasSubstr("--cert and --key belong together")));
  EXPECT_THAT(purser_(with({"catalog", registry_.host(), "--plain-http"}, options())),
              Fails(2, HasSubstr("plain http")));
}

// C.1-19
TEST_F(MutualTlsTest, ACertificateBelongsToOneRegistryOfARun) {
  EXPECT_THAT(purser_(with({"digest", registry_.host() + "/a:1", "localhost:1/a:1"}, options())),
              Fails(2, HasSubstr("--cert belongs to one registry")));
}

// Two names of this machine, each with TLS in front; "storage" asks for a certificate and takes
// none as well.
class HostOfOwnTrustTest : public ::testing::Test {
 protected:
  HostOfOwnTrustTest() {
    const KeyPair pair = clients_.issue({.host = "robot", .client = true});
    cert_ = purser_.home().write("robot.cert", pair.certificate_pem).string();
    key_ = purser_.home().write("robot.key", pair.key_pem).string();
    ca_ = purser_.home().write("ca.pem", authority_.certificate_pem()).string();
  }
  static std::string host(const std::string& name, const TlsFront& front) {
    return name + ":" + std::to_string(front.port());
  }
  static Arguments found(const std::string& name, const TlsFront& front) {
    return {"--resolve", host(name, front) + ":127.0.0.1"};
  }
  // Answers the tags after a detour: by way of the other host, which is `there`.
  static HttpServer::Handler detour_by(const std::string& there) {
    return [there](const WireRequest& request) {
      if (request.target.starts_with("/v2/app/manifests/")) {
        return Answer{.response = {.status = 307,
                                   .headers = {{{"Location", "https://" + there + "/manifest"}}}}};
      }
      return Answer{.response = {.status = 404}};
    };
  }

  const CertificateAuthority authority_;
  const CertificateAuthority clients_{"Purser test CA of clients"};
  HttpServer storage_{[](const WireRequest&) {
    return Answer{
        .response = {.headers = {{{"Content-Type", "application/vnd.oci.image.index.v1+json"}}},
                     .body = R"({"schemaVersion":2,"manifests":[]})"}};
  }};
  Program purser_;
  std::string cert_;
  std::string key_;
  std::string ca_;
};

// A-34, A-100, C.1-19
TEST_F(HostOfOwnTrustTest, ARedirectsTargetIsNotShownTheCertificate) {
  const TlsFront storage(storage_.port(), authority_.issue({.host = "storage.test"}), "127.0.0.1",
                         0, {.clients = &clients_, .certificate_required = false});
  HttpServer server(detour_by(host("storage.test", storage)));
  const TlsFront registry(server.port(), authority_.issue({.host = "registry.test"}), "127.0.0.1",
                          0, {.clients = &clients_});
  Arguments arguments = {"manifest", "--raw",     host("registry.test", registry) + "/app:1",
                         "--cert",   cert_,       "--key",
                         key_,       "--ca-file", ca_};
  arguments = with(arguments, found("registry.test", registry));
  arguments = with(arguments, found("storage.test", storage));
  EXPECT_THAT(purser_(arguments), Answers(HasSubstr("schemaVersion")));
  EXPECT_THAT(registry.clients(), Each("robot"));
  EXPECT_THAT(storage.clients(), ElementsAre(""));
}

// C.1-18: a redirect out of the registry that is believed unseen leads to one that is not.
TEST_F(HostOfOwnTrustTest, ARedirectsTargetIsCheckedWhereTheRegistryIsNot) {
  const TlsFront storage(storage_.port(), self_signed("storage.test"));
  HttpServer server(detour_by(host("storage.test", storage)));
  const TlsFront registry(server.port(), self_signed("registry.test"));
  const std::string own = host("registry.test", registry);
  Arguments arguments = {"manifest", "--raw", own + "/app:1", "--insecure-skip-verify", own};
  arguments = with(arguments, found("registry.test", registry));
  arguments = with(arguments, found("storage.test", storage));
  const ProcessResult refused = purser_(arguments);
  EXPECT_EQ(refused.exit_code, 6) << refused.describe();
  EXPECT_THAT(refused.err, AllOf(HasSubstr("storage.test"), HasSubstr("certificate")));
  EXPECT_EQ(storage_.count(), 0U);
  const ProcessResult allowed =
      purser_(with(arguments, {"--insecure-skip-verify", host("storage.test", storage)}));
  EXPECT_TRUE(allowed.ok()) << allowed.describe();
  EXPECT_EQ(storage_.count(), 1U);
}

// C.1-18: the password goes to no token server whose certificate is not what it should be.
TEST_F(HostOfOwnTrustTest, ATokenServerIsCheckedWhereTheRegistryIsNot) {
  HttpServer tokens(
      [](const WireRequest&) { return Answer{.response = {.body = R"({"token":"t"})"}}; });
  const TlsFront realm(tokens.port(), self_signed("tokens.test"));
  HttpServer server([&](const WireRequest&) {
    const std::string challenge =
        "Bearer realm=\"https://" + host("tokens.test", realm) + "/token\",service=\"s\"";
    return Answer{.response = {.status = 401, .headers = {{{"WWW-Authenticate", challenge}}}}};
  });
  const TlsFront registry(server.port(), self_signed("registry.test"));
  const std::string own = host("registry.test", registry);
  Arguments arguments = {"tags",
                         own + "/app",
                         "--insecure-skip-verify",
                         own,
                         "-u",
                         "alice",
                         "--password-stdin",
                         "--auth-realm-allow",
                         host("tokens.test", realm)};
  arguments = with(arguments, found("registry.test", registry));
  arguments = with(arguments, found("tokens.test", realm));
  const ProcessResult refused = purser_(arguments, "s3cret");
  EXPECT_EQ(refused.exit_code, 6) << refused.describe();
  EXPECT_THAT(refused.err, AllOf(HasSubstr("tokens.test"), HasSubstr("certificate")));
  EXPECT_EQ(tokens.count(), 0U);
}

// C.1-18
TEST(InsecureHostTest, IsNamedInAWarningEachRun) {
  const CertificateAuthority authority;
  RegistryServer registry({.authority = &authority});
  const Program purser;
  for (const std::string verb : {"ping", "catalog"}) {
    const ProcessResult result =
        purser({verb, registry.host(), "--insecure-skip-verify", registry.host()});
    EXPECT_TRUE(result.ok()) << result.describe();
    EXPECT_THAT(result.err,
                AllOf(HasSubstr("certificate of " + registry.host()), HasSubstr("is not checked")));
  }
  EXPECT_THAT(purser({"ping", "https://" + registry.host(), "--insecure-skip-verify",
                      "other.test:5000", "--quiet"}),
              Fails(6, HasSubstr("not trusted here")));
  EXPECT_THAT(purser({"ping", registry.host(), "--insecure-skip-verify", "https://a/b"}),
              Fails(2, HasSubstr("takes HOST[:PORT]")));
}

// A-100, A-5. On a machine without ::1 the registry cannot start, and this test says so.
TEST(Ipv6RegistryTest, IsSpokenToByItsAddressAndPort) {
  const CertificateAuthority authority;
  RegistryServer registry({.address = "::1", .authority = &authority});
  ASSERT_THAT(registry.host(), HasSubstr("[::1]:"));
  const Program purser;
  const std::string name = registry.host() + "/base/index";
  const std::string index =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";
  const std::string file = purser.home().write("index.json", index).string();
  const std::string ca = registry.ca_file().string();
  EXPECT_THAT(purser({"put", name + ":1", file, "--ca-file", ca}), Answers(HasSubstr("sha256:")));
  EXPECT_THAT(purser({"manifest", "--raw", name + ":1", "--ca-file", ca}), Answers(index));
  EXPECT_EQ(purser({"tags", name, "--insecure-skip-verify", registry.host()}).out, "1\n");
  // Its directory has the brackets in its name.
  purser.home().write(".config/containers/certs.d/" + registry.host() + "/ca.crt",
                      authority.certificate_pem());
  EXPECT_THAT(purser({"tags", name}), Answers("1\n"));

  RegistryServer plain({.address = "::1"});
  EXPECT_THAT(purser({"catalog", plain.host()}), Answers(""));
}

}  // namespace
}  // namespace purser::testing
