#include "purser/reference.h"

#include <gmock/gmock.h>

#include <random>

#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kHex64 = std::string(32, 'a') + std::string(32, '7');
const std::string kSha256 = "sha256:" + kHex64;
const std::string kSha512 = "sha512:" + kHex64 + kHex64;

struct Row {
  std::string text;
  std::string registry;
  std::string path;
  std::string tag = {};     // empty: none
  std::string digest = {};  // empty: none
};

// The rows of protocol table A.1 that parse, in its order.
std::vector<Row> valid_rows() {
  return {
      {"ubuntu", "docker.io", "library/ubuntu"},
      {"library/ubuntu", "docker.io", "library/ubuntu"},
      {"docker.io/ubuntu", "docker.io", "library/ubuntu"},
      {"index.docker.io/ubuntu", "docker.io", "library/ubuntu"},
      {"docker.io/library/ubuntu", "docker.io", "library/ubuntu"},
      {"registry-1.docker.io/library/ubuntu", "registry-1.docker.io", "library/ubuntu"},
      {"registry-1.docker.io/ubuntu", "registry-1.docker.io", "ubuntu"},
      {"Docker.io/ubuntu", "docker.io", "library/ubuntu"},
      {"docker.io:443/ubuntu", "docker.io:443", "ubuntu"},
      {"foo/bar", "docker.io", "foo/bar"},
      {"foo/bar/baz:1", "docker.io", "foo/bar/baz", "1"},
      {"myhost/x", "docker.io", "myhost/x"},
      {"1", "docker.io", "library/1"},
      {"a/1", "docker.io", "a/1"},
      {"localhost/x", "localhost", "x"},
      {"localhost:5000/x", "localhost:5000", "x"},
      {"localhost", "docker.io", "library/localhost"},
      {"example.com", "docker.io", "library/example.com"},
      {"localhost:5000", "docker.io", "library/localhost", "5000"},
      {"myhost:5000", "docker.io", "library/myhost", "5000"},
      {"192.168.0.1:5000", "docker.io", "library/192.168.0.1", "5000"},
      {"LOCALHOST/x", "localhost", "x"},
      {"Foo/bar", "foo", "bar"},
      {"Example.COM/x", "example.com", "x"},
      {"[::1]/x", "[::1]", "x"},
      {"[::1]:5000/x:t", "[::1]:5000", "x", "t"},
      {"[FE80::A]/x", "[fe80::a]", "x"},
      {"host:65535/x", "host:65535", "x"},
      {"host:1/x", "host:1", "x"},
      {"host:0080/x", "host:80", "x"},
      {"xn--n3h.com/x", "xn--n3h.com", "x"},
      {"x:_a", "docker.io", "library/x", "_a"},
      {"x:Tag_1.0-a", "docker.io", "library/x", "Tag_1.0-a"},
      {"x:" + std::string(128, 't'), "docker.io", "library/x", std::string(128, 't')},
      {"x@" + kSha256, "docker.io", "library/x", "", kSha256},
      {"x:t@" + kSha256, "docker.io", "library/x", "t", kSha256},
      {"x@" + kSha512, "docker.io", "library/x", "", kSha512},
      {"localhost:5000@" + kSha256, "docker.io", "library/localhost", "5000", kSha256},
      {"a__b", "docker.io", "library/a__b"},
      {"a--b", "docker.io", "library/a--b"},
      {"a-----b", "docker.io", "library/a-----b"},
      {"oci:x", "docker.io", "library/oci", "x"},
      {kHex64 + ":t", "docker.io", "library/" + kHex64, "t"},
      {"docker.io/" + kHex64, "docker.io", "library/" + kHex64},
      {"h.io/" + std::string(255, 'a'), "h.io", std::string(255, 'a')},
      {std::string(247, 'a'), "docker.io", "library/" + std::string(247, 'a')},
  };
}

