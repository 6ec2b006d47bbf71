#include "net/peer_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "testing/raw_server.h"

namespace purser::http {
namespace {

using purser::testing::RawServer;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Names that lead to a server on this machine, and to addresses where none must be asked.
class PeerRuleTest : public ::testing::Test {
 protected:
  std::string url(const std::string& host) const {
    return "http://" + host + ":" + std::to_string(server_.port()) + "/";
  }
  std::string leads_to(const std::string& host, const std::string& addresses) const {
    return host + ":" + std::to_string(server_.port()) + ":" + addresses;
  }

  Outcome send(const std::string& url, Zone innermost) {
    if (!transport_) {
      transport_ = curl_transport({.resolve = {leads_to("here.test", "127.0.0.1"),
                                               leads_to("metadata.test", "169.254.169.254"),
                                               leads_to("both.test", "169.254.169.254,127.0.0.1"),
                                               leads_to("mapped.test", "[::ffff:127.0.0.1]")}});
    }
    Request request{.url = url};
    request.innermost_peer = innermost;
    transport_->start(Transport::next_id(), std::move(request), queue_);
    std::vector<Completion> done;
    while ((done = queue_->take()).empty()) {
      queue_->wait_until(std::chrono::steady_clock::time_point::max());
    }
    return std::move(done.front().outcome);
  }
  std::string refusal(const std::string& url, Zone innermost) {
    const Outcome outcome = send(url, innermost);
    const auto* failure = std::get_if<Failure>(&outcome);
    if (failure == nullptr) return "an answer";
    return failure->kind == Failure::Kind::refused ? failure->message
                                                   : "another failure: " + failure->message;
  }

