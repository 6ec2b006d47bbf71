// The catalog and tag lists (A-39 to A-45).
#include <fmt/format.h>

#include "registry/client_fixture.h"

namespace purser {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::SizeIs;

class ListTest : public ClientTest {
 protected:
  static constexpr const char* kFirst = "/v2/a/tags/list?n=1000";

  void add_tags(int count) {
    for (int i = 0; i < count; ++i) registry_->add_image("a", fmt::format("t{:03}", i), "same");
  }
  static http::Response page(const std::string& json, const std::string& link = {}) {
    http::Headers headers;
    if (!link.empty()) headers.add("Link", "<" + link + ">; rel=\"next\"");
    return reply(200, json, headers);
  }
  Result<std::vector<std::string>> tags(const ListOptions& options = {}) {
    return client().tags(repository("a"), options);
  }
};

// A-41: 2.8.2 lists in the order of its directory.
TEST_F(ListTest, SortsTheTags) {
  for (const char* tag : {"c", "a", "b"}) registry_->add_image("a", tag);
  EXPECT_THAT(tags(), IsOkAndHolds(ElementsAre("a", "b", "c")));
  EXPECT_THAT(targets(), ElementsAre(kFirst));
}

// A-39, A-40.
TEST_F(ListTest, FollowsLinksToTheEnd) {
  change([](auto& options) { options.tags_page = 10; });
  add_tags(25);
  EXPECT_THAT(tags(), IsOkAndHolds(SizeIs(25)));
  EXPECT_EQ(registry_->count("GET", "/tags/list"), 3u);
}

TEST_F(ListTest, GoesOnAfterAnEmptyPageWithALink) {
  for (const char* name : {"x", "y"}) registry_->add_repository(name);
  EXPECT_THAT(client().catalog({.page_size = 2}), IsOkAndHolds(ElementsAre("x", "y")));
  EXPECT_EQ(registry_->count("GET", "/v2/_catalog"), 2u);  // the second one is empty
}

TEST_F(ListTest, RefusesALinkToAnotherHost) {
  answer(kFirst, page(R"({"tags":["x"]})", "https://evil.test/v2/a/tags/list?last=x"));
  EXPECT_THAT(tags(), HasError(ErrorCode::incomplete, HasSubstr("another host")));
  EXPECT_EQ(registry_->count(""), 1u);
}

TEST_F(ListTest, RefusesALinkToAnotherPort) {
  answer(kFirst, page(R"({"tags":["x"]})", "https://registry.test:8443/v2/a/tags/list?last=x"));
  EXPECT_THAT(tags(), HasError(ErrorCode::incomplete));
  EXPECT_EQ(registry_->count(""), 1u);
}

TEST_F(ListTest, KeepsItsSchemeWhereALinkNamesTheSameHostByHttp) {
  answer(kFirst, page(R"({"tags":["x"]})", "http://registry.test/v2/a/tags/list?last=x"));
  answer("/v2/a/tags/list?last=x", page(R"({"tags":["y"]})"));
  EXPECT_THAT(tags(), IsOkAndHolds(ElementsAre("x", "y")));
  EXPECT_EQ(registry_->log().back().url, "https://registry.test/v2/a/tags/list?last=x");
}

// A-40.
TEST_F(ListTest, StopsAtALoop) {
  answer(kFirst, page(R"({"tags":["x"]})", kFirst));
  EXPECT_THAT(tags(), HasError(ErrorCode::incomplete, HasSubstr("back to a page")));
}

TEST_F(ListTest, StopsAtAPageThatAddsNothing) {
  answer(kFirst, page(R"({"tags":["x"]})", "?p=2"));
  answer("/v2/a/tags/list?p=2", page(R"({"tags":["x"]})", "?p=3"));
  EXPECT_THAT(tags(), HasError(ErrorCode::incomplete, HasSubstr("nothing new")));
}

TEST_F(ListTest, StopsAtAnEndlessListOfEmptyPages) {
  int pages = 0;
  registry_->on_request([&](const testing::SeenRequest&) -> std::optional<http::Outcome> {
    return http::Outcome(page("{}", fmt::format("?p={}", ++pages)));
  });
  EXPECT_THAT(tags(), HasError(ErrorCode::incomplete, HasSubstr("10000 pages")));
}

// A-40: each page brings something new.
TEST_F(ListTest, StopsAtAListThatGoesOnForEver) {
  int pages = 0;
  registry_->on_request([&](const testing::SeenRequest&) -> std::optional<http::Outcome> {
    ++pages;
    return http::Outcome(
        page(fmt::format(R"({{"tags":["t{}"]}})", pages), fmt::format("?p={}", pages)));
  });
  EXPECT_THAT(tags(), HasError(ErrorCode::incomplete, HasSubstr("10000 pages")));
  EXPECT_EQ(pages, 10'000);
}

TEST_F(ListTest, IsAnErrorWhenALaterPageFails) {
  change([](auto& options) { options.tags_page = 10; });
  add_tags(25);
  registry_->fail({.contains = "last=", .times = -1, .status = 403});
  EXPECT_THAT(tags(), HasError(ErrorCode::forbidden));
}

TEST_F(ListTest, GivesNoPageAfterAnError) {
  registry_->fail({.times = 1, .status = 403});
  const Client c = client();
  add_tags(1);
  NamePager pager = c.tag_pages(repository("a"));
  EXPECT_THAT(pager.next(), HasError(ErrorCode::forbidden));
  EXPECT_THAT(pager.next(), HasError(ErrorCode::forbidden));
  EXPECT_EQ(registry_->count(""), 1u);
}

// A-41.
TEST_F(ListTest, TakesNullEmptyAndMissingListsForEmpty) {
  for (const char* body : {R"({"name":"a","tags":null})", R"({"tags":[]})", "{}"}) {
    answer(kFirst, page(body));
    EXPECT_THAT(tags(), IsOkAndHolds(IsEmpty())) << body;
  }
}

TEST_F(ListTest, RefusesWhatIsNoList) {
  for (const char* body :
       {"", "<html>", "[]", "\"x\"", R"({"tags":"x"})", R"({"tags":{"x":1}})", R"({"tags":["x"})",
        R"({"tags":["x"],"tags":["y"]})", R"({"errors":[{"code":"X"}]})"}) {
    answer(kFirst, page(body));
    EXPECT_THAT(tags(), HasError(ErrorCode::bad_response)) << body;
  }
}

// A-3.
TEST_F(ListTest, LeavesOutAndCountsWhatIsNoName) {
  answer(kFirst, page(R"({"tags":["v1",null,7,"-x","../../etc","a b","v1","sha256:00"]})"));
  const Client c = client();
  NamePager pager = c.tag_pages(repository("a"));
  auto names = pager.next();
  ASSERT_THAT(names, IsOk());
  EXPECT_THAT(**names, ElementsAre("v1"));
  EXPECT_EQ(pager.skipped(), 6u);
  EXPECT_THAT(logged_, SizeIs(5));  // the rest is only counted
  EXPECT_THAT(logged_[0], HasSubstr("registry.test/a"));
}

// A-42.
TEST_F(ListTest, AsksWithASmallerPageWhereTheSizeIsRefused) {
  change([](auto& options) { options.max_page = 100; });
  registry_->add_repository("x");
  EXPECT_THAT(client().catalog({.page_size = 5000}), IsOkAndHolds(ElementsAre("x")));
  EXPECT_THAT(targets(), ElementsAre("/v2/_catalog?n=5000", "/v2/_catalog?n=100"));
}

TEST_F(ListTest, AsksWithoutASizeWhereEachIsRefused) {
  change([](auto& options) { options.max_page = 50; });
  change([](auto& options) { options.catalog_page = 10; });
  registry_->add_repository("x");
  EXPECT_THAT(client().catalog({.page_size = 5000}), IsOkAndHolds(ElementsAre("x")));
  EXPECT_THAT(targets(), ElementsAre("/v2/_catalog?n=5000", "/v2/_catalog?n=100", "/v2/_catalog"));
}

// A-43: 2.8.2 ignores `last` and sends everything again.
TEST_F(ListTest, TakesAFullPageWithoutALinkForWholeWhenTheServerKnowsNoLast) {
  add_tags(10);
  EXPECT_THAT(tags({.page_size = 10}), IsOkAndHolds(SizeIs(10)));
  EXPECT_THAT(targets(), ElementsAre("/v2/a/tags/list?n=10", "/v2/a/tags/list?n=10&last=t000"));
}

TEST_F(ListTest, FindsTheRestOfAListWhoseLinkWasLost) {
  change([](auto& options) { options.tags_page = 10; });
  add_tags(25);
  registry_->after_request([](const testing::SeenRequest&, http::Outcome& outcome) {
    std::get<http::Response>(outcome).headers.remove("Link");
  });
  EXPECT_THAT(tags({.page_size = 10}), IsOkAndHolds(SizeIs(25)));
}

// A-45.
TEST_F(ListTest, KnowsAnEmptyRepositoryFromAnUnknownOne) {
  registry_->add_repository("a");
  EXPECT_THAT(tags(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(client().tags(repository("b")), HasError(ErrorCode::not_found));
}

TEST_F(ListTest, DoesNotTakeABare404ForAnEmptyRepository) {
  answer(kFirst, reply(404, "<html>no such page</html>"));
  EXPECT_THAT(tags(), HasError(ErrorCode::bad_response));
}

TEST_F(ListTest, SaysWhenThereIsNoCatalog) {
  change([](auto& options) { options.catalog = false; });
  auto names = client().catalog();
  ASSERT_THAT(names, HasError(ErrorCode::unsupported, HasSubstr("no catalog")));
  EXPECT_THAT(names.error().hint, HasSubstr("--repos-file"));
  registry_->fail({.contains = "_catalog", .times = 1, .status = 405});
  EXPECT_THAT(client().catalog(), HasError(ErrorCode::unsupported));
}

std::shared_ptr<const CredentialSource> password(const std::string& text) {
  return single_credential(*RegistryName::parse("registry.test"),
                           {.username = "user", .password = Secret(text)});
}

TEST_F(ListTest, KnowsADeniedCatalogFromAWrongPassword) {
  change([](auto& options) {
    options.authorization = "Basic dXNlcjpwYXNz";  // user:pass
    options.catalog_denied = true;
  });
  ClientOptions right = client_options();
  right.credentials = password("pass");
  EXPECT_THAT(client(std::move(right)).catalog(), HasError(ErrorCode::unsupported));
  ClientOptions wrong = client_options();
  wrong.credentials = password("wrong");
  EXPECT_THAT(client(std::move(wrong)).catalog(), HasError(ErrorCode::unauthorized));
  EXPECT_THAT(client().catalog(), HasError(ErrorCode::unauthorized));
}

TEST_F(ListTest, KeepsAnEmptyCatalogEmpty) {
  EXPECT_THAT(client().catalog(), IsOkAndHolds(IsEmpty()));
}

// The issue: filters and limits apply while pages stream in.
TEST_F(ListTest, AsksForNoMoreThanTheLimit) {
  for (int i = 0; i < 50; ++i) registry_->add_repository(fmt::format("r{:02}", i));
  EXPECT_THAT(client().catalog({.limit = 10}), IsOkAndHolds(SizeIs(10)));
  EXPECT_THAT(targets(), ElementsAre("/v2/_catalog?n=10"));
}

TEST_F(ListTest, StopsReadingWhenEnoughMatch) {
  for (int i = 0; i < 50; ++i) registry_->add_repository(fmt::format("r{:02}", i));
  EXPECT_THAT(client().catalog({.match = "r1", .limit = 2, .page_size = 5}),
              IsOkAndHolds(ElementsAre("r10", "r11")));
  EXPECT_EQ(registry_->count(""), 3u);
}

TEST_F(ListTest, MatchesAtTheStartWhateverTheCase) {
  for (const char* tag : {"Release-1", "release-2", "pre-release", "main"}) {
    registry_->add_image("a", tag);
  }
  EXPECT_THAT(tags({.match = "RELEASE|ma"}),
              IsOkAndHolds(ElementsAre("Release-1", "main", "release-2")));
}

TEST_F(ListTest, SaysWhatIsWrongWithAPattern) {
  EXPECT_THAT(
      tags({.match = "(unclosed"}),
      HasError(ErrorCode::invalid_argument, AllOf(HasSubstr("(unclosed"), HasSubstr("missing"))));
  EXPECT_EQ(registry_->count(""), 0u);
}

}  // namespace
}  // namespace purser
