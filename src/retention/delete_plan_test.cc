// What `delete` removes and what it refuses (RemovePolicy).
#include <gmock/gmock.h>

#include "purser/plan.h"
#include "testing/matchers.h"
#include "testing/plan_outcome.h"
#include "testing/snapshot_builder.h"

namespace purser {
namespace {

using ::testing::AllOf;
using testing::decision_on;
using testing::digest_named;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kTestRegistry;
using testing::NameSet;
using testing::outcome_of;
using testing::PlanOutcome;
using testing::removing;
using testing::SnapshotBuilder;

Plan plan_of(const SnapshotBuilder& app, const RemovePolicy& policy) {
  return make_plan(std::string(kTestRegistry), std::span(&app.snapshot(), 1), policy, {});
}

PlanOutcome outcome(const SnapshotBuilder& app, const RemovePolicy& policy) {
  return outcome_of(plan_repository(app.snapshot(), policy), app);
}

auto refuses(const std::string& code, const std::string& flag, const std::string& text) {
  return ElementsAre(AllOf(Field(&Refusal::code, code), Field(&Refusal::flag, flag),
                           Field(&Refusal::message, HasSubstr(text))));
}

void expect_removes_nothing(const SnapshotBuilder& app, const RemovePolicy& policy) {
  const PlanOutcome nothing = outcome(app, policy);
  EXPECT_EQ(nothing.removed, NameSet{});
  EXPECT_EQ(nothing.deleted.size() + nothing.untagged.size(), 0u);
}

TEST(DeletePlanTest, RemovesWhatIsNamedAndNothingElse) {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a").image("b").tag("v2", "b");
  EXPECT_EQ(outcome(app, removing({"v1"})).removed, NameSet{"a"});
  EXPECT_EQ(outcome(app, removing({"v1"})).kept, NameSet{"v2"});
  EXPECT_THAT(plan_of(app, removing({"v1"})).refusals, IsEmpty());
}

TEST(DeletePlanTest, RemovesByDigest) {
  SnapshotBuilder app;
  app.image("a").image("b").tag("v2", "b");
  RemovePolicy policy;
  policy.targets = {{.repository = "app", .digest = digest_named("a")}};
  EXPECT_EQ(outcome(app, policy).removed, NameSet{"a"});
}

TEST(DeletePlanTest, LeavesOtherRepositoriesAlone) {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a");
  RemovePolicy policy;
  policy.targets = {{.repository = "other", .tag = "v1"}};
  expect_removes_nothing(app, policy);
}

//
TEST(DeletePlanTest, RefusesWhileATagThatWasNotNamedSharesTheDigest) {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a").tag("latest", "a").tag("prod", "a");
  EXPECT_THAT(plan_of(app, removing({"v1"})).refusals,
              refuses("other_tags", "--all-tags", "not named: latest, prod"));
  expect_removes_nothing(app, removing({"v1"}));
  EXPECT_EQ(outcome(app, removing({"v1", "latest", "prod"})).removed, NameSet{"a"});

  RemovePolicy all = removing({"v1"});
  all.all_tags = true;
  EXPECT_THAT(plan_of(app, all).refusals, IsEmpty());
  EXPECT_EQ(outcome(app, all).deleted, (NameSet{"v1", "latest", "prod"}));
}

TEST(DeletePlanTest, RefusesADigestThatStillHasTags) {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a");
  RemovePolicy policy;
  policy.targets = {{.repository = "app", .digest = digest_named("a")}};
  EXPECT_THAT(plan_of(app, policy).refusals, refuses("other_tags", "--all-tags", "v1"));
  expect_removes_nothing(app, policy);
}

TEST(DeletePlanTest, RefusesAPartOfAnIndexAndNamesTheIndexWithItsTags) {
  SnapshotBuilder app;
  app.image("a").image("b").index("i", {"a", "b"}).tag("a", "a").tag("both", "i");
  EXPECT_THAT(plan_of(app, removing({"a"})).refusals,
              refuses("needed_by_index", "--with-parents", digest_named("i").str() + " (both)"));
  expect_removes_nothing(app, removing({"a"}));
}

TEST(DeletePlanTest, TakesTheIndexesAlongWhenToldToAndHoldsThemToTheSameRules) {
  SnapshotBuilder app;
  app.image("a").index("inner", {"a"}).index("outer", {"inner"}).tag("a", "a").tag("o", "outer");
  RemovePolicy policy = removing({"a"});
  policy.with_parents = true;
  EXPECT_THAT(plan_of(app, policy).refusals, refuses("other_tags", "--all-tags", "not named: o"));
  expect_removes_nothing(app, policy);

  policy.all_tags = true;
  EXPECT_THAT(plan_of(app, policy).refusals, IsEmpty());
  EXPECT_EQ(outcome(app, policy).removed, (NameSet{"a", "inner", "outer"}));
}

TEST(DeletePlanTest, AnIndexAboveARefusedPartStays) {
  SnapshotBuilder app;
  app.image("a").index("i", {"a"}).tag("a", "a").tag("prod", "a");
  RemovePolicy policy = removing({"a"});
  policy.with_parents = true;
  EXPECT_THAT(plan_of(app, policy).refusals, refuses("other_tags", "--all-tags", "prod"));
  expect_removes_nothing(app, policy);
}

TEST(DeletePlanTest, LeavesChildrenUnlessToldOtherwiseAndThenTakesOnlyWhatNothingElseNeeds) {
  SnapshotBuilder app;
  app.image("own").image("shared").image("tagged").index("i", {"own", "shared", "tagged"});
  app.index("other", {"shared"}).tag("i", "i").tag("other", "other").tag("tagged", "tagged");
  RemovePolicy policy = removing({"i"});
  EXPECT_EQ(outcome(app, policy).removed, NameSet{"i"});
  policy.with_children = true;
  EXPECT_EQ(outcome(app, policy).removed, (NameSet{"i", "own"}));
}

TEST(DeletePlanTest, SaysWhatIsNotThere) {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a").ghost("lost").missing("gone");
  EXPECT_THAT(plan_of(app, removing({"v2"})).refusals,
              refuses("not_found", "", "app:v2 is not there"));
  EXPECT_THAT(plan_of(app, removing({"lost"})).refusals,
              refuses("not_found", "", "the registry has no manifest for it"));
  RemovePolicy by_digest;
  by_digest.targets = {{.repository = "app", .digest = digest_named("gone")}};
  EXPECT_THAT(plan_of(app, by_digest).refusals, refuses("not_found", "", "is not there"));
}

TEST(DeletePlanTest, RefusesATagThatPointsElsewhereThanItWasSaid) {
  SnapshotBuilder app;
  app.image("a").image("b").tag("v1", "b");
  RemovePolicy policy;
  policy.targets = {{.repository = "app", .tag = "v1", .digest = digest_named("a")}};
  EXPECT_THAT(plan_of(app, policy).refusals,
              refuses("tag_moved", "", "points at " + digest_named("b").str()));
  expect_removes_nothing(app, policy);
}

//
TEST(DeletePlanTest, RefusesWhereSomethingIsUnread) {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a").image("b").tag("v2", "b").gap("tag v3");
  EXPECT_THAT(plan_of(app, removing({"v1"})).refusals, refuses("unread", "", "tag v3: timed out"));
  expect_removes_nothing(app, removing({"v1"}));
  EXPECT_EQ(decision_on(plan_of(app, removing({"v1"})).repositories[0], "v1").action, Action::skip);
}

TEST(DeletePlanTest, RefusesSchema1AndARepositoryThatNobodyLookedAt) {
  SnapshotBuilder app;
  app.schema1("ancient");
  EXPECT_THAT(plan_of(app, removing({"ancient"})).refusals, refuses("unread", "", "schema 1"));
  RemovePolicy elsewhere;
  elsewhere.targets = {{.repository = "other", .tag = "v1"}};
  EXPECT_THAT(plan_of(app, elsewhere).refusals, refuses("unread", "", "other was not looked at"));
}

TEST(DeletePlanTest, TakesSignaturesAlongAndLeavesOtherSuffixes) {
  SnapshotBuilder app;
  app.image("a").image("sig").image("sig-of-sig").image("odd").tag("v1", "a");
  app.digest_tag("a", ".sig", "sig").digest_tag("sig", ".sig", "sig-of-sig");
  app.digest_tag("a", ".odd", "odd");
  EXPECT_EQ(outcome(app, removing({"v1"})).removed, (NameSet{"a", "sig", "sig-of-sig"}));
  EXPECT_EQ(outcome(app, removing({"v1"})).kept, NameSet{"a.odd"});
  RemovePolicy policy = removing({"v1"});
  policy.keep_referrers = true;
  EXPECT_EQ(outcome(app, policy).removed, NameSet{"a"});
}

TEST(DeletePlanTest, UntagsASignatureWhoseManifestSomethingElseHas) {
  SnapshotBuilder app;
  app.image("a").image("sig").tag("v1", "a").digest_tag("a", ".sig", "sig").tag("mine", "sig");
  const PlanOutcome planned = outcome(app, removing({"v1"}));
  EXPECT_EQ(planned.removed, NameSet{"a"});
  EXPECT_EQ(planned.untagged, NameSet{"a.sig"});
}

// To be the signature of something kept keeps it in a prune; to be named removes it in a delete.
TEST(DeletePlanTest, RemovesANamedSignatureOfSomethingKept) {
  SnapshotBuilder app;
  app.image("a").image("sig").referrer("sbom", "a").tag("v1", "a").tag("sbom", "sbom");
  app.digest_tag("a", ".sig", "sig");
  const std::string sig_tag = testing::digest_tag_of(digest_named("a"), ".sig");
  EXPECT_EQ(outcome(app, removing({sig_tag, "sbom"})).removed, (NameSet{"sig", "sbom"}));
}

TEST(DeletePlanTest, AProtectedTagOfTheSameDigestBlocksIt) {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a").tag("late", "a");
  RemovePolicy policy = removing({"v1"});
  policy.all_tags = true;
  Protections protections{.tags = {{"late", "it came after the plan was made"}}};
  const RepositoryPlan plan = plan_repository(app.snapshot(), policy, protections);
  EXPECT_EQ(outcome_of(plan, app).kept, (NameSet{"v1", "late"}));
  EXPECT_THAT(decision_on(plan, "v1").reasons,
              ElementsAre(HasSubstr("late: it came after the plan was made")));
}

}  // namespace
}  // namespace purser