  RawServer server_{[](const std::string&) {
    return RawServer::Answer{kOk, RawServer::Answer::Then::next_request};
  }};
  std::shared_ptr<Transport> transport_;
  std::shared_ptr<CompletionQueue> queue_ = std::make_shared<CompletionQueue>();
};

// A-35, C.1-4: no look-up of Purser's own that a second look-up could belie.
TEST_F(PeerRuleTest, ANameThatLeadsToTheMetadataServiceIsNotConnectedTo) {
  for (const Zone innermost : {Zone::internet, Zone::private_network, Zone::this_machine}) {
    EXPECT_EQ(refusal(url("metadata.test"), innermost),
              "metadata.test is at 169.254.169.254, on a link-local network");
  }
}

//
TEST_F(PeerRuleTest, ANameThatLeadsToThisMachineIsNotConnectedToFromOutside) {
  for (const Zone innermost : {Zone::internet, Zone::private_network}) {
    EXPECT_EQ(refusal(url("here.test"), innermost), "here.test is at 127.0.0.1, on this machine");
    EXPECT_EQ(refusal(url("mapped.test"), innermost),
              "mapped.test is at ::ffff:127.0.0.1, on this machine");
  }
  EXPECT_EQ(server_.connections(), 0u);
}

TEST_F(PeerRuleTest, ARequestWithinItsBoundsIsAnsweredAndTellsThePeer) {
  for (const Zone innermost : {Zone::this_machine, Zone::link_local}) {
    const Outcome outcome = send(url("here.test"), innermost);
    const auto* response = std::get_if<Response>(&outcome);
    ASSERT_NE(response, nullptr);
    ASSERT_TRUE(response->peer);
    EXPECT_EQ(response->peer->address, "127.0.0.1");
    EXPECT_EQ(response->peer->zone, Zone::this_machine);
  }
}

TEST_F(PeerRuleTest, OfSeveralAddressesOneThatIsAllowedIsTaken) {
  const Outcome outcome = send(url("both.test"), Zone::this_machine);
  ASSERT_TRUE(std::holds_alternative<Response>(outcome)) << std::get<Failure>(outcome).message;
}

// a connection that another request opened is no way around it.
TEST_F(PeerRuleTest, AConnectionThatIsOpenAlreadyIsJudgedToo) {
  ASSERT_TRUE(std::holds_alternative<Response>(send(url("here.test"), Zone::link_local)));
  EXPECT_EQ(refusal(url("here.test"), Zone::internet),
            "here.test is at 127.0.0.1, on this machine");
  EXPECT_THAT(server_.requests(), SizeIs(1));
}

// C.1-4: in whatever form an address stands in the URL.
TEST_F(PeerRuleTest, AnAddressInTheUrlIsJudgedInEveryForm) {
  for (const char* host :
       {"127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001", "2130706433",
        "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "0", "[::]",
        "[64:ff9b::7f00:1]", "localhost"}) {
    EXPECT_THAT(refusal(url(host), Zone::internet), HasSubstr("on this machine")) << host;
  }
  for (const char* host :
       {"169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200"}) {
    EXPECT_THAT(refusal(url(host), Zone::this_machine), HasSubstr("on a link-local network"))
        << host;
  }
  EXPECT_EQ(server_.connections(), 0u);
}

// C.1-4: some resolvers know such a name and some do not; it gets no answer from either.
TEST_F(PeerRuleTest, ATrailingDotIsNoWayRound) {
  for (const char* host : {"127.0.0.1.", "localhost.", "0x7f000001."}) {
    EXPECT_NE(refusal(url(host), Zone::internet), "an answer") << host;
  }
  EXPECT_EQ(server_.connections(), 0u);
}

// Where a request ends that goes through a proxy is the proxy's to decide; its own address is none
// of this rule's business.
TEST_F(PeerRuleTest, ThroughAProxyOnlyAnAddressInTheUrlIsJudged) {
  ASSERT_EQ(setenv("http_proxy", server_.url("").c_str(), 1), 0);
  const Outcome outcome = send("http://elsewhere.test/", Zone::internet);
  const std::string refused = refusal("http://169.254.169.254/latest", Zone::internet);
  unsetenv("http_proxy");
  const auto* response = std::get_if<Response>(&outcome);
  ASSERT_NE(response, nullptr) << std::get<Failure>(outcome).message;
  EXPECT_FALSE(response->peer);
  EXPECT_THAT(server_.requests().at(0), HasSubstr("GET http://elsewhere.test/ HTTP/1.1"));
  EXPECT_EQ(refused, "169.254.169.254 is on a link-local network");
  EXPECT_THAT(server_.requests(), SizeIs(1));
}

// nor does a host that no_proxy names get round it.
TEST_F(PeerRuleTest, WithAProxyAMetadataServiceThatIsAskedDirectlyIsRefused) {
  ASSERT_EQ(setenv("http_proxy", server_.url("").c_str(), 1), 0);
  ASSERT_EQ(setenv("no_proxy", "metadata.test", 1), 0);
  const std::string refused = refusal(url("metadata.test"), Zone::this_machine);
  unsetenv("http_proxy");
  unsetenv("no_proxy");
  EXPECT_EQ(refused, "metadata.test is at 169.254.169.254, on a link-local network");
  EXPECT_EQ(server_.connections(), 0u);
}

// a proxy in the environment says nothing about a host that is asked without it.
TEST_F(PeerRuleTest, WithAProxyAHostThatNoProxyExceptsIsJudgedByItsAddress) {
  ASSERT_EQ(setenv("http_proxy", server_.url("").c_str(), 1), 0);
  for (const char* list : {"*", "here.test", ".test"}) {
    ASSERT_EQ(setenv("no_proxy", list, 1), 0);
    EXPECT_EQ(refusal(url("here.test"), Zone::internet),
              "here.test is at 127.0.0.1, on this machine")
        << list;
  }
  unsetenv("http_proxy");
  unsetenv("no_proxy");
  EXPECT_EQ(server_.connections(), 0u);
}

}  // namespace
}  // namespace purser::http
