#include "net/host_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "testing/certificates.h"
#include "testing/matchers.h"
#include "testing/temp_dir.h"

namespace purser::net {
namespace {

using ::testing::AllOf;
using testing::CertificateAuthority;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::KeyPair;
using testing::TempDir;

const Origin kRegistry = https_origin("registry.test:5000");
const Origin kOther = https_origin("other.test:5000");

class HostTlsTest : public ::testing::Test {
 protected:
  HostTlsTest() {
    options_.own_host = "registry.test:5000";
    options_.certs_roots = {(home_ / "first").string(), (home_ / "second").string()};
  }
  std::string write(const std::string& name, const std::string& bytes) const {
    return home_.write(name, bytes).string();
  }
  std::string write_ca(const std::string& name) const {
    return write(name, authority_.certificate_pem());
  }
  void write_pair(const std::string& name) const {
    write(name + ".cert", alice_.certificate_pem);
    write(name + ".key", alice_.key_pem);
  }
  HostTls tls(const Origin& origin) const {
    auto tls = host_tls(options_, origin);
    EXPECT_THAT(tls, testing::IsOk());
    return tls ? *std::move(tls) : HostTls{};
  }
  std::string error(const Origin& origin) const {
    const auto tls = host_tls(options_, origin);
    EXPECT_FALSE(tls.has_value());
    return tls ? "" : to_string(tls.error());
  }

