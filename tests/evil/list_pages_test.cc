// Lists that lead elsewhere, never end, or are none (A-39 to A-45).
#include <fmt/format.h>

#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class EvilListTest : public EvilTest {
 protected:
  static constexpr const char* kList = "/v2/app/tags/list";

  Result<std::vector<std::string>> tags() {
    return client_of(as_alice(registry_)).tags(app_of(registry_));
  }

  EvilRegistry registry_;
};

// A-39: as servers write it, and as RFC 8288 allows.
TEST_F(EvilListTest, GoesOnByEachFormOfALink) {
  for (const char* link : {
           R"(</v2/app/tags/list?last=a>; rel="next")",
           R"(</v2/app/tags/list?last=a>;rel=next)",
           R"(</v2/app/tags/list?last=a> ; REL = "NEXT")",
           R"(<?last=a>; rel="next")",
           R"(<list?last=a>; rel="next")",
           R"(</v2/app/tags/list?last=a>; rel="foo next")",
           R"(</v2/app/tags/list?last=a>; title="a, b; rel=prev"; rel="next")",
           R"(</v2/app/tags/list?last=0>; rel="prev", </v2/app/tags/list?last=a>; rel="next")",
       }) {
    registry_.on("GET", kList, page(R"({"tags":["a"]})", link));
    registry_.on("GET", "/v2/app/tags/list?last=a", page(R"({"tags":["b"]})"));
    EXPECT_THAT(tags(), IsOkAndHolds(ElementsAre("a", "b"))) << link;
  }
  registry_.on("GET", kList,
               page(R"({"tags":["a"]})",
                    fmt::format("<{}>; rel=next", registry_.url("/v2/app/tags/list?last=a"))));
  registry_.on("GET", "/v2/app/tags/list?last=a", page(R"({"tags":["b"]})"));
  EXPECT_THAT(tags(), IsOkAndHolds(ElementsAre("a", "b")));
}

// A-39, C.1-1, C.1-4: nobody else is asked, and the part that was read is not passed off as the
// list.
TEST_F(EvilListTest, IsIncompleteWhereItLeadsElsewhere) {
  EvilRegistry other_port;
  EvilRegistry other_host({.address = "127.0.0.2", .port = registry_.port()});
  registry_.challenge_with({basic()});
  for (const std::string& target :
       {other_port.url(kList), other_host.url(kList), "//" + other_port.host() + kList,
        std::string("http://169.254.169.254/latest/meta-data"),
        std::string("https://registry.example.com/v2/app/tags/list"),
        std::string("http://[::ffff:169.254.169.254]/"), std::string("file:///etc/passwd"),
        std::string("unix:/run/docker.sock"), std::string("javascript:alert(1)"),
        fmt::format("http://alice:x@{}{}", registry_.host(), kList)}) {
    registry_.on("GET", kList, page(R"({"tags":["a"]})", "<" + target + ">; rel=\"next\""));
    EXPECT_THAT(tags(), HasError(ErrorCode::incomplete)) << target;
    EXPECT_THAT(purser_as_alice({"tags", registry_.host() + "/app"}),
                Fails(1, HasSubstr("not known to be whole")))
        << target;
  }
  EXPECT_EQ(other_port.contacts() + other_host.contacts(), 0U);
}

// A-39
TEST_F(EvilListTest, IsIncompleteWhereItsLinkCannotBeRead) {
  for (const char* link : {"</v2/app/tags/list?last=a", "/v2/app/tags/list?last=a; rel=next",
                           "<http://[::1/v2/>; rel=next", "<http://a b/>; rel=next"}) {
    registry_.on("GET", kList, page(R"({"tags":["a"]})", link));
    const auto list = tags();
    ASSERT_FALSE(list) << link;
    EXPECT_EQ(list.error().code, ErrorCode::incomplete) << link;
  }
}

// A-40, C.1-8: in a circle of three, and one that brings nothing new however often it is asked.
TEST_F(EvilListTest, EndsWhereItGoesInACircle) {
  registry_.on("GET", "/v2/_catalog", page(R"({"repositories":["a"]})", "<?p=1>; rel=next"));
  registry_.on("GET", "/v2/_catalog?p=1", page(R"({"repositories":["b"]})", "<?p=2>; rel=next"));
  registry_.on("GET", "/v2/_catalog?p=2", page(R"({"repositories":["c"]})", "<?p=1>; rel=next"));
  EXPECT_THAT(client_of(anonymous(registry_)).catalog(),
              HasError(ErrorCode::incomplete, HasSubstr("back to a page")));
  std::size_t count = 0;
  registry_.on("GET", kList, [&](const WireRequest&) {
    return page(R"({"tags":["same"]})", fmt::format("<?p={}>; rel=next", ++count));
  });
  EXPECT_THAT(tags(), HasError(ErrorCode::incomplete, HasSubstr("nothing new")));
  EXPECT_EQ(count, 2U);
}