// The rows of A.1 that do not.
std::vector<std::string> invalid_rows() {
  return {
      "foo/Bar",
      "Ubuntu",
      "[fe80::1%25eth0]/x",
      "[::ffff:1.2.3.4]/x",
      "::1/x",
      "[::1]",
      "[::1]:5000",
      "[]/x",
      "[:]/x",
      "[::1/x",
      "[::1]5000/x",
      "host:99999/x",
      "host:0/x",
      "host:65536/x",
      "host:/x",
      "host:5a/x",
      "host:5:6/x",
      "myhost.:5000/x",
      "ex_ample.com/x",
      "-a.com/x",
      "a-.com/x",
      "b\xC3\xBC"
      "cher.de/x",
      "x:" + std::string(129, 't'),
      "x:.a",
      "x:-a",
      "x:t:u",
      "x:v1+build",
      "x:",
      "x@",
      ":t",
      "x@SHA256:" + kHex64,
      "x@sha256:" + std::string(64, 'A'),
      "x@" + kSha256.substr(0, 70),
      "x@sha256:" + std::string(63, 'a') + "g",
      "x@sha1:" + std::string(40, 'a'),
      "x@md5:" + std::string(32, 'a'),
      "@d:t",
      "@@",
      "x@" + kSha256 + "@" + kSha256,
      "x@" + kSha256 + ":t",
      "@" + kSha256,
      "a___b",
      "a..b/c",
      "x/a..b",
      "a._b",
      "a-_b",
      ".a",
      "a.",
      "_a",
      "a_",
      "-a",
      "a-",
      "a//b",
      "/a",
      "a/",
      "/",
      "a/../b",
      "a/./b",
      "../a",
      "./a",
      "a%2fb",
      " ",
      "a b",
      "\n",
      "a\n",
      "\na",
      "",
      "http://h/x",
      "https://h/x",
      "HTTP://h/x",
      "docker://x",
      "docker://h.io/x",
      kHex64,
      "h.io/" + std::string(256, 'a'),
      std::string(248, 'a'),
      "a:5000/b:6000/c",
      "user@host.io/x",
      "user:pw@host.io/x",
  };
}

// A-1: every row of A.1 parses as stated.
TEST(Reference, ParsesEachValidRowAsTheGrammarSays) {
  for (const Row& row : valid_rows()) {
    SCOPED_TRACE(row.text);
    const auto reference = Reference::parse(row.text);
    ASSERT_THAT(reference, IsOk());
    EXPECT_EQ(reference->repository().registry(), row.registry);
    EXPECT_EQ(reference->repository().path(), row.path);
    EXPECT_EQ(reference->tag().value_or(""), row.tag);
    EXPECT_EQ(reference->digest() ? reference->digest()->str() : "", row.digest);
  }
}

TEST(Reference, RejectsEachInvalidRow) {
  for (const std::string& text : invalid_rows()) {
    EXPECT_THAT(Reference::parse(text), HasError(ErrorCode::invalid_argument, Not(IsEmpty())))
        << text;
  }
}

// A-1: parse(to_string(parse(x))) == parse(x).
TEST(Reference, IsTheSameAfterPrintingAndParsing) {
  for (const Row& row : valid_rows()) {
    SCOPED_TRACE(row.text);
    const auto reference = Reference::parse(row.text);
    ASSERT_THAT(reference, IsOk());
    const auto again = Reference::parse(reference->str());
    ASSERT_THAT(again, IsOk()) << reference->str();
    EXPECT_EQ(*again, *reference) << reference->str();
  }
}

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }
  std::string word(std::string_view letters, std::size_t max) {
    std::string out;
    for (std::size_t n = 1 + below(max); n > 0; --n) out += letters[below(letters.size())];
    return out;
  }
  std::string host() {
    constexpr std::string_view kLetters = "abcXYZ019";
    std::string host = word(kLetters, 6);
    for (std::size_t n = below(3); n > 0; --n) host += "." + word(kLetters, 4);
    if (below(2) == 0) host += ":" + std::to_string(1 + below(65535));
    return host;
  }
  std::string path() {
    constexpr std::string_view kLetters = "az09";
    static constexpr const char* kJoints[] = {"/", ".", "_", "__", "-", "---", "/", "/"};
    std::string path = word(kLetters, 5);
    for (std::size_t n = below(6); n > 0; --n) path += kJoints[below(8)] + word(kLetters, 5);
    return path;
  }
  std::string reference() {
    std::string text = path();
    // Without a host, a first component with a dot would be taken for one.
    text = (below(3) != 0 ? host() : word("az09", 5)) + "/" + text;
    if (below(2) == 0) text += ":" + word("aZ09_", 1) + word("aZ09_.-", 20);
    if (below(3) == 0) text += "@sha256:" + Digest::of(text).str().substr(7);
    return text;
  }

 private:
  std::mt19937 random_;
};

