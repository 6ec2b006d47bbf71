// Proxies, by the program: who is reached through one, and what a proxy is told.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "testing/certificates.h"
#include "testing/forward_proxy.h"
#include "testing/http_server.h"
#include "testing/tls_front.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Arguments = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

// registry.test exists behind the proxy alone, unless --resolve says where it is. It asks for the
// password of alice.
class ProxyTest : public ::testing::Test {
 protected:
  ProxyTest() { ca_ = purser_.home().write("ca.pem", authority_.certificate_pem()).string(); }

  static Answer answer(const WireRequest& request) {
    if (!request.headers.has("Authorization")) {
      return {.response = {.status = 401,
                           .headers = {{{"WWW-Authenticate", "Basic realm=\"registry\""}}}}};
    }
    return {.response = {.body = R"({"repositories":["app"]})"}};
  }
  std::string secure() const { return "registry.test:" + std::to_string(front_.port()); }
  std::string plain() const { return "registry.test:" + std::to_string(server_.port()); }
  // By which proxies it goes is all that the runs differ in.
  ProcessResult catalog(const std::string& registry, const Environment& environment,
                        const Arguments& more = {}) const {
    Arguments arguments = {"catalog", registry, "-u", "alice", "--password-stdin"};
    if (registry == plain()) {
      arguments.emplace_back("--plain-http");
    } else {
      arguments.insert(arguments.end(), {"--ca-file", ca_});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    ProcessOptions options = purser_.options();
    options.stdin_text = "s3cret";
    for (const auto& [name, value] : environment) {
      options.environment[name] = value;
      std::erase(options.unset, name);
    }
    return run(purser_.command(arguments), options);
  }
  // The way without a proxy.
  static Arguments found(const std::string& registry) {
    return {"--resolve", registry + ":127.0.0.1"};
  }

  const CertificateAuthority authority_;
  HttpServer server_{&answer};
  const TlsFront front_{server_.port(), authority_.issue({.host = "registry.test"})};
  Program purser_;
  std::string ca_;
};

// A-100, C.1-21: nothing that is the registry's is in CONNECT.
TEST_F(ProxyTest, HttpsGoesThroughATunnel) {
  for (const std::string variable : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const ForwardProxy proxy(front_.port());
    EXPECT_THAT(catalog(secure(), {{variable, proxy.url()}}), Answers("app\n")) << variable;
    ASSERT_THAT(proxy.requests(), Not(IsEmpty())) << variable;
    for (const WireRequest& request : proxy.requests()) {
      EXPECT_EQ(request.describe(), "CONNECT " + secure());
      EXPECT_FALSE(request.headers.has("Authorization"));
      EXPECT_FALSE(request.headers.has("Proxy-Authorization"));
    }
  }
}

TEST_F(ProxyTest, TheNamedProxyTakesThePlaceOfTheEnvironments) {
  const ForwardProxy proxy(front_.port());
  const ForwardProxy other(front_.port());
  EXPECT_THAT(catalog(secure(), {{"https_proxy", other.url()}}, {"--proxy", proxy.url()}),
              Answers("app\n"));
  EXPECT_THAT(proxy.requests(), Not(IsEmpty()));
  EXPECT_THAT(other.requests(), IsEmpty());
}

// C.1-21: the registry's password is no password of the proxy, and nothing tells a proxy whose
// content is wanted (ns=).
TEST_F(ProxyTest, PlainHttpTellsTheProxyNoMoreThanTheRegistry) {
  const ForwardProxy proxy(server_.port());
  EXPECT_THAT(catalog(plain(), {{"http_proxy", proxy.url()}}), Answers("app\n"));
  ASSERT_THAT(proxy.requests(), Not(IsEmpty()));
  for (const WireRequest& request : proxy.requests()) {
    EXPECT_THAT(request.describe(), HasSubstr("GET http://" + plain() + "/v2/"));
    EXPECT_THAT(request.target, Not(HasSubstr("ns=")));
    for (const auto& [name, value] : request.headers.fields) {
      EXPECT_THAT(name, Not(::testing::StartsWith("Proxy-Auth")));
    }
  }
}

// C.1-21: and the proxy's password is none of the registry's.
TEST_F(ProxyTest, TheProxysUserIsForTheProxyAlone) {
  const ForwardProxy tunnel(front_.port(), {.user = "bob:pr0xypass"});
  const ProcessResult secure_run =
      catalog(secure(), {{"https_proxy", tunnel.url("bob:pr0xypass")}}, {"-vv"});
  EXPECT_EQ(secure_run.out, "app\n") << secure_run.describe();
  const ForwardProxy forward(server_.port(), {.user = "bob:pr0xypass"});
  const ProcessResult plain_run =
      catalog(plain(), {{"http_proxy", forward.url("bob:pr0xypass")}}, {"-vv"});
  EXPECT_EQ(plain_run.out, "app\n") << plain_run.describe();
  for (const WireRequest& request : tunnel.requests()) {
    EXPECT_TRUE(request.headers.has("Proxy-Authorization"));
    EXPECT_FALSE(request.headers.has("Authorization"));
  }
  ASSERT_GE(server_.count(), 4U);
  for (const WireRequest& request : server_.requests()) {
    EXPECT_FALSE(request.headers.has("Proxy-Authorization"));
    const std::string given = request.headers.get("Authorization");
    if (!given.empty()) {
      EXPECT_EQ(base64_decode(given.substr(6)), "alice:s3cret");
    }
  }
  for (const ProcessResult& result : {secure_run, plain_run}) {
    EXPECT_THAT(result.err, AllOf(Not(HasSubstr("pr0xypass")), Not(HasSubstr("bob"))));
  }
}

// A-100: the first is the environment of a user, the second that of a CGI program, where HTTP_PROXY
// is the header "Proxy:" of whoever sent the request.
TEST_F(ProxyTest, HttpProxyInCapitalsCountsButNotInACgiProgram) {
  const ForwardProxy proxy(server_.port());
  EXPECT_THAT(catalog(plain(), {{"HTTP_PROXY", proxy.url()}}), Answers("app\n"));
  const std::size_t asked = proxy.requests().size();
  EXPECT_GE(asked, 1U);
  EXPECT_THAT(
      catalog(plain(), {{"HTTP_PROXY", proxy.url()}, {"REQUEST_METHOD", "GET"}}, found(plain())),
      Answers("app\n"));
  EXPECT_EQ(proxy.requests().size(), asked);
}

// A-100: hosts, domains, ports and address ranges.
TEST_F(ProxyTest, NoProxyNamesWhatIsReachedWithoutOne) {
  const ForwardProxy proxy(front_.port());
  const std::string port = std::to_string(front_.port());
  const std::vector<std::string> lists = {"registry.test", "a.b,.test", "test", "*",
                                          "registry.test:" + port};
  for (const std::string& list : lists) {
    for (const std::string variable : {"no_proxy", "NO_PROXY"}) {
      EXPECT_THAT(
          catalog(secure(), {{"https_proxy", proxy.url()}, {variable, list}}, found(secure())),
          Answers("app\n"))
          << variable << "=" << list;
    }
  }
  EXPECT_THAT(proxy.requests(), IsEmpty());
  for (const std::string list : {"registry.test:1", "istry.test", "other.test", ""}) {
    const std::size_t before = proxy.requests().size();
    EXPECT_THAT(
        catalog(secure(), {{"https_proxy", proxy.url()}, {"no_proxy", list}}, found(secure())),
        Answers("app\n"))
        << list;
    EXPECT_GT(proxy.requests().size(), before) << list;
  }
}

// A-100
TEST_F(ProxyTest, NoProxyKnowsRangesOfAddresses) {
  const ForwardProxy proxy(server_.port());
  const std::string registry = "10.9.8.7:" + std::to_string(server_.port());
  const auto ask = [&](const std::string& list) {
    ProcessOptions options = purser_.options();
    options.environment["http_proxy"] = proxy.url();
    options.environment["no_proxy"] = list;
    std::erase(options.unset, "http_proxy");
    std::erase(options.unset, "no_proxy");
    return run(
        purser_.command({"ping", registry, "--plain-http", "--resolve", registry + ":127.0.0.1"}),
        options);
  };
  EXPECT_THAT(ask("10.0.0.0/8").out, HasSubstr("401"));  // of the registry itself
  EXPECT_THAT(proxy.requests(), IsEmpty());
  EXPECT_THAT(ask("11.0.0.0/8").out, HasSubstr("401"));
  EXPECT_THAT(proxy.requests(), Not(IsEmpty()));
}

// A-5: plain http to this machine is allowed because it stays on this machine.
TEST_F(ProxyTest, LoopbackIsNeverProxied) {
  const ForwardProxy proxy(server_.port());
  const std::string port = std::to_string(server_.port());
  const Environment all = {
      {"http_proxy", proxy.url()}, {"https_proxy", proxy.url()}, {"all_proxy", proxy.url()}};
  for (const std::string host : {"localhost:", "127.0.0.1:"}) {
    EXPECT_THAT(catalog(host + port, all, {"--proxy", proxy.url()}).exit_code, 6)
        << "--ca-file makes it https, and the server has none";
    ProcessOptions options = purser_.options();
    options.stdin_text = "s3cret";
    for (const auto& [name, value] : all) {
      options.environment[name] = value;
      std::erase(options.unset, name);
    }
    EXPECT_THAT(
        run(purser_.command({"catalog", host + port, "-u", "alice", "--password-stdin"}), options),
        Answers("app\n"));
  }
  EXPECT_THAT(proxy.requests(), IsEmpty());
}

// A-9, A-89: what a proxy forbids is not asked for again.
TEST_F(ProxyTest, SaysWhatTheProxyRefused) {
  const ForwardProxy with_user(front_.port(), {.user = "bob:pr0xypass"});
  EXPECT_THAT(catalog(secure(), {{"https_proxy", with_user.url("bob:wr0ng")}}),
              Fails(6, AllOf(HasSubstr("the proxy answered 407"), HasSubstr("USER:PASSWORD@"),
                             Not(HasSubstr("wr0ng")))));
  const ForwardProxy plain_too(server_.port(), {.user = "bob:pr0xypass"});
  EXPECT_THAT(catalog(plain(), {{"http_proxy", plain_too.url()}}),
              Fails(6, AllOf(HasSubstr("a proxy answered 407"), HasSubstr("USER:PASSWORD@"))));
  const ForwardProxy forbids(front_.port(), {.refusal = 403});
  EXPECT_THAT(catalog(secure(), {{"https_proxy", forbids.url()}}),
              Fails(6, AllOf(HasSubstr("the proxy answered 403"), HasSubstr("NO_PROXY"))));
  EXPECT_EQ(forbids.requests().size(), 1U);
  EXPECT_EQ(server_.count(), 0U);
}

// A-9
TEST_F(ProxyTest, TellsAProxyThatIsDownFromARegistryThatIs) {
  const std::string nobody = std::to_string(free_port());
  EXPECT_THAT(catalog(secure(), {{"https_proxy", "http://bob:pr0xypass@127.0.0.1:" + nobody}}),
              Fails(6, AllOf(HasSubstr("the proxy for registry.test cannot be reached"),
                             HasSubstr("https_proxy"), Not(HasSubstr("pr0xypass")))));
  EXPECT_THAT(catalog(secure(), {}, {"--proxy", "no proxy at all"}),
              Fails(2, HasSubstr("the proxy's URL cannot be read")));
  EXPECT_THAT(catalog(secure(), {}, {"--proxy", "http://bob:pr0xypass@127.0.0.1:" + nobody}),
              Fails(2, AllOf(HasSubstr("--proxy takes no user"), Not(HasSubstr("pr0xypass")))));
}

}  // namespace
}  // namespace purser::testing