// A-41, C.1-13: no prefix of it, no guess at it.
TEST_F(EvilListTest, IsAnErrorWhereItIsNoJson) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& body : std::vector<std::string>{
           "", "<html>", R"({"tags":["a"],)", R"({"tags":["a"]} x)", R"({"tags":["a"],"tags":[]})",
           "\xEF\xBB\xBF{\"tags\":[\"a\"]}", "{\"tags\":[\"a\xff\"]}", R"({"tags":["\ud800"]})",
           R"({"tags":["a"],"n":1e999})", R"({"tags":)" + deep + "}", R"({"tags":"a"})", "null"}) {
    registry_.on("GET", kList, page(body));
    EXPECT_THAT(tags(), HasError(ErrorCode::bad_response)) << body.substr(0, 40);
  }
}

// A-3, A-41, C.1-9, C.1-24: what is no tag is left out and said, and is never asked for or printed
// as it came.
TEST_F(EvilListTest, LeavesOutWhatIsNoName) {
  registry_.on("GET", kList,
               page(R"({"tags":["v1",null,7,["x"],"-rf","latest@sha256:00","../../../etc/passwd",)"
                    R"("a\u0000b","a\r\nb","\u001b[2J","\u202egnp.exe"]})"));
  const ProcessResult result = purser_({"tags", registry_.host() + "/app", "--long"});
  EXPECT_THAT(result.out, AllOf(HasSubstr("v1"), Not(HasSubstr("-rf"))));
  EXPECT_THAT(result.err, AllOf(HasSubstr("no valid name"), Not(HasSubstr("\x1b")),
                                Not(HasSubstr("\r")), Not(HasSubstr("\u202e"))));
  for (const WireRequest& request : registry_.requests()) {
    EXPECT_THAT(request.target, ::testing::AnyOf(::testing::StartsWith(kList),
                                                 ::testing::StartsWith("/v2/app/manifests/v1")));
  }
}

// A-42
TEST_F(EvilListTest, IsWholeWhateverTheServerMakesOfThePageSize) {
  registry_.on("GET", kList, [](const WireRequest& request) {
    if (request.target.ends_with("n=100")) return page(R"({"tags":["a","b"]})");
    return error_answer(400, "PAGINATION_NUMBER_INVALID", "n is too large");
  });
  EXPECT_THAT(tags(), IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ(registry_.count(), 2U);
}

// A-43
TEST_F(EvilListTest, IsLookedAtOnceMoreWhereAFullPageHasNoLink) {
  const auto body = [](int first) {
    std::string names;
    for (int i = first; i < first + 2; ++i)
      names += fmt::format("{}\"r{}\"", i == first ? "" : ",", i);
    return fmt::format("{{\"repositories\":[{}]}}", names);
  };
  registry_.on("GET", "/v2/_catalog?n=2", page(body(1)));
  registry_.on("GET", "/v2/_catalog?n=2&last=r2", page(R"({"repositories":["r3"]})"));
  EXPECT_THAT(purser_({"catalog", registry_.host(), "--page-size", "2"}), Answers("r1\nr2\nr3\n"));
}

// A-44: of all that is decided on a list, a deletion most of all.
TEST_F(EvilListTest, IsNoBasisForADeletionUnlessItIsWhole) {
  registry_.on("GET", "/v2/app/manifests/", manifest_answer(image_));
  registry_.on("HEAD", "/v2/app/manifests/", manifest_answer(image_));
  registry_.on("GET", kList,
               page(R"({"tags":["v1"]})", "<http://127.0.0.2:1/v2/app/tags/list>; rel=next"));
  const ProcessResult prune = purser_({"prune", registry_.host() + "/app", "--keep", "app:none",
                                       "--allow-missing", "--allow-empty", "--yes"});
  EXPECT_THAT(prune.exit_code, ::testing::AnyOf(1, 3, 7)) << prune.describe();
  EXPECT_FALSE(purser_({"delete", registry_.host() + "/app:v1"}).ok());
  EXPECT_EQ(registry_.count("DELETE") + registry_.count("PUT"), 0U);
}

// A-45
TEST_F(EvilListTest, OfTheCatalogIsUnsupportedAndNotEmptyWhereItIsDenied) {
  for (const int status : {401, 403, 404, 405}) {
    registry_.on("GET", "/v2/_catalog", error_answer(status, "UNSUPPORTED", "not here"));
    const ProcessResult result = purser_({"catalog", registry_.host()});
    EXPECT_FALSE(result.ok()) << status;
    EXPECT_THAT(result.err, HasSubstr("catalog")) << status;
  }
  registry_.on("GET", "/v2/_catalog", page(R"({"repositories":[]})"));
  EXPECT_THAT(purser_({"catalog", registry_.host()}), Answers(""));
}

// C.1-5: 16 MiB are a page at most, whether announced or not.
TEST_F(EvilListTest, IsNoLongerReadThanAPageMayBe) {
  const std::string endless = R"({"tags":[")" + std::string(17 * 1024 * 1024, 'a');
  registry_.on("GET", kList, page(endless));
  EXPECT_THAT(tags(), HasError(ErrorCode::too_large));
  registry_.on("GET", kList, json_answer(200, endless, {{"Transfer-Encoding", "chunked"}}));
  EXPECT_THAT(tags(), HasError(ErrorCode::too_large));
}

}  // namespace
}  // namespace purser::testing
