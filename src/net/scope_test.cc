#include "net/scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace purser::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// 2.8.2 sends "push,pull" or "pull,push" at random.
TEST(ScopeTest, TheSameNeedHasOneText) {
  EXPECT_THAT(union_of_scopes("repository:a:push,pull", ""), ElementsAre("repository:a:pull,push"));
  EXPECT_THAT(union_of_scopes("repository:a:pull,push,pull", "repository:a:pull"),
              ElementsAre("repository:a:pull,push"));
  EXPECT_THAT(union_of_scopes("repository:a:pull", "repository:a:delete"),
              ElementsAre("repository:a:delete,pull"));
}

// what the server misses comes first.
TEST(ScopeTest, KeepsSeveralResourcesApartTheChallengesFirst) {
  EXPECT_THAT(union_of_scopes("repository:z/b:pull,push  repository:c/d:pull", "repository:a:pull"),
              ElementsAre("repository:z/b:pull,push", "repository:c/d:pull", "repository:a:pull"));
}

//
TEST(ScopeTest, AResourceNameMayHoldColons) {
  EXPECT_THAT(union_of_scopes("repository:host:5000/a:push", "repository:host:5000/a:pull"),
              ElementsAre("repository:host:5000/a:pull,push"));
}

TEST(ScopeTest, PassesOnWhatIsOfAnotherGrammar) {
  EXPECT_THAT(union_of_scopes("registry:catalog:*", "aws repository:a:"),
              ElementsAre("registry:catalog:*", "aws", "repository:a"));
  EXPECT_THAT(union_of_scopes("", "  "), IsEmpty());
}

TEST(ScopeTest, CoversOnlyWhatIsThere) {
  const std::vector<std::string> granted = {"repository:a:pull,push", "registry:catalog:*"};
  EXPECT_TRUE(covers(granted, "repository:a:push registry:catalog:*"));
  EXPECT_TRUE(covers(granted, ""));
  EXPECT_FALSE(covers(granted, "repository:a:delete"));
  EXPECT_FALSE(covers(granted, "repository:b:pull"));
  EXPECT_TRUE(covers({"repository:a:*"}, "repository:a:delete,pull"));
}

TEST(ScopeTest, AStarIsEveryAction) {
  EXPECT_THAT(union_of_scopes("repository:a:delete", "repository:a:*"),
              ElementsAre("repository:a:*"));
}

//
TEST(ScopeTest, TheRightToDeleteHasThreeNames) {
  EXPECT_THAT(
      forms_of("repository:a/b:delete"),
      ElementsAre("repository:a/b:delete", "repository:a/b:pull,push,delete", "repository:a/b:*"));
  EXPECT_THAT(forms_of("repository:a/b:pull"), ElementsAre("repository:a/b:pull"));
  EXPECT_THAT(forms_of("registry:catalog:delete"), ElementsAre("registry:catalog:delete"));
  EXPECT_THAT(forms_of(""), ElementsAre(""));
}

}  // namespace
}  // namespace purser::net
