#include "cli/names.h"

#include <gmock/gmock.h>

#include "testing/matchers.h"

namespace purser::cli {
namespace {

using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;

std::vector<Reference> references(const std::vector<std::string>& names) {
  return parse_references(names).value();
}

TEST(ParseScopeTest, TakesTheFirstPartForTheRegistry) {
  const auto scope = parse_scope("localhost:5000/team/app");
  ASSERT_THAT(scope, IsOk());
  EXPECT_EQ(scope->registry.str(), "localhost:5000");
  EXPECT_EQ(scope->repository->path(), "team/app");
}

TEST(ParseScopeTest, TakesARegistryAloneWithItsScheme) {
  const auto scope = parse_scope("http://[::1]:5000");
  ASSERT_THAT(scope, IsOk());
  EXPECT_EQ(scope->registry.str(), "[::1]:5000");
  EXPECT_EQ(scope->registry.scheme(), "http");
  EXPECT_FALSE(scope->repository.has_value());
}

TEST(ParseScopeTest, DoesNotTakeAnEmptyRepositoryForTheWholeRegistry) {
  for (const char* text : {"http://[::1]:5000/", "localhost:5000/"}) {
    EXPECT_THAT(parse_scope(text), HasError(ErrorCode::invalid_argument)) << text;
  }
}

TEST(ParseScopeTest, RefusesATagOrANameThatIsNone) {
  EXPECT_THAT(parse_scope("localhost/app:v1"), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(parse_scope("localhost/App"), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(parse_scope(""), HasError(ErrorCode::invalid_argument));
}

// the repository that `purser tags docker.io/ubuntu` means.
TEST(ParseScopeTest, GivesAShortNameOfDockerHubItsLibrary) {
  for (const char* text :
       {"docker.io/ubuntu", "index.docker.io/ubuntu", "https://docker.io/ubuntu"}) {
    const auto scope = parse_scope(text);
    ASSERT_THAT(scope, IsOk()) << text;
    EXPECT_EQ(scope->registry.str(), "docker.io");
    EXPECT_EQ(scope->repository->path(), "library/ubuntu");
  }
  EXPECT_EQ(parse_scope("docker.io/team/app")->repository->path(), "team/app");
  EXPECT_EQ(parse_scope("h.io/ubuntu")->repository->path(), "ubuntu");
  EXPECT_THAT(parse_scope("docker.io/ubuntu:v1"), HasError(ErrorCode::invalid_argument));
}

//
TEST(ParseLoginScopeTest, TakesARegistryOrAPartOfIt) {
  EXPECT_EQ(parse_login_scope("https://h.io/")->str(), "h.io");
  EXPECT_EQ(parse_login_scope("localhost:5000/team/app")->str(), "localhost:5000/team/app");
  EXPECT_EQ(parse_login_scope("docker.io/team")->path, "team");
  for (const char* text : {"h.io/", "h.io/Team", "h.io/team:v1", "", "u:p@h.io/team"}) {
    EXPECT_THAT(parse_login_scope(text), HasError(ErrorCode::invalid_argument)) << text;
  }
}

// as docker calls them in its file, and in what it prints.
TEST(ParseLoginScopeTest, TakesDockersNamesOfARegistry) {
  EXPECT_EQ(parse_login_scope("https://index.docker.io/v1/")->str(), "docker.io");
  EXPECT_EQ(parse_login_scope("https://h.io/v2/")->str(), "h.io");
  EXPECT_EQ(parse_login_scope("http://h.io:5000/v1/")->registry.scheme(), "http");
  EXPECT_EQ(parse_login_scope("https://h.io/v2")->path, "v2") << "podman's namespace";
  for (const char* text : {"h.io/v2/", "https://h.io/v2//", "https://h.io/v3/", "https:///v2/",
                           "https://h.io/team/v2/", "https://u:p@h.io/v2/"}) {
    EXPECT_THAT(parse_login_scope(text), HasError(ErrorCode::invalid_argument)) << text;
  }
  // Elsewhere it could stand for all of a registry by mistake.
  EXPECT_THAT(parse_scope("https://h.io/v2/"), HasError(ErrorCode::invalid_argument));
}

//
TEST(DoubtAboutLoginTest, SaysThatAShortNameOfTheHubIsAnImageElsewhere) {
  const auto doubt = [](const char* text) {
    return doubt_about_login(*parse_login_scope(text)).value_or("");
  };
  EXPECT_THAT(doubt("docker.io/ubuntu"), HasSubstr("`purser login docker.io/library/ubuntu`"));
  EXPECT_THAT(doubt("index.docker.io/ubuntu"), HasSubstr("docker.io/library/ubuntu"));
  for (const char* text : {"docker.io", "docker.io/library/ubuntu", "h.io/ubuntu"}) {
    EXPECT_EQ(doubt(text), "") << text;
  }
}

TEST(DoubtAboutScopeTest, SaysThatABareWordIsAHost) {
  EXPECT_THAT(doubt_about_scope("ubuntu").value_or(""), HasSubstr("docker.io/library/ubuntu"));
  EXPECT_THAT(doubt_about_scope("team/app").value_or(""), HasSubstr("docker.io/team/app"));
  for (const char* text :
       {"localhost", "localhost/a", "h.io", "host:5000/a", "[::1]/a", "http://h"}) {
    EXPECT_FALSE(doubt_about_scope(text).has_value()) << text;
  }
}

TEST(CheckNamedTest, WantsATagOfWhatIsToLoseOne) {
  EXPECT_THAT(check_named(references({"localhost/a:v1"}), false), IsOk());
  EXPECT_THAT(check_named(references({"localhost/a:v1", "localhost/a"}), false),
              HasError(ErrorCode::invalid_argument, HasSubstr("names no tag")));
}

TEST(CheckNamedTest, TakesADigestWhereAManifestIsMeant) {
  const std::string digest = "localhost/a@sha256:" + std::string(64, 'a');
  EXPECT_THAT(check_named(references({digest}), true), IsOk());
  EXPECT_THAT(check_named(references({digest}), false), HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(check_named(references({"localhost/a"}), true),
              HasError(ErrorCode::invalid_argument));
}

TEST(CheckNamedTest, RefusesTwoRegistries) {
  EXPECT_THAT(check_named(references({"localhost/a:1", "localhost:5000/a:1"}), false),
              HasError(ErrorCode::invalid_argument, HasSubstr("two registries")));
}

TEST(ParseRepositoryListTest, ReadsPathsWithCommentsBlanksAndRegistry) {
  EXPECT_THAT(parse_repository_list("# all of them\r\n\r\nteam/app  # the app\nreg.test/base\nx",
                                    "reg.test", "repos"),
              IsOkAndHolds(ElementsAre("team/app", "base", "x")));
}

//
TEST(ParseRepositoryListTest, GivesAShortNameOfDockerHubItsLibrary) {
  EXPECT_THAT(parse_repository_list("ubuntu\ndocker.io/debian\nteam/app", "docker.io", "repos"),
              IsOkAndHolds(ElementsAre("library/ubuntu", "library/debian", "team/app")));
}

TEST(ParseRepositoryListTest, NamesTheLineThatIsWrong) {
  EXPECT_THAT(parse_repository_list("a\nb\nc:1\n", "reg.test", "repos"),
              HasError(ErrorCode::invalid_argument, HasSubstr("repos, line 3")));
}

// An empty list must not come to mean the whole registry.
TEST(ParseRepositoryListTest, RefusesAListOfNothing) {
  EXPECT_THAT(parse_repository_list("# none\n", "reg.test", "repos"),
              HasError(ErrorCode::invalid_argument, HasSubstr("names no repository")));
}

}  // namespace
}  // namespace purser::cli