// A-1 as a property. Each text is made by the grammar, so each one must parse.
TEST(Reference, IsTheSameAfterPrintingAndParsingForGeneratedReferences) {
  Generator generator(20250101);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = generator.reference();
    SCOPED_TRACE(text);
    const auto reference = Reference::parse(text);
    ASSERT_THAT(reference, IsOk());
    const auto again = Reference::parse(reference->str());
    ASSERT_THAT(again, IsOk()) << reference->str();
    ASSERT_EQ(*again, *reference) << reference->str();
  }
}

// Whatever arrives, the answer is a value or an error: a reference made wrong by one byte either
// is refused or prints and parses to itself.
TEST(Reference, SurvivesHostileInput) {
  Generator generator(7);
  for (int i = 0; i < 5000; ++i) {
    std::string text = generator.reference();
    text[generator.below(text.size())] = static_cast<char>(generator.below(256));
    const auto reference = Reference::parse(text);
    if (reference) {
      ASSERT_EQ(*Reference::parse(reference->str()), *reference);
    }
  }
  for (const char c : {'a', '/', ':', '@', '[', '.', '\0', '\n', '\xFF'}) {
    const std::string megabyte(1 << 20, c);
    const auto reference = Reference::parse(megabyte);
    ASSERT_THAT(reference, HasError(ErrorCode::invalid_argument));
    EXPECT_LT(to_string(reference.error()).size(), 1000u);
    EXPECT_THAT(Repository::of("h.io", megabyte), HasError(ErrorCode::invalid_argument));
    EXPECT_THAT(Repository::of(megabyte, "x"), HasError(ErrorCode::invalid_argument));
  }
  using namespace std::string_view_literals;
  EXPECT_THAT(Reference::parse("app\0:v1"sv), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(Reference::parse("app:v1\0"sv), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(Reference::parse("app:v1\r\nX: y"), HasError(ErrorCode::invalid_argument));
}

TEST(Reference, HintsAtKnownMistakes) {
  const auto hint = [](std::string_view text) {
    const auto reference = Reference::parse(text);
    return reference ? "(it parsed)" : reference.error().hint;
  };
  EXPECT_THAT(hint("docker://h.io/x"), HasSubstr("without docker://"));
  EXPECT_THAT(hint("http://h.io/x"), HasSubstr("--plain-http"));
  EXPECT_THAT(hint("h.io/Team/App"), HasSubstr("team/app"));
  EXPECT_THAT(hint("[::1]"), HasSubstr("[::1]/NAME"));
  EXPECT_THAT(hint("::1/x"), HasSubstr("[::1]"));
  EXPECT_THAT(hint("x:v1+build"), HasSubstr("'_'"));
  EXPECT_THAT(hint(kHex64), HasSubstr("NAME@sha256:" + kHex64));
  EXPECT_THAT(hint("b\xC3\xBC"
                   "cher.de/x"),
              HasSubstr("xn--"));
}

TEST(Reference, ErrorNamesWhatWasParsed) {
  const auto reference = Reference::parse("foo/Bar");
  ASSERT_THAT(reference, HasError(ErrorCode::invalid_argument, HasSubstr("lower case")));
  EXPECT_EQ(to_string(reference.error()),
            "cannot parse the reference foo/Bar: its repository path must be lower case. Did you "
            "mean foo/bar?");
}

TEST(Reference, ErrorShowsNoPassword) {
  for (const char* text :
       {"user:s3cret@host.io/x", "https://user:s3cret@host.io/x", "user:s3cret@host.io",
        "user:s3cret/@host.io", "user:s3cret@://h", "https://user:s3cret@host.io",
        "user:s3cret@host.io/x@sha256:1", "user:s3cret@host.io/x Y", "@s3cret@host.io/"}) {
    for (const Error& error :
         {Reference::parse(text).error(), Repository::parse(text).error(),
          RegistryName::parse(text).error(), Repository::of(text, "x").error()}) {
      EXPECT_THAT(to_string(error), Not(HasSubstr("s3cret"))) << text;
    }
  }
}

// A-2: with both, the digest decides and the tag informs; neither is dropped.
TEST(Reference, TargetsTheDigestBeforeTheTagBeforeLatest) {
  const auto both = Reference::parse("h.io/x:t@" + kSha256);
  EXPECT_EQ(both->target(), kSha256);
  EXPECT_EQ(both->tag(), "t");
  EXPECT_EQ(Reference::parse("h.io/x:t")->target(), "t");
  const auto neither = Reference::parse("h.io/x");
  EXPECT_EQ(neither->target(), "latest");
  EXPECT_EQ(neither->tag(), std::nullopt);
  EXPECT_EQ(neither->str(), "h.io/x");
}

TEST(Reference, IsMadeFromParts) {
  const Repository repository = *Repository::of("h.io", "team/app");
  EXPECT_EQ(Reference::with_tag(repository, "v1")->str(), "h.io/team/app:v1");
  EXPECT_EQ(Reference::with_digest(repository, *Digest::parse(kSha256)).str(),
            "h.io/team/app@" + kSha256);
  // A-3: a tag from a server is checked before it gets near a URL.
  for (const char* tag : {"", "..", "a/b", "a?b", "-rf", "a b", "sha256:a", "v\n"}) {
    EXPECT_THAT(Reference::with_tag(repository, tag), HasError(ErrorCode::invalid_argument)) << tag;
  }
}

TEST(Repository, RejectsATagOrADigest) {
  EXPECT_THAT(Repository::parse("h.io/x:t"),
              HasError(ErrorCode::invalid_argument, HasSubstr("a tag follows")));
  EXPECT_THAT(Repository::parse("h.io/x@" + kSha256),
              HasError(ErrorCode::invalid_argument, HasSubstr("a digest follows")));
  const auto registry = Repository::parse("localhost:5000");
  ASSERT_THAT(registry, HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(registry.error().hint, HasSubstr("localhost:5000/NAME"));
}

TEST(Repository, ParsesShortNamesOfDockerHub) {
  EXPECT_EQ(Repository::parse("ubuntu")->str(), "docker.io/library/ubuntu");
  EXPECT_EQ(Repository::parse("index.docker.io/team/app")->str(), "docker.io/team/app");
}

TEST(Repository, OfPartsHasNoDockerHubDefaults) {
  const auto repository = Repository::of("localhost:5000", "ubuntu");
  ASSERT_THAT(repository, IsOk());
  EXPECT_EQ(repository->registry(), "localhost:5000");
  EXPECT_EQ(repository->path(), "ubuntu");
  EXPECT_EQ(Repository::of("https://Index.Docker.io/", "a/b")->registry(), "docker.io");
  for (const char* path : {"", "/", "a/", "/a", "A", "a:t", "a@b", "../a", "a/../../b", "a b"}) {
    EXPECT_THAT(Repository::of("h.io", path), HasError(ErrorCode::invalid_argument)) << path;
  }
}

// A host of one label would parse as a part of a path on Docker Hub: another registry altogether.
TEST(Repository, PrintsAHostOfOneLabelSoThatItStaysAHost) {
  const auto repository = Repository::of("myhost", "team/app");
  ASSERT_THAT(repository, IsOk());
  EXPECT_EQ(repository->registry(), "myhost");
  EXPECT_EQ(repository->str(), "MYHOST/team/app");
  EXPECT_EQ(*Repository::parse(repository->str()), *repository);
  EXPECT_EQ(Repository::of("localhost", "x")->str(), "localhost/x");
}

TEST(Repository, SplitsNamespaceAndImage) {
  EXPECT_EQ(Repository::of("h.io", "a/b/c")->name_space(), "a/b");
  EXPECT_EQ(Repository::of("h.io", "a/b/c")->image(), "c");
  EXPECT_EQ(Repository::of("h.io", "c")->name_space(), "");
  EXPECT_EQ(Repository::of("h.io", "c")->image(), "c");
}

}  // namespace
}  // namespace purser
