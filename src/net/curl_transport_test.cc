#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>

#include "purser/transport.h"
#include "testing/raw_server.h"

namespace purser::http {
namespace {

using purser::testing::RawServer;
using ::testing::HasSubstr;
using ::testing::Not;
using Then = RawServer::Answer::Then;
using std::chrono::steady_clock;

class CurlTransportTest : public ::testing::Test {
 protected:
  RequestId start(Request request) {
    const auto id = Transport::next_id();
    transport_->start(id, std::move(request), queue_);
    return id;
  }

  Completion wait() {
    std::vector<Completion> done;
    while ((done = queue_->take()).empty()) queue_->wait_until(steady_clock::time_point::max());
    EXPECT_EQ(done.size(), 1u);
    return std::move(done.front());
  }

  Outcome send(Request request) {
    const auto id = start(std::move(request));
    Completion completion = wait();
    EXPECT_EQ(completion.id, id);
    return std::move(completion.outcome);
  }

  static Response response_of(Outcome outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) {
      ADD_FAILURE() << "no answer: " << failure->message;
      return {};
    }
    return std::get<Response>(std::move(outcome));
  }

  static Failure failure_of(Outcome outcome) {
    if (const auto* response = std::get_if<Response>(&outcome)) {
      ADD_FAILURE() << "an answer: " << response->status;
      return {Failure::Kind::invalid, {}};
    }
    return std::get<Failure>(std::move(outcome));
  }

