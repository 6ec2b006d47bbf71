#include "net/tls_diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "net/proxy_diagnosis.h"

namespace purser::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const Origin kRegistry = https_origin("registry.test:5000");

std::string said(const char* text, const HostTls& tls = {}) {
  const auto failure = diagnose_tls(text, kRegistry, tls);
  if (!failure) return "nothing";
  EXPECT_EQ(failure->kind, http::Failure::Kind::tls);
  return failure->message + ". " + failure->hint;
}

constexpr const char* kUnknown = "SSL certificate problem: unable to get local issuer certificate";

// A-9: sentences as libcurl 7.88 with OpenSSL 3.0 wrote them.
TEST(TlsDiagnosisTest, NamesTheHostAndWhatToDo) {
  EXPECT_THAT(said("SSL certificate problem: certificate has expired"),
              AllOf(HasSubstr("registry.test:5000 has expired"), HasSubstr("Renew")));
  EXPECT_THAT(said("SSL certificate problem: certificate is not yet valid"), HasSubstr("clock"));
  EXPECT_THAT(said("SSL: no alternative certificate subject name matches target host name 'x'"),
              HasSubstr("for another name"));
  EXPECT_THAT(said("error:0A00010B:SSL routines::wrong version number"),
              AllOf(HasSubstr("does not speak TLS"), HasSubstr("--plain-http")));
  EXPECT_THAT(said("error:0A00042E:SSL routines::tlsv1 alert protocol version"),
              HasSubstr("no TLS from version 1.2 on"));
  EXPECT_THAT(said("error:0A000458:SSL routines::tlsv1 unrecognized name"),
              HasSubstr("no certificate for that name"));
}

// A-9, C.1-18
TEST(TlsDiagnosisTest, SaysWhereAnAuthorityWouldBePut) {
  EXPECT_THAT(said(kUnknown), AllOf(HasSubstr("not trusted here"), HasSubstr("--ca-file")));
  EXPECT_THAT(said(kUnknown, {.directory = "/etc/docker/certs.d/registry.test:5000"}),
              HasSubstr("put it as ca.crt into /etc/docker/certs.d/registry.test:5000"));
  EXPECT_THAT(said(kUnknown, {.ca_file = "/my/ca.pem"}),
              HasSubstr("no CA in /my/ca.pem vouches for"));
  EXPECT_THAT(said("SSL certificate problem: self-signed certificate"), HasSubstr("--ca-file"));
}

// A-9: an alert is what the server says about our certificate, or about its absence.
TEST(TlsDiagnosisTest, TellsOurCertificateFromTheirs) {
  constexpr const char* kRequired =
      "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0";
  constexpr const char* kExpired = "error:0A000415:SSL routines::sslv3 alert certificate expired";
  EXPECT_THAT(said(kRequired),
              AllOf(HasSubstr("asks for a client certificate"), HasSubstr("--cert and --key")));
  EXPECT_THAT(said(kRequired, {.directory = "/certs/registry.test:5000"}),
              HasSubstr("NAME.cert and NAME.key into /certs/registry.test:5000"));
  const HostTls own{.cert_file = "/my/robot.cert", .key_file = "/my/robot.key"};
  EXPECT_THAT(said(kExpired, own), HasSubstr("client certificate /my/robot.cert has expired"));
  EXPECT_THAT(said("error:0A000418:SSL routines::tlsv1 alert unknown ca", own),
              AllOf(HasSubstr("does not know the CA of"), HasSubstr("/my/robot.cert")));
  EXPECT_THAT(said("error:0A000412:SSL routines::sslv3 alert bad certificate", own),
              HasSubstr("refuses the client certificate"));
  EXPECT_THAT(said("error:0A000410:SSL routines::sslv3 alert handshake failure"),
              HasSubstr("If it asks for a client certificate"));
}

TEST(TlsDiagnosisTest, LeavesOtherFailuresAlone) {
  EXPECT_EQ(said("Recv failure: Connection reset by peer"), "nothing");
  EXPECT_EQ(said("OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to registry.test:5000"),
            "nothing");
}

TEST(TlsDiagnosisTest, ShowsNoControlCharacters) {
  EXPECT_THAT(said("certificate has expired \x1b[2J"), Not(HasSubstr("\x1b")));
}

http::Failure of_proxy(CURLcode code, const char* text) {
  const auto failure = diagnose_proxy(code, text, kRegistry);
  if (failure) return *failure;
  return {http::Failure::Kind::invalid, "nothing"};
}

// A-100
TEST(ProxyDiagnosisTest, SaysWhatTheProxyRefused) {
  const auto wants_user = of_proxy(CURLE_RECV_ERROR, "CONNECT tunnel failed, response 407");
  EXPECT_EQ(wants_user.kind, http::Failure::Kind::proxy);
  EXPECT_THAT(wants_user.message, HasSubstr("registry.test:5000"));
  EXPECT_THAT(wants_user.hint, HasSubstr("USER:PASSWORD@"));
  const auto forbids = of_proxy(CURLE_RECV_ERROR, "CONNECT tunnel failed, response 403");
  EXPECT_EQ(forbids.kind, http::Failure::Kind::proxy);
  EXPECT_THAT(forbids.hint, HasSubstr("NO_PROXY"));
  // Worth another try: the proxy is there, and did not get through.
  EXPECT_EQ(of_proxy(CURLE_RECV_ERROR, "CONNECT tunnel failed, response 502").kind,
            http::Failure::Kind::connect);
}

// A-100
TEST(ProxyDiagnosisTest, TellsTheProxyFromTheRegistry) {
  EXPECT_THAT(of_proxy(CURLE_COULDNT_CONNECT,
                       "Failed to connect to proxy.test port 3128 after 0 ms: Couldn't connect")
                  .message,
              HasSubstr("the proxy for registry.test cannot be reached"));
  EXPECT_EQ(of_proxy(CURLE_COULDNT_CONNECT,
                     "Failed to connect to registry.test port 5000 after 0 ms: Couldn't connect")
                .message,
            "nothing");
  EXPECT_THAT(of_proxy(CURLE_COULDNT_RESOLVE_PROXY, "Could not resolve proxy: p").hint,
              HasSubstr("--proxy"));
}

}  // namespace
}  // namespace purser::net
