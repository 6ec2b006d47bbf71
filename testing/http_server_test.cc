#include "testing/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "testing/process.h"
#include "testing/proxy.h"

namespace purser::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::chrono::seconds kPatience{10};

// All that comes until the server closes the connection.
std::string exchange(std::uint16_t port, const std::string& request) {
  const Socket socket = connect_to_loopback(port);
  EXPECT_TRUE(socket.send_all(request));
  std::string all;
  for (std::string part; !(part = socket.receive(4096, kPatience)).empty();) all += part;
  return all;
}

Answer echo(const WireRequest& request) {
  return {.response = {.headers = {{{"X-Method", request.method}}}, .body = request.body}};
}

TEST(HttpServerTest, AnswersAndRecords) {
  HttpServer server(echo);
  const ProcessResult curl =
      run_or_throw({"curl", "-sS", "--noproxy", "*", "-T", "-", server.url("/a?b=c")},
                   {.stdin_text = "some bytes"});
  EXPECT_EQ(curl.out, "some bytes");
  ASSERT_EQ(server.count(), 1U);
  EXPECT_EQ(server.requests()[0].describe(), "PUT /a?b=c");
  EXPECT_EQ(server.requests()[0].query("b"), std::vector<std::string>{"c"});
  EXPECT_EQ(server.count("PUT", "/a"), 1U);
  EXPECT_EQ(server.count("GET"), 0U);
}

TEST(HttpServerTest, KeepsAConnectionForTheNextRequest) {
  HttpServer server(echo);
  const ProcessResult curl = run_or_throw(
      {"curl", "-sSv", "--noproxy", "*", server.url("/1"), server.url("/2"), server.url("/3")});
  EXPECT_EQ(server.count(), 3U);
  EXPECT_THAT(curl.err, HasSubstr("Re-using existing connection"));
}

TEST(HttpServerTest, AnswersAHeadWithALengthAndNoBody) {
  HttpServer server([](const WireRequest&) {
    return Answer{.response = {.status = 401, .headers = {{{"Content-Length", "144"}}}}};
  });
  const std::string bytes =
      exchange(server.port(), "HEAD /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(bytes, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 144\r\n\r\n");
}

TEST(HttpServerTest, CutsAnAnswerAtAnyByte) {
  const std::string whole = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    HttpServer server([&](const WireRequest&) {
      return Answer{.response = {.status = 202}, .cut_after = length};
    });
    EXPECT_EQ(exchange(server.port(), "DELETE / HTTP/1.1\r\n\r\n"), whole.substr(0, length));
  }
}

TEST(HttpServerTest, EndsWhileAClientWaits) {
  HttpServer* stalled = nullptr;
  HttpServer server([&](const WireRequest&) {
    stalled->stall();
    return Answer{};
  });
  stalled = &server;
  std::thread client([&] { exchange(server.port(), "GET / HTTP/1.1\r\n\r\n"); });
  EXPECT_TRUE(server.wait_for_stall());
  server.stop();
  client.join();
  EXPECT_FALSE(connect_to_loopback(server.port()));
}

TEST(HttpServerTest, ReadsChunkedBodies) {
  HttpServer server(echo);
  const std::string bytes =
      exchange(server.port(),
               "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
               "Connection: close\r\n\r\n4\r\nsome\r\n6;x=y\r\n bytes\r\n0\r\n"
               "\r\n");
  EXPECT_TRUE(bytes.ends_with("\r\n\r\nsome bytes")) << bytes;
}

class ProxyTest : public ::testing::Test {
 protected:
  std::string get(const std::string& target = "/x") {
    return exchange(port(), "GET " + target + " HTTP/1.1\r\nConnection: close\r\n\r\n");
  }
  std::uint16_t port() { return proxy.server().port(); }

