#include "purser/apply.h"

#include <string>
#include <vector>

#include "purser/journal.h"
#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;

TEST_F(ApplyTest, RemovesWhatIsNotKeptAndReportsIt) {
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  registry_->add_image(kRepo, "v3");
  auto report = prune_keeping({kRepo + ":v3"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(report->tags_seen, 3u);
  EXPECT_EQ(report->tags_removed, 2u);
  EXPECT_EQ(report->manifests_removed, 2u);
  EXPECT_TRUE(report->applied);
  EXPECT_TRUE(report->complete());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("v3"));
}

// H2, A-75: both seeds delete by digest and lose the sibling.
TEST_F(ApplyTest, UntagsATagWhoseDigestAKeptTagShares) {
  const Digest shared = registry_->add_image(kRepo, "keep");
  registry_->set_tag(kRepo, "drop", shared);
  auto report = prune_keeping({kRepo + ":keep"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->tags_removed, 1u);
  EXPECT_EQ(report->manifests_removed, 0u);
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("keep"));
  EXPECT_EQ(tag_digest("keep"), shared);
  EXPECT_TRUE(registry_->has(kRepo, shared));
}

TEST_F(ApplyTest, KeepsTheChildrenOfAKeptNestedIndexAndUntagsOneOfThem) {
  const Digest child = registry_->add_image(kRepo, "child-tag", "child");
  const Digest inner = registry_->add_index(kRepo, "", {child});
  const Digest outer = registry_->add_index(kRepo, "multi", {inner});
  auto report = prune_keeping({kRepo + ":multi"});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("multi"));
  EXPECT_TRUE(registry_->has(kRepo, child));
  EXPECT_TRUE(registry_->has(kRepo, inner));
  EXPECT_TRUE(registry_->has(kRepo, outer));
}

TEST_F(ApplyTest, RemovesAnIndexBeforeTheChildrenThatNothingElseNeeds) {
  const Digest shared = registry_->add_image(kRepo, "", "shared");
  const Digest alone = registry_->add_image(kRepo, "", "alone");
  registry_->add_index(kRepo, "old", {shared, alone});
  registry_->add_index(kRepo, "new", {shared});
  const Digest old = tag_digest("old");
  auto report = prune_keeping({kRepo + ":new"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->manifests_removed, 2u);
  EXPECT_TRUE(registry_->has(kRepo, shared));
  EXPECT_FALSE(registry_->has(kRepo, alone));
  EXPECT_FALSE(registry_->has(kRepo, old));
  std::vector<std::string> deleted;
  for (const SeenRequest& request : registry_->log()) {
    if (request.method == "DELETE" && request.status == 202) deleted.push_back(request.target);
  }
  EXPECT_THAT(deleted, ElementsAre(HasSubstr(old.hex().data()), HasSubstr(alone.hex().data())));
}

TEST_F(ApplyTest, SettlesADeleteWithAnUnknownOutcomeByReadingBack) {
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  const Digest doomed = tag_digest("v1");
  registry_->fail(Fault{.method = "DELETE",
                        .contains = std::string(doomed.hex()),
                        .kind = Fault::Kind::broken_after});
  auto report = prune_keeping({kRepo + ":v2"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->tags_removed, 1u);
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("v2"));
}

TEST_F(ApplyTest, StopsWithATrueReportWhenTheRegistryGoesAway) {
  for (int i = 0; i < 5; ++i) registry_->add_image(kRepo, "v" + std::to_string(i));
  registry_->fail(
      Fault{.method = "DELETE", .skip = 3, .times = -1, .kind = Fault::Kind::broken_before});
  auto report = prune_keeping({kRepo + ":v4"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(report->tags_seen - report->tags_removed, registry_->tags(kRepo).size());
  EXPECT_FALSE(report->complete());
}

TEST_F(ApplyTest, AppliesAPlanASecondTimeWithoutHarm) {
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  Client with = client();
  auto plan = survey(with, keep({kRepo + ":v2"}), {});
  ASSERT_THAT(plan, IsOk());
  ApplyOptions options{.state_directory = state_.path()};
  ASSERT_THAT(apply_plan(with, *plan, {}, options), IsOk());
  ASSERT_THAT(apply_plan(with, *plan, {}, options), IsOk());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("v2"));
}

// What is removed by name is what was named: a leftover of an interrupted prune is not.
TEST_F(ApplyTest, DeletesByNameOnlyWhatWasNamed) {
  const Digest left = registry_->add_image(kRepo, "", "left");
  registry_->add_image(kRepo, "other");
  registry_->add_image(kRepo, "stays");
  const Repository repository = *Repository::of(registry_->host(), kRepo);
  {
    auto journal = *Journal::create(state_.path(), registry_->host());
    ASSERT_THAT(journal->begin_repository(repository, {}, {left}), IsOk());
  }
  RemovePolicy policy;
  policy.targets.push_back({.repository = kRepo, .tag = "other"});
  PruneOptions by_name = options();
  by_name.survey.repositories = {kRepo};
  Client with = client();
  ASSERT_THAT(prune(with, policy, by_name), IsOk());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("stays"));
  EXPECT_TRUE(registry_->has(kRepo, left));
}

}  // namespace
}  // namespace purser
