// HTTP/2 as libcurl and a server of another project negotiate it: nghttpd speaks nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "purser/client.h"
#include "testing/certificates.h"
#include "testing/image_builder.h"
#include "testing/matchers.h"
#include "testing/process.h"
#include "testing/socket.h"
#include "testing/temp_dir.h"

namespace purser::testing {
namespace {

using ::testing::HasSubstr;

class Http2Test : public ::testing::Test {
 protected:
  Http2Test() {
    const CertificateAuthority authority;
    const KeyPair identity = authority.issue();
    ca_file_ = files_.write("ca.pem", authority.certificate_pem()).string();
    files_.write("root/v2/index.html", "{}");
    files_.write("root/v2/app/manifests/v1", image_.bytes);
    server_.emplace(std::vector<std::string>{
        "nghttpd", "--verbose", "--address=127.0.0.1", "--htdocs=" + (files_ / "root").string(),
        std::to_string(port_), files_.write("key.pem", identity.key_pem).string(),
        files_.write("cert.pem", identity.certificate_pem).string()});
  }

  Client client(bool http1_only) const {
    ClientOptions options;
    options.registry = "https://localhost:" + std::to_string(port_);
    options.ca_file = ca_file_;
    options.http1_only = http1_only;
    options.in_flight = 16;
    // The server takes a moment to listen.
    options.retry = {.max_attempts = 100,
                     .first_delay = std::chrono::milliseconds(20),
                     .max_delay = std::chrono::milliseconds(200),
                     .attempts_at_silent_host = 100};
    auto made = Client::create(std::move(options));
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }
  // "[id=1]": nghttpd numbers its connections.
  std::set<std::string> connections() const {
    std::set<std::string> ids;
    const std::string log = server_->out();
    for (auto at = log.find("[id="); at != std::string::npos; at = log.find("[id=", at + 1)) {
      ids.insert(log.substr(at, log.find(']', at) - at));
    }
    return ids;
  }

  const TempDir files_;
  const BuiltManifest image_ = build_image();
  const std::uint16_t port_ = free_port();
  std::string ca_file_;
  std::optional<Process> server_;
};

// By ALPN, and many requests on one connection.
TEST_F(Http2Test, IsNegotiatedAndSharesItsConnection) {
  const Client http2 = client(false);
  const auto ping = http2.ping();
  ASSERT_THAT(ping, IsOk()) << server_->err();
  EXPECT_EQ(ping->scheme, "https");
  const auto v1 = *Reference::parse("localhost:" + std::to_string(port_) + "/app:v1");
  int left = 100;
  int good = 0;
  EXPECT_THAT(http2.manifest_each([&] { return left-- > 0 ? std::optional(v1) : std::nullopt; },
                                  [&](const Reference&, Result<Manifest> read) {
                                    EXPECT_THAT(read, IsOk());
                                    if (read && read->digest().str() == image_.digest) ++good;
                                  }),
              IsOk());
  EXPECT_EQ(good, 100);
  server_->end();
  EXPECT_THAT(server_->out(), HasSubstr("The negotiated protocol: h2"));
  EXPECT_THAT(connections(), ::testing::SizeIs(1));
}

//
TEST_F(Http2Test, IsNotOfferedWhereItIsSwitchedOff) {
  ASSERT_THAT(client(false).ping(), IsOk());  // it listens by now
  ClientOptions options = client(true).options();
  options.retry.max_attempts = 1;
  EXPECT_FALSE(Client::create(std::move(options))->ping());
}

}  // namespace
}  // namespace purser::testing