  HttpServer upstream{[](const WireRequest& request) {
    if (request.method == "HEAD") {
      return Answer{.response = {.status = 404, .headers = {{{"Content-Length", "91"}}}}};
    }
    return Answer{.response = {.headers = {{{"WWW-Authenticate", "Basic realm=\"a, b\""},
                                            {"WWW-Authenticate", "Bearer realm=\"http://t/\""},
                                            {"link", "</next?n=1>; rel=\"next\""}}},
                               .body = "for " + request.headers.get("Host")}};
  }};
  Proxy proxy{upstream.port()};
};

TEST_F(ProxyTest, PassesHeadersThroughAsTheyAre) {
  EXPECT_EQ(exchange(port(), "GET / HTTP/1.1\r\nHost: registry:5000\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nWWW-Authenticate: Basic realm=\"a, b\"\r\n"
            "WWW-Authenticate: Bearer realm=\"http://t/\"\r\nlink: </next?n=1>; rel=\"next\"\r\n"
            "Content-Length: 17\r\n\r\nfor registry:5000");
}

TEST_F(ProxyTest, PassesAHeadWithItsLengthAndNoBody) {
  EXPECT_EQ(exchange(port(), "HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 404 Not Found\r\nContent-Length: 91\r\n\r\n");
}

TEST_F(ProxyTest, CountsByMethodAndPath) {
  get("/v2/a/tags/list");
  get("/v2/b/tags/list");
  EXPECT_EQ(proxy.server().count("GET", "/v2/a/"), 1U);
  EXPECT_EQ(proxy.server().count(), 2U);
  EXPECT_EQ(upstream.count(), 2U);
}

TEST_F(ProxyTest, AnswersInsteadOfTheServer) {
  proxy.answer({.method = "GET", .target = "^/gone"}, {.status = 404});
  EXPECT_THAT(get("/gone"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(get("/there"), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(upstream.count(), 1U);
}

TEST_F(ProxyTest, StepsInAtTheNthRequestAlone) {
  proxy.answer({.skip = 1, .times = 1}, {.status = 503});
  EXPECT_THAT(get(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get(), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(get(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ProxyTest, RunsAHookBeforeTheServerSeesTheRequest) {
  std::size_t seen_by_server = 99;
  proxy.before({.times = 1}, [&](const WireRequest&) { seen_by_server = upstream.count(); });
  get();
  EXPECT_EQ(seen_by_server, 0U);
  EXPECT_EQ(upstream.count(), 1U);
}

TEST_F(ProxyTest, RunsAHookBeforeTheClientSeesTheAnswer) {
  std::size_t seen_by_server = 0;
  proxy.after({.times = 1}, [&](const WireRequest&) { seen_by_server = upstream.count(); });
  EXPECT_THAT(get(), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(seen_by_server, 1U);
}

TEST_F(ProxyTest, LosesAnAnswerAfterTheServerActed) {
  proxy.lose_answer({.times = 1});
  EXPECT_EQ(get(), "");
  EXPECT_EQ(upstream.count(), 1U);
}

TEST_F(ProxyTest, DropsARequestBeforeTheServerSeesIt) {
  proxy.drop({.times = 1});
  EXPECT_EQ(get(), "");
  EXPECT_EQ(upstream.count(), 0U);
}

TEST_F(ProxyTest, ChangesAnAnswer) {
  proxy.change_answer({}, [](const WireRequest&, WireResponse& response) {
    response.headers = {};
    response.body = "other";
  });
  EXPECT_EQ(get(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
}

TEST_F(ProxyTest, StallsUntilItIsReleased) {
  proxy.stall({.times = 1});
  std::string answer;
  std::thread client([&] { answer = get(); });
  EXPECT_TRUE(proxy.server().wait_for_stall());
  EXPECT_EQ(upstream.count(), 0U);
  proxy.server().release_stalled();
  client.join();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(ProxyTest, SaysThatTheServerIsGone) {
  get();
  upstream.stop();
  EXPECT_THAT(get(), StartsWith("HTTP/1.1 502"));
}

}  // namespace
}  // namespace purser::testing