  std::shared_ptr<Transport> transport_ = curl_transport({.user_agent = "purser-test"});
  std::shared_ptr<CompletionQueue> queue_ = std::make_shared<CompletionQueue>();
};

RawServer::Script always(std::string bytes, Then then = Then::close) {
  return [bytes = std::move(bytes), then](const std::string&) {
    return RawServer::Answer{bytes, then};
  };
}

TEST_F(CurlTransportTest, SendsTheRequestAsItIs) {
  RawServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a \r\n\r\nhi"));
  const auto response = response_of(
      send({.method = "GET", .url = server.url("/v2/a/../b?x=1"), .headers = {{"Accept", "t/u"}}}));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hi");
  EXPECT_EQ(response.headers.get("x"), "a");
  const auto request = server.requests().at(0);
  EXPECT_THAT(request, HasSubstr("GET /v2/a/../b?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Accept: t/u\r\n"));
  EXPECT_THAT(request, HasSubstr("User-Agent: purser-test\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("Authorization")));
}

TEST_F(CurlTransportTest, PutsABodyWithItsLengthAndTypeAlone) {
  RawServer server(always("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"));
  response_of(send({.method = "PUT",
                    .url = server.url(),
                    .headers = {{"Content-Type", "a/b"}},
                    .body = std::make_shared<std::string>("bytes")}));
  const auto request = server.requests().at(0);
  EXPECT_THAT(request, HasSubstr("PUT / HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Type: a/b\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\nbytes"));
  EXPECT_THAT(request, Not(HasSubstr("urlencoded")));
}

// the 401 to a HEAD announces a body that never comes.
TEST_F(CurlTransportTest, AHeadDoesNotWaitForTheBodyThatItsLengthAnnounces) {
  RawServer server(always("HTTP/1.1 401 Unauthorized\r\nContent-Length: 144\r\n\r\n", Then::hold));
  const auto response = response_of(send({.method = "HEAD", .url = server.url()}));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, "");
}

// with the connection closed inside the header block, libcurl alone would make up answers.
TEST_F(CurlTransportTest, AnAnswerCutInsideItsHeaderIsNoAnswer) {
  std::mutex mutex;  // between this thread and the server's
  std::string sent;
  const auto set_sent = [&](std::string bytes) {
    const std::lock_guard lock(mutex);
    sent = std::move(bytes);
  };
  RawServer server([&](const std::string&) {
    const std::lock_guard lock(mutex);
    return RawServer::Answer{sent, Then::close};
  });
  for (const std::string status : {"200 OK", "202 Accepted", "404 Not Found"}) {
    for (const std::string method : {"GET", "HEAD", "DELETE"}) {
      const std::string header = "HTTP/1.1 " + status +
                                 "\r\nLink: </v2/_catalog?last=z>; rel=\"next\"\r\n"
                                 "Content-Length: 0\r\n\r\n";
      for (std::size_t cut = 0; cut < header.size(); ++cut) {
        set_sent(header.substr(0, cut));
        const auto failure = failure_of(send({.method = method, .url = server.url()}));
        ASSERT_EQ(failure.kind, Failure::Kind::broken)
            << method << " " << status << " cut at " << cut << ": " << failure.message;
      }
      set_sent(header);
      const auto response = response_of(send({.method = method, .url = server.url()}));
      ASSERT_EQ(std::to_string(response.status), status.substr(0, 3));
      ASSERT_TRUE(response.headers.get("link"));
    }
  }
}

// C.1-5: one line that libcurl itself gives up.
TEST_F(CurlTransportTest, AMebibyteOfHeaderIsTooLarge) {
  RawServer server(always("HTTP/1.1 200 OK\r\nX: " + std::string(1024 * 1024, 'x') + "\r\n\r\n"));
  const auto failure = failure_of(send({.url = server.url()}));
  EXPECT_EQ(failure.kind, Failure::Kind::too_large);
  EXPECT_THAT(failure.message, HasSubstr("header is over 64 KiB"));
}

TEST_F(CurlTransportTest, AnAnswerCutInsideItsBodyIsNoAnswer) {
  RawServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"));
  EXPECT_EQ(failure_of(send({.url = server.url()})).kind, Failure::Kind::broken);
}

//
TEST_F(CurlTransportTest, InterimAnswersAreNotTheAnswer) {
  RawServer server(
      always("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=next\r\n\r\n"
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  const auto response = response_of(send({.url = server.url()}));
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.headers.get("Link"));
}

TEST_F(CurlTransportTest, AnInterimAnswerAloneIsNoAnswer) {
  RawServer server(always("HTTP/1.1 103 Early Hints\r\n\r\n"));
  EXPECT_EQ(failure_of(send({.url = server.url()})).kind, Failure::Kind::broken);
}

TEST_F(CurlTransportTest, ATrailerIsNoHeader) {
  RawServer server(
      always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
             "Link: </evil>; rel=next\r\n\r\n"));
  const auto response = response_of(send({.url = server.url()}));
  EXPECT_EQ(response.body, "ok");
  EXPECT_FALSE(response.headers.get("Link"));
}

TEST_F(CurlTransportTest, AFoldedFieldIsKeptWhole) {
  RawServer server(
      always("HTTP/1.1 200 OK\r\nLink: </v2/next>;\r\n  rel=next\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(response_of(send({.url = server.url()})).headers.get("Link"), "</v2/next>; rel=next");
}

TEST_F(CurlTransportTest, FollowsNoRedirect) {
  RawServer server(
      always("HTTP/1.1 307 Temporary Redirect\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(response_of(send({.url = server.url("/a")})).status, 307);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(CurlTransportTest, RefusesABodyThatAnnouncesTooMuch) {
  RawServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", Then::hold));
  EXPECT_EQ(failure_of(send({.url = server.url(), .max_body_bytes = 10})).kind,
            Failure::Kind::too_large);
}

TEST_F(CurlTransportTest, RefusesABodyThatGrowsTooLarge) {
  RawServer server(always("HTTP/1.1 200 OK\r\n\r\n0123456789x"));
  EXPECT_EQ(failure_of(send({.url = server.url(), .max_body_bytes = 10})).kind,
            Failure::Kind::too_large);
  RawServer exact(always("HTTP/1.1 200 OK\r\n\r\n0123456789"));
  EXPECT_EQ(response_of(send({.url = exact.url(), .max_body_bytes = 10})).body, "0123456789");
}

TEST_F(CurlTransportTest, RefusesAHeaderThatIsTooLong) {
  RawServer bytes(always("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n"));
  EXPECT_EQ(failure_of(send({.url = bytes.url()})).kind, Failure::Kind::too_large);
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 101; ++i) many += "X: y\r\n";
  RawServer fields(always(many + "\r\n"));
  EXPECT_EQ(failure_of(send({.url = fields.url()})).kind, Failure::Kind::too_large);
}

TEST_F(CurlTransportTest, TellsWhyThereIsNoConnection) {
  int port = 0;
  {
    RawServer gone(always(""));
    port = gone.port();
  }
  EXPECT_EQ(failure_of(send({.url = "http://127.0.0.1:" + std::to_string(port) + "/"})).kind,
            Failure::Kind::connect);
  EXPECT_EQ(failure_of(send({.url = "http://name.invalid/"})).kind, Failure::Kind::resolve);
  // https to a port that speaks http.
  RawServer plain(always("HTTP/1.1 400 Bad Request\r\n\r\n"));
  EXPECT_EQ(
      failure_of(send({.url = "https://127.0.0.1:" + std::to_string(plain.port()) + "/"})).kind,
      Failure::Kind::tls);
}

TEST_F(CurlTransportTest, RefusesWhatCannotBeSentSafely) {
  const auto kind = [&](Request request) { return failure_of(send(std::move(request))).kind; };
  EXPECT_EQ(kind({.url = "file:///etc/passwd"}), Failure::Kind::invalid);
  EXPECT_EQ(kind({.url = ""}), Failure::Kind::invalid);
  EXPECT_EQ(kind({.url = "http://user:pw@127.0.0.1:1/"}), Failure::Kind::invalid);
  EXPECT_EQ(kind({.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nEvil: c"}}}),
            Failure::Kind::invalid);
  EXPECT_EQ(kind({.method = "GET / HTTP/1.1\r\nX:", .url = "http://127.0.0.1:1/"}),
            Failure::Kind::invalid);
}

TEST_F(CurlTransportTest, EndsARequestWhoseAnswerDoesNotBegin) {
  RawServer server(always("", Then::hold));
  const auto failure =
      failure_of(send({.url = server.url(), .timeout = std::chrono::milliseconds(20)}));
  EXPECT_EQ(failure.kind, Failure::Kind::timeout);
}

// what had come is there to go on from; nothing is made of what is no answer.
TEST_F(CurlTransportTest, HandsOverTheFirstPartOfABodyThatBrokeOff) {
  RawServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Y: z\r\n\r\nhel"));
  const auto failure = failure_of(send({.url = server.url()}));
  EXPECT_EQ(failure.kind, Failure::Kind::broken);
  ASSERT_TRUE(failure.cut.has_value());
  EXPECT_EQ(failure.cut->status, 200);
  EXPECT_EQ(failure.cut->body, "hel");
  EXPECT_EQ(failure.cut->headers.get("X-Y"), "z");
  RawServer cut_header(always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-"));
  EXPECT_FALSE(failure_of(send({.url = cut_header.url()})).cut.has_value());
  EXPECT_FALSE(failure_of(send({.url = server.url(), .max_body_bytes = 4})).cut.has_value());
}

// within 200 ms.
TEST_F(CurlTransportTest, ACancelledRequestEndsSoon) {
  RawServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", Then::hold));
  const auto id = start({.url = server.url()});
  server.wait_for_requests(1);
  const auto begun = steady_clock::now();
  transport_->cancel(id);
  const auto completion = wait();
  EXPECT_LT(steady_clock::now() - begun, std::chrono::milliseconds(200));
  EXPECT_EQ(completion.id, id);
  EXPECT_EQ(failure_of(completion.outcome).kind, Failure::Kind::cancelled);
  transport_->cancel(id);  // unknown by now: ignored
}

TEST_F(CurlTransportTest, DestructionEndsWhatIsUnderWay) {
  RawServer server(always("", Then::hold));
  const auto id = start({.url = server.url()});
  server.wait_for_requests(1);
  transport_.reset();
  const auto completion = wait();
  EXPECT_EQ(completion.id, id);
  EXPECT_EQ(failure_of(completion.outcome).kind, Failure::Kind::cancelled);
}

TEST_F(CurlTransportTest, ReusesItsConnection) {
  RawServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::next_request));
  for (const std::string method : {"GET", "HEAD", "DELETE", "PUT", "GET"}) {
    EXPECT_EQ(response_of(send({.method = method, .url = server.url()})).status, 200);
  }
  EXPECT_EQ(server.connections(), 1u);
}

// a kept connection that turns out to be dead when it is used is no failure.
TEST_F(CurlTransportTest, AStaleConnectionIsReplacedWithoutAFailure) {
  std::size_t count = 0;
  RawServer server([&](const std::string&) {
    const bool dies = ++count == 2;  // the second request on the first connection
    return dies ? RawServer::Answer{}
                : RawServer::Answer{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                                    Then::next_request};
  });
  EXPECT_EQ(response_of(send({.url = server.url()})).status, 200);
  const auto body = std::make_shared<std::string>("manifest");
  EXPECT_EQ(response_of(send({.method = "PUT", .url = server.url(), .body = body})).status, 200);
  EXPECT_EQ(server.connections(), 2u);
  EXPECT_THAT(server.requests().back(), HasSubstr("\r\n\r\nmanifest"));
}

}  // namespace
}  // namespace purser::http
