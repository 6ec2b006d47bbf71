// TLS as servers see it: who is shown to whom, and whom nobody is shown to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "purser/transport.h"
#include "testing/certificates.h"
#include "testing/http_server.h"
#include "testing/process.h"
#include "testing/temp_dir.h"
#include "testing/tls_front.h"

namespace purser::http {
namespace {

using ::testing::AllOf;
using testing::CertificateAuthority;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpServer;
using testing::TlsFront;

class CurlTlsTest : public ::testing::Test {
 protected:
  // "https://registry.purser.test:40123"; the name leads to this machine by `trusting()`.
  static std::string url(const TlsFront& front, const std::string& name) {
    return "https://" + name + ":" + std::to_string(front.port()) + "/";
  }
  CurlTransportOptions trusting(const TlsFront& front) const {
    CurlTransportOptions options;
    options.ca_file = home_.write("ca.pem", authority_.certificate_pem()).string();
    for (const char* name : {"registry.purser.test", "other.purser.test"}) {
      options.resolve.push_back(std::string(name) + ":" + std::to_string(front.port()) +
                                ":127.0.0.1");
    }
    return options;
  }
  CurlTransportOptions as(const std::string& client, const TlsFront& front) const {
    const auto pair = clients_.issue({.host = client, .client = true});
    CurlTransportOptions options = trusting(front);
    options.own_host = "registry.purser.test:" + std::to_string(front.port());
    options.cert_file = home_.write(client + ".cert", pair.certificate_pem).string();
    options.key_file = home_.write(client + ".key", pair.key_pem).string();
    return options;
  }
  // The status, or what went wrong.
  static std::string get(Transport& transport, const std::string& url) {
    const auto queue = std::make_shared<CompletionQueue>();
    transport.start(Transport::next_id(), {.url = url}, queue);
    std::vector<Completion> done;
    while ((done = queue->take()).empty()) {
      queue->wait_until(std::chrono::steady_clock::time_point::max());
    }
    if (const auto* response = std::get_if<Response>(&done.front().outcome)) {
      return std::to_string(response->status);
    }
    const auto& failure = std::get<Failure>(done.front().outcome);
    return (failure.kind == Failure::Kind::tls ? "tls: " : "other: ") + failure.message + ". " +
           failure.hint;
  }