  TempDir home_;
  CertificateAuthority authority_;
  KeyPair alice_ = authority_.issue({.host = "alice", .client = true});
  http::CurlTransportOptions options_;
};

// A-100, C.1-19
TEST_F(HostTlsTest, ShowsACertificateToItsOwnHostAndPortAlone) {
  write_pair("alice");
  options_.cert_file = (home_ / "alice.cert").string();
  options_.key_file = (home_ / "alice.key").string();
  EXPECT_EQ(tls(kRegistry).cert_file, options_.cert_file);
  EXPECT_EQ(tls(https_origin("REGISTRY.test:5000")).cert_file, options_.cert_file);
  for (const char* host : {"other.test:5000", "registry.test:5001", "registry.test",
                           "sub.registry.test:5000", "registry.test.evil:5000"}) {
    EXPECT_EQ(tls(https_origin(host)).cert_file, "") << host;
  }
}

// C.1-18
TEST_F(HostTlsTest, ChecksEveryCertificateButThatOfTheNamedHost) {
  EXPECT_TRUE(tls(kRegistry).verify);
  options_.insecure_hosts = {"registry.test:5000", "plain.test"};
  EXPECT_FALSE(tls(kRegistry).verify);
  EXPECT_FALSE(tls(https_origin("plain.test:443")).verify);
  for (const char* host : {"registry.test", "registry.test:443", "other.test:5000",
                           "a.registry.test:5000", "plain.test:5000"}) {
    EXPECT_TRUE(tls(https_origin(host)).verify) << host;
  }
}

//
TEST_F(HostTlsTest, ReadsTheFirstDirectoryThatAHostHas) {
  write_ca("second/registry.test:5000/ca.crt");
  EXPECT_EQ(tls(kRegistry).authorities, authority_.certificate_pem() + "\n");
  write_pair("first/registry.test:5000/client");
  EXPECT_EQ(tls(kRegistry).authorities, "") << "docker and podman read one directory, not all";
  EXPECT_THAT(tls(kRegistry).cert_file, EndsWith("first/registry.test:5000/client.cert"));
  EXPECT_THAT(tls(kRegistry).key_file, EndsWith("first/registry.test:5000/client.key"));
  EXPECT_EQ(tls(kOther).cert_file, "");
}

// a name without a port is https on 443, in the directory's name as in a reference.
TEST_F(HostTlsTest, FindsTheDirectoryOfTheUsualPortByEitherName) {
  write_ca("first/registry.test/ca.crt");
  EXPECT_NE(tls(https_origin("registry.test")).authorities, "");
  EXPECT_EQ(tls(kRegistry).authorities, "");
  write_ca("first/other.test:443/ca.crt");
  EXPECT_NE(tls(https_origin("other.test")).authorities, "");
  write_ca("first/[::1]:5000/ca.crt");
  EXPECT_NE(tls(https_origin("[::1]:5000")).authorities, "");
}

TEST_F(HostTlsTest, AddsEveryAuthorityOfADirectoryInTheOrderOfTheirNames) {
  const CertificateAuthority second;
  write("first/registry.test:5000/b.crt", second.certificate_pem());
  write_ca("first/registry.test:5000/a.crt");
  write("first/registry.test:5000/README", "not looked at");
  EXPECT_EQ(tls(kRegistry).authorities,
            authority_.certificate_pem() + "\n" + second.certificate_pem() + "\n");
}

TEST_F(HostTlsTest, NamesTheOtherHalfOfAPairThatIsNotThere) {
  write("first/registry.test:5000/client.cert", alice_.certificate_pem);
  EXPECT_THAT(error(kRegistry),
              AllOf(HasSubstr("client.cert is there without client.key"), HasSubstr("*.crt")));
  write("first/other.test:5000/client.key", alice_.key_pem);
  EXPECT_THAT(error(kOther), HasSubstr("client.key is there without client.cert"));
}

TEST_F(HostTlsTest, ChoosesNotBetweenTwoCertificates) {
  write_pair("first/registry.test:5000/a");
  write_pair("first/registry.test:5000/b");
  EXPECT_THAT(error(kRegistry), AllOf(HasSubstr("a.cert and b.cert"), HasSubstr("--cert")));
  write_pair("alice");
  options_.cert_file = (home_ / "alice.cert").string();
  options_.key_file = (home_ / "alice.key").string();
  EXPECT_EQ(tls(kRegistry).cert_file, options_.cert_file);
}

TEST_F(HostTlsTest, NamesAFileWithoutACertificate) {
  write("first/registry.test:5000/ca.crt", "-----BEGIN NONSENSE-----\n");
  EXPECT_THAT(error(kRegistry), HasSubstr("no certificate in"));
}

TEST_F(HostTlsTest, TakesANamedDirectoryForItsOwnHostInPlaceOfTheUsualOnes) {
  write_ca("first/registry.test:5000/ca.crt");
  write_pair("mine/robot");
  options_.certs_dir = (home_ / "mine").string();
  EXPECT_EQ(tls(kRegistry).authorities, "");
  EXPECT_THAT(tls(kRegistry).cert_file, EndsWith("mine/robot.cert"));
  EXPECT_EQ(tls(kOther).cert_file, "");
  options_.certs_dir = (home_ / "gone").string();
  EXPECT_THAT(error(kRegistry), AllOf(HasSubstr("gone"), HasSubstr("No such file")));
}

// C.1-18: adds or replaces, as documented.
TEST_F(HostTlsTest, TrustsTheNamedFileInPlaceOfTheAuthoritiesOfADirectory) {
  write_ca("first/registry.test:5000/ca.crt");
  write_pair("first/registry.test:5000/client");
  options_.ca_file = write_ca("only.pem");
  EXPECT_EQ(tls(kRegistry).authorities, "");
  EXPECT_EQ(tls(kRegistry).ca_file, options_.ca_file);
  EXPECT_THAT(tls(kRegistry).cert_file, EndsWith("client.cert"));
  EXPECT_EQ(tls(kOther).ca_file, options_.ca_file);
}

// what is of use with TLS alone says that the registry speaks it.
TEST_F(HostTlsTest, TellsWhetherTlsIsExpected) {
  const auto local = [](const http::CurlTransportOptions& options) {
    return expects_tls(options, https_origin("localhost:5000"));
  };
  EXPECT_FALSE(local({}));
  EXPECT_TRUE(local({.ca_file = "ca.pem"}));
  EXPECT_TRUE(local({.insecure_hosts = {"localhost:5000"}}));
  EXPECT_FALSE(local({.insecure_hosts = {"localhost:5001"}}));
  http::CurlTransportOptions options = {.cert_file = "c", .key_file = "k"};
  options.own_host = "localhost:5000";
  EXPECT_TRUE(local(options));
  options.own_host = "other.test";
  EXPECT_FALSE(local(options));
  EXPECT_FALSE(local(options_));
  write_ca("second/localhost:5000/ca.crt");
  EXPECT_TRUE(local(options_));
}

TEST_F(HostTlsTest, RefusesOptionsThatCanMeanNothing) {
  EXPECT_THAT(check_tls_options({.insecure_hosts = {"https://registry.test"}}),
              testing::HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(check_tls_options({.insecure_hosts = {"registry.test/app"}}),
              testing::HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(check_tls_options({.insecure_hosts = {""}}),
              testing::HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(check_tls_options({.cert_file = "c"}),
              testing::HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(check_tls_options({.key_file = "k"}), testing::HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(check_tls_options({.insecure_hosts = {"registry.test", "[::1]:5000"}}),
              testing::IsOk());
}

}  // namespace
}  // namespace purser::net
