#include "net/curl_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <variant>
#include <vector>

#include "purser/transport.h"

namespace purser::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

http::Failure failure_through(const char* proxy) {
  EXPECT_EQ(setenv("https_proxy", proxy, 1), 0);
  const auto transport = http::curl_transport({});
  const auto queue = std::make_shared<http::CompletionQueue>();
  transport->start(http::Transport::next_id(), {.url = "https://r.test/v2/"}, queue);
  std::vector<http::Completion> done;
  while ((done = queue->take()).empty()) {
    queue->wait_until(std::chrono::steady_clock::time_point::max());
  }
  unsetenv("https_proxy");
  const auto* failure = std::get_if<http::Failure>(&done.front().outcome);
  return failure == nullptr ? http::Failure{} : *failure;
}

// C.1-15: libcurl quotes the URL of a proxy that it cannot use, as it stands in the environment.
TEST(CurlFailureTest, TheUrlOfAProxyIsNotShown) {
  for (const char* proxy : {"http://user:s3cret#pw@proxy.test:31", "ftp://user:s3cret@proxy.test",
                            "http://user:s3cret/pw@proxy.test:31"}) {
    const auto failure = failure_through(proxy);
    EXPECT_EQ(failure.kind, http::Failure::Kind::invalid);
    EXPECT_EQ(failure.message, "the URL of the proxy for r.test cannot be used");
    EXPECT_THAT(failure.hint, HasSubstr("https_proxy"));
    EXPECT_THAT(failure.hint, Not(HasSubstr("s3cret")));
  }
}

// C.1-15: all of libcurl's sentences that do.
TEST(CurlFailureTest, NoSentenceOfLibcurlAboutAProxyIsQuoted) {
  const Origin origin{"https", "r.test", 443};
  for (const char* text :
       {"Unsupported proxy scheme for 'x://u:s3cret@h'", "Unsupported proxy syntax in 'u:s3cret@h'",
        "Unsupported proxy 'https://u:s3cret@h', libcurl is built without the HTTPS-proxy "
        "support."}) {
    for (const CURLcode code :
         {CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY, CURLE_NOT_BUILT_IN}) {
      EXPECT_EQ(failure_of(code, text, origin, nullptr).message,
                "the URL of the proxy for r.test cannot be used");
    }
  }
}

}  // namespace
}  // namespace purser::net