  testing::TempDir home_;
  CertificateAuthority authority_;
  CertificateAuthority clients_{"Purser test CA of clients"};
  HttpServer server_{[](const testing::WireRequest&) { return testing::Answer{}; }};
};

// C.1-19: each identity keeps a connection of its own, however the requests alternate.
TEST_F(CurlTlsTest, IdentitiesNeverShareAConnection) {
  const TlsFront front(server_.port(), authority_.issue({.host = "registry.purser.test"}),
                       "127.0.0.1", 0, {.clients = &clients_});
  const auto alice = curl_transport(as("alice", front));
  const auto bob = curl_transport(as("bob", front));
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(get(*alice, url(front, "registry.purser.test")), "200");
    EXPECT_EQ(get(*bob, url(front, "registry.purser.test")), "200");
  }
  EXPECT_EQ(server_.count(), 6U);
  EXPECT_THAT(front.clients(), ElementsAre("alice", "bob"));
}

// A-100, C.1-19: the same machine and port by another name is another host.
TEST_F(CurlTlsTest, ShowsItsCertificateToNoOtherHostThatAsksForOne) {
  const TlsFront front(server_.port(), authority_.issue({.host = "*.purser.test"}), "127.0.0.1", 0,
                       {.clients = &clients_, .certificate_required = false});
  const auto alice = curl_transport(as("alice", front));
  EXPECT_EQ(get(*alice, url(front, "registry.purser.test")), "200");
  EXPECT_EQ(get(*alice, url(front, "other.purser.test")), "200");
  EXPECT_EQ(get(*alice, url(front, "registry.purser.test")), "200");
  EXPECT_THAT(front.clients(), ElementsAre("alice", ""));
  EXPECT_THAT(front.names_asked_for(), ElementsAre("registry.purser.test", "other.purser.test"));
}

//
TEST_F(CurlTlsTest, SaysThatACertificateIsAskedFor) {
  const TlsFront front(server_.port(), authority_.issue({.host = "registry.purser.test"}),
                       "127.0.0.1", 0, {.clients = &clients_});
  EXPECT_THAT(get(*curl_transport(trusting(front)), url(front, "registry.purser.test")),
              AllOf(HasSubstr("tls: "), HasSubstr("asks for a client certificate"),
                    HasSubstr("--cert and --key")));
  EXPECT_EQ(server_.count(), 0U);
}

// C.1-18: leave to skip the check is one host's, and that of one port.
TEST_F(CurlTlsTest, LeavesTheCertificateOfTheNamedHostAloneUnchecked) {
  const TlsFront front(server_.port(), testing::self_signed("nobody"));
  CurlTransportOptions options = trusting(front);
  options.insecure_hosts = {"registry.purser.test:" + std::to_string(front.port()),
                            "other.purser.test"};
  const auto transport = curl_transport(options);
  EXPECT_EQ(get(*transport, url(front, "registry.purser.test")), "200");
  EXPECT_THAT(get(*transport, url(front, "other.purser.test")), HasSubstr("tls: "));
  EXPECT_EQ(server_.count(), 1U);
}

// C.1-18: of whoever is believed unseen, too.
TEST_F(CurlTlsTest, SpeaksNoTlsBefore12) {
  const TlsFront front(server_.port(), authority_.issue({.host = "registry.purser.test"}),
                       "127.0.0.1", 0, {.old_versions_only = true});
  // Who does speak it is served.
  testing::run({"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(front.port()),
                "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"});
  ASSERT_EQ(front.handshakes(), 1U);
  CurlTransportOptions options = trusting(front);
  EXPECT_THAT(get(*curl_transport(options), url(front, "registry.purser.test")),
              AllOf(HasSubstr("tls: "), HasSubstr("1.2")));
  options.insecure_hosts = {"registry.purser.test:" + std::to_string(front.port())};
  EXPECT_THAT(get(*curl_transport(options), url(front, "registry.purser.test")),
              HasSubstr("tls: "));
  EXPECT_EQ(front.handshakes(), 1U);
}

// and of no other host.
TEST_F(CurlTlsTest, TrustsTheAuthorityInTheDirectoryOfAHost) {
  const TlsFront front(server_.port(), authority_.issue({.host = "*.purser.test"}));
  CurlTransportOptions options = trusting(front);
  options.ca_file = "";
  options.certs_roots = {(home_ / "certs.d").string()};
  home_.write("certs.d/registry.purser.test:" + std::to_string(front.port()) + "/ca.crt",
              authority_.certificate_pem());
  const auto transport = curl_transport(options);
  EXPECT_EQ(get(*transport, url(front, "registry.purser.test")), "200");
  EXPECT_THAT(get(*transport, url(front, "other.purser.test")),
              AllOf(HasSubstr("not trusted here"),
                    HasSubstr((home_ / "certs.d/other.purser.test").string() + ":")));
  EXPECT_EQ(front.handshakes(), 1U);
}

// a host that is met on the way, after the client was opened.
TEST_F(CurlTlsTest, SaysWhichFileOfAHostCannotBeUsed) {
  const TlsFront front(server_.port(), authority_.issue({.host = "registry.purser.test"}));
  CurlTransportOptions options = trusting(front);
  options.certs_roots = {(home_ / "certs.d").string()};
  home_.write("certs.d/registry.purser.test:" + std::to_string(front.port()) + "/lonely.key", "");
  EXPECT_THAT(get(*curl_transport(options), url(front, "registry.purser.test")),
              AllOf(HasSubstr("tls: "), HasSubstr("lonely.key is there without lonely.cert")));
  EXPECT_EQ(front.handshakes(), 0U);
}

}  // namespace
}  // namespace purser::http
