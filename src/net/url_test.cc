#include "net/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace purser::net {
namespace {

TEST(UrlTest, KnowsItsOrigin) {
  const auto url = Url::parse("HTTPS://Registry.Example.COM/v2/?n=1");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->origin(), (Origin{"https", "registry.example.com", 443}));
  EXPECT_EQ(url->origin().str(), "https://registry.example.com");
  EXPECT_EQ(Url::parse("http://[::1]:5000/")->origin().str(), "http://[::1]:5000");
}

TEST(UrlTest, RefusesWhatIsNotAPlainHttpUrl) {
  for (const char* text :
       {"", "/v2/", "file:///etc/passwd", "ftp://h/", "http://", "http://u:p@h/", "http://u@h/",
        "http://h/a b", "http://h/a\nb", "http://good.example\\@evil.example/", "http://h:0/",
        "http://h:65536/", "http://h:x/"}) {
    EXPECT_FALSE(Url::parse(text)) << text;
  }
}

// C.1-25
TEST(UrlTest, RefusesMoreThan8KiB) {
  const std::string path(8 * 1024, 'a');
  EXPECT_FALSE(Url::parse("http://h/" + path));
  EXPECT_FALSE(Url::parse("http://h/")->resolve("/" + path));
  EXPECT_TRUE(Url::parse("http://h/" + path.substr(0, 8000)));
}

TEST(UrlTest, KnowsLoopbackByName) {
  for (const char* text : {"http://localhost/", "http://127.0.0.1:5000/", "http://127.9.8.7/",
                           "http://127.1/", "http://0x7f000001/", "http://[::1]/"}) {
    EXPECT_TRUE(Url::parse(text)->origin().is_loopback()) << text;
  }
  for (const char* text : {"http://127.0.0.1.example.com/", "http://localhost.example.com/",
                           "http://10.0.0.1/", "http://[::2]/"}) {
    EXPECT_FALSE(Url::parse(text)->origin().is_loopback()) << text;
  }
}

// RFC 3986, section 5.4, and what registries send in Location and Link.
TEST(UrlTest, ResolvesReferences) {
  const auto base = Url::parse("http://a/b/c/d?q");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d?q"},
      {"", "http://a/b/c/d?q"},
      {"../g", "http://a/b/g"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"https://x:1/y", "https://x:1/y"},
      {"/v2/_catalog?last=a%2Fb&n=3", "http://a/v2/_catalog?last=a%2Fb&n=3"},
      {"/up?_state=a%2fb==&x=%7E", "http://a/up?_state=a%2fb==&x=%7E"},
      {"/x#fragment", "http://a/x"},
  };
  for (const auto& [reference, expected] : cases) {
    const auto resolved = base->resolve(reference);
    ASSERT_TRUE(resolved) << reference;
    EXPECT_EQ(resolved->str(), expected) << reference;
  }
  EXPECT_FALSE(base->resolve("file:///etc/passwd"));
  EXPECT_FALSE(base->resolve("//user@evil/"));
}

TEST(UrlTest, AddsToAQueryWithoutTouchingIt) {
  EXPECT_EQ(Url::parse("http://h/t")->with_query("a=b"), "http://h/t?a=b");
  EXPECT_EQ(Url::parse("http://h/t?x=1,2%2f")->with_query("a=b"), "http://h/t?x=1,2%2f&a=b");
  EXPECT_EQ(Url::parse("http://h/t?")->with_query("a=b"), "http://h/t?a=b");
}

TEST(UrlTest, RedactsWhatMayBeSecret) {
  EXPECT_EQ(redacted_url("https://user:pw@h:5/p?X-Signature=s3cret&bare&n=#f"),
            "https://h:5/p?X-Signature=***&***&n=***");
  EXPECT_EQ(redacted_url("https://h/p"), "https://h/p");
  EXPECT_EQ(redacted_url("//user:pw@h/p"), "//h/p");
  EXPECT_EQ(redacted_url("/p?sig=s3cret&to=https://h/"), "/p?sig=***&to=***");
  EXPECT_EQ(redacted_url("https://h/a://b@c?d"), "https://h/a://b@c?***");
  EXPECT_EQ(redacted_url("http://a:b@c@h/\x1b[2J"), "http://h/[2J");
}

// C.1-15: user info in what somebody mistyped, or a server made up.
TEST(UrlTest, RedactsWhatStandsBeforeTheLastAtInWhatIsNoUrl) {
  EXPECT_EQ(redacted_url("https:/user:pw@h/p"), "https:/h/p");
  EXPECT_EQ(redacted_url("https:///user:pw@h"), "https:///h");
  EXPECT_EQ(redacted_url("https:\\\\user:pw@h"), "https:\\\\h");
  EXPECT_EQ(redacted_url("https://user:p/w@h"), "https://h");
  EXPECT_EQ(redacted_url("https:user:pw@h"), "h");
  EXPECT_EQ(redacted_url("user:pw@h"), "h");
  EXPECT_EQ(redacted_url("ftp://user:pw@h"), "ftp://h");
  EXPECT_EQ(redacted_url("https://user:p?w@h/p"), "https://***");
  EXPECT_EQ(redacted_url("https://user:p#w@h/p"), "https://***");
  EXPECT_EQ(redacted_url("https://user:12#w@h/p"), "https://***");
  EXPECT_EQ(redacted_url("/p?mail=a@b"), "/p?mail=***");
  EXPECT_EQ(redacted_url("https://h/p?mail=a@b"), "https://h/p?mail=***");
  EXPECT_EQ(redacted_url("/v2/a/b"), "/v2/a/b");
  EXPECT_EQ(redacted_url("nonsense"), "nonsense");
}

TEST(UrlTest, OriginTextEndsBeforeThePath) {
  EXPECT_EQ(origin_text("https://h:5/v2/?x=://y"), "https://h:5");
  EXPECT_EQ(origin_text("https://h?x"), "https://h");
  EXPECT_EQ(origin_text("https://h@evil/"), "https://h@evil");
  EXPECT_EQ(origin_text("nonsense"), "");
}

TEST(UrlTest, PercentEncodesAllButUnreserved) {
  EXPECT_EQ(percent_encode("repository:a/b:pull,push"), "repository%3Aa%2Fb%3Apull%2Cpush");
  EXPECT_EQ(percent_encode("a-._~Z9 \"\xc3\xa4"), "a-._~Z9%20%22%C3%A4");
}

}  // namespace
}  // namespace purser::net
