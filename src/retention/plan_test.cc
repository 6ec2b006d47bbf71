// The rules of docs/safety.md for a keep list, each on the smallest repository that needs it.
#include "purser/plan.h"

#include <gmock/gmock.h>

#include <functional>
#include <utility>

#include "testing/matchers.h"
#include "testing/plan_outcome.h"
#include "testing/snapshot_builder.h"

namespace purser {
namespace {

using ::testing::Contains;
using testing::decision_on;
using testing::digest_named;
using testing::digest_tag_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::keeping;
using testing::NameSet;
using testing::outcome_of;
using testing::PlanOutcome;
using testing::SnapshotBuilder;

PlanOutcome prune(const SnapshotBuilder& app, const std::vector<std::string>& entries) {
  return outcome_of(plan_repository(app.snapshot(), keeping(entries)), app);
}

TEST(PlanTest, RemovesWhatNoEntryNames) {
  SnapshotBuilder app;
  app.image("a").image("b").tag("v1", "a").tag("v2", "b");
  const PlanOutcome outcome = prune(app, {"app:v1"});
  EXPECT_EQ(outcome.kept, NameSet{"v1"});
  EXPECT_EQ(outcome.deleted, NameSet{"v2"});
  EXPECT_EQ(outcome.removed, NameSet{"b"});
  EXPECT_EQ(outcome.stays, NameSet{"a"});
}

TEST(PlanTest, SaysWhichEntryKeepsATag) {
  SnapshotBuilder app;
  app.image("a").tag("release-1", "a");
  const RepositoryPlan plan =
      plan_repository(app.snapshot(), keeping({"app:release-*", "app:release-1"}));
  EXPECT_THAT(decision_on(plan, "release-1").reasons,
              ElementsAre("kept by \"app:release-*\"", "kept by \"app:release-1\""));
}

// A-75, H2
TEST(PlanTest, KeepsTheDigestThatAKeptTagShares) {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a").tag("old", "a");
  const PlanOutcome outcome = prune(app, {"app:v1"});
  EXPECT_EQ(outcome.untagged, NameSet{"old"});
  EXPECT_EQ(outcome.removed, NameSet{});
}

TEST(PlanTest, KeepsTheChildrenOfAKeptNestedIndexTaggedOrNot) {
  SnapshotBuilder app;
  app.image("amd64").image("arm64").index("inner", {"amd64"}).index("outer", {"inner", "arm64"});
  app.tag("v1", "outer").tag("only-arm", "arm64").tag("inner", "inner");
  const PlanOutcome outcome = prune(app, {"app:v1"});
  EXPECT_EQ(outcome.removed, NameSet{});
  EXPECT_EQ(outcome.untagged, (NameSet{"only-arm", "inner"}));
}

TEST(PlanTest, RemovesTheChildrenOfARemovedIndexUnlessSomethingKeptNeedsThem) {
  SnapshotBuilder app;
  app.image("shared").image("own").index("old", {"shared", "own"}).index("new", {"shared"});
  app.tag("old", "old").tag("new", "new");
  EXPECT_EQ(prune(app, {"app:new"}).removed, (NameSet{"old", "own"}));
}

TEST(PlanTest, AKeptChildDoesNotKeepItsIndex) {
  SnapshotBuilder app;
  app.image("a").image("b").index("i", {"a", "b"}).tag("a", "a").tag("both", "i");
  EXPECT_EQ(prune(app, {"app:a"}).removed, (NameSet{"i", "b"}));
}

TEST(PlanTest, ASparseIndexIsNoGap) {
  SnapshotBuilder app;
  app.image("a").missing("gone").index("i", {"a", "gone"}).tag("v1", "i");
  app.image("b").tag("v2", "b");
  EXPECT_EQ(prune(app, {"app:v1"}).removed, NameSet{"b"});
}

TEST(PlanTest, AKeepByDigestKeepsItsTagsAndTheIndexesAboveItWithTheirs) {
  SnapshotBuilder app;
  app.image("a").image("b").index("inner", {"a"}).index("outer", {"inner", "b"});
  app.tag("a", "a").tag("outer", "outer").tag("b", "b").image("c").tag("c", "c");
  const PlanOutcome outcome = prune(app, {"app@" + digest_named("a").str()});
  EXPECT_EQ(outcome.kept, (NameSet{"a", "outer"}));
  EXPECT_EQ(outcome.untagged, NameSet{"b"});
  EXPECT_EQ(outcome.removed, NameSet{"c"});
}

TEST(PlanTest, AKeepByDigestKeepsAnUntaggedManifest) {
  SnapshotBuilder app;
  app.image("a").image("b").index("i", {"a", "b"}).tag("v1", "i").image("loose");
  const PlanOutcome outcome = prune(app, {"app@" + digest_named("loose").str()});
  EXPECT_EQ(outcome.stays, NameSet{"loose"});
  EXPECT_EQ(outcome.removed, (NameSet{"i", "a", "b"}));
}

TEST(PlanTest, AKeepByDigestOfAnotherRepositoryKeepsNothingHere) {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a");
  EXPECT_EQ(prune(app, {"other@" + digest_named("a").str()}).removed, NameSet{"a"});
}

// A-79, A-87
TEST(PlanTest, KeepsDigestTagsOfWhatIsKeptWhateverTheirSuffix) {
  for (const char* suffix : {"", ".sig", ".att", ".sbom", ".somethingnew", "-x", "ab"}) {
    SnapshotBuilder app;
    app.image("a").image("companion").tag("v1", "a").digest_tag("a", suffix, "companion");
    app.image("b").tag("v2", "b");
    EXPECT_EQ(prune(app, {"app:v1"}).removed, NameSet{"b"}) << suffix;
  }
}

TEST(PlanTest, KeepsTheSignatureOfAChildOfAKeptIndex) {
  SnapshotBuilder app;
  app.image("child").index("i", {"child"}).image("sig").tag("v1", "i");
  app.digest_tag("child", ".sig", "sig");
  const PlanOutcome outcome = prune(app, {"app:v1"});
  EXPECT_EQ(outcome.removed, NameSet{});
  EXPECT_THAT(outcome.kept, Contains("child.sig"));
}

TEST(PlanTest, KeepsReferrersOfReferrersWithTheirTags) {
  SnapshotBuilder app;
  app.image("a").referrer("sbom", "a").referrer("sbom-sig", "sbom");
  app.tag("v1", "a").tag("my-sbom", "sbom").tag("my-sbom-sig", "sbom-sig");
  const PlanOutcome outcome = prune(app, {"app:v1"});
  EXPECT_EQ(outcome.kept, (NameSet{"v1", "my-sbom", "my-sbom-sig"}));
}

TEST(PlanTest, KeepsWhatTheReferrersApiNames) {
  SnapshotBuilder app;
  app.image("a").image("r").tag("v1", "a").tag("r", "r").api_referrers("a", {"r", "nobody-read"});
  EXPECT_EQ(prune(app, {"app:v1"}).kept, (NameSet{"v1", "r"}));
}

TEST(PlanTest, KeepsWhatAFallbackIndexOfAKeptDigestLists) {
  SnapshotBuilder app;
  app.image("a").image("listed").index("fallback", {"listed"});
  app.tag("v1", "a").tag("listed", "listed").digest_tag("a", "", "fallback");
  const PlanOutcome outcome = prune(app, {"app:v1"});
  EXPECT_EQ(outcome.removed, NameSet{});
  EXPECT_EQ(outcome.untagged, NameSet{"listed"});
}

TEST(PlanTest, FindsADigestTagOfASha512DigestByItsFirst64Digits) {
  SnapshotBuilder app;
  Hasher hasher = Hasher::create("sha512").value();
  hasher.update("a");
  const Digest digest = std::move(hasher).finish();
  Snapshot snapshot = app.image("sig").snapshot();
  const std::string sig_tag = digest_tag_of(digest, ".sig");
  snapshot.manifests[digest] = {};
  snapshot.tags["v1"] = {.digest = digest};
  snapshot.tags[sig_tag] = {.digest = digest_named("sig")};
  const RepositoryPlan plan = plan_repository(snapshot, keeping({"app:v1"}));
  EXPECT_EQ(decision_on(plan, sig_tag).action, Action::keep);  // A-84
}

// C.1-23: whoever may push could otherwise keep anything from being removed.
TEST(PlanTest, AKeptReferrerDoesNotKeepItsSubject) {
  SnapshotBuilder app;
  app.image("a").referrer("sbom", "a").tag("v1", "a").tag("sbom", "sbom");
  const PlanOutcome outcome = prune(app, {"app:sbom"});
  EXPECT_EQ(outcome.removed, NameSet{"a"});
  EXPECT_EQ(outcome.kept, NameSet{"sbom"});
}

TEST(PlanTest, DigestTagsGoWithARemovedDigest) {
  SnapshotBuilder app;
  app.image("keep").tag("keep", "keep").image("a").image("sig").image("att").tag("v1", "a");
  app.digest_tag("a", ".sig", "sig").digest_tag("a", ".att", "att");
  EXPECT_EQ(prune(app, {"app:keep"}).removed, (NameSet{"a", "sig", "att"}));
}

TEST(PlanTest, KeepReferrersLeavesDigestTagsOfWhatIsRemoved) {
  SnapshotBuilder app;
  app.image("keep").tag("keep", "keep").image("a").image("sig").tag("v1", "a");
  app.missing("earlier").image("earlier-sig").digest_tag("earlier", ".sig", "earlier-sig");
  app.image("part").index("fallback", {"part"});
  app.digest_tag("a", ".sig", "sig").digest_tag("a", "", "fallback");
  KeepPolicy policy = keeping({"app:keep"});
  policy.keep_referrers = true;
  const PlanOutcome outcome = outcome_of(plan_repository(app.snapshot(), policy), app);
  EXPECT_EQ(outcome.removed, NameSet{"a"});
  EXPECT_EQ(outcome.kept, (NameSet{"keep", "a", "a.sig", "earlier.sig"}));
}

TEST(PlanTest, ADigestTagStaysWhileItsSubjectIsThereUntagged) {
  SnapshotBuilder app;
  app.image("keep").tag("keep", "keep");
  app.image("part").index("subject", {"part"}).image("sig").digest_tag("subject", ".sig", "sig");
  app.tag("part", "part");
  const PlanOutcome outcome = prune(app, {"app:keep"});
  EXPECT_EQ(outcome.kept, (NameSet{"keep", "subject.sig"}));
  EXPECT_EQ(outcome.removed, NameSet{});
  EXPECT_EQ(outcome.untagged, NameSet{"part"});
}

TEST(PlanTest, ADigestTagWhoseSubjectGoesWithItsIndexGoesToo) {
  SnapshotBuilder app;
  app.image("keep").tag("keep", "keep");
  app.image("child").index("i", {"child"}).tag("v1", "i");
  app.image("sig").digest_tag("child", ".sig", "sig");
  EXPECT_EQ(prune(app, {"app:keep"}).removed, (NameSet{"i", "child", "sig"}));
}

TEST(PlanTest, ADigestTagWhoseSubjectIsMissingIsATagLikeAnyOther) {
  SnapshotBuilder app;
  app.image("keep").tag("keep", "keep");
  app.missing("subject").image("sig").digest_tag("subject", ".sig", "sig");
  EXPECT_EQ(prune(app, {"app:keep"}).deleted, NameSet{"subject.sig"});
}

TEST(PlanTest, LeftoversGoUnlessSomethingKeptNeedsThem) {
  SnapshotBuilder app;
  app.image("keep").tag("keep", "keep");
  app.image("needed").index("i", {"needed"}).tag("v1", "i");
  app.image("left").leftover("left").leftover("needed").leftover("never-there");
  EXPECT_EQ(prune(app, {"app:keep", "app:v1"}).removed, NameSet{"left"});
}

// "Unread is not absent" (A-80): one loose end, whichever, and nothing goes.
TEST(PlanTest, RemovesNothingWhereSomethingIsUnread) {
  const std::pair<const char*, std::function<void(SnapshotBuilder&)>> loose_ends[] = {
      {"a gap", [](auto& app) { app.gap("tag v3"); }},
      {"a child", [](auto& app) { app.index("i", {"nowhere"}).tag("i", "i"); }},
      {"a subject", [](auto& app) { app.referrer("r", "nowhere").tag("r", "r"); }},
      {"a tag's manifest", [](auto& app) { app.tag("r", "nowhere"); }},
      {"a digest tag's subject", [](auto& app) { app.digest_tag("nowhere", ".sig", "b"); }},
      {"an unknown type", [](auto& app) { app.unknown("u").tag("u", "u"); }},
  };
  for (const auto& [name, add_loose_end] : loose_ends) {
    SCOPED_TRACE(name);
    SnapshotBuilder app;
    app.image("a").tag("v1", "a").image("b").tag("v2", "b").image("l").leftover("l");
    app.image("original").stand_in("v4", "original", "stand-in");
    add_loose_end(app);
    const RepositoryPlan plan = plan_repository(app.snapshot(), keeping({"app:v1", "app:v4"}));
    const PlanOutcome outcome = outcome_of(plan, app);
    EXPECT_EQ(outcome.removed, NameSet{});
    EXPECT_EQ(outcome.kept, (NameSet{"v1", "v4"}));
    EXPECT_THAT(outcome.skipped, Contains("v2"));
    EXPECT_EQ(outcome.deleted.size() + outcome.untagged.size(), 0u);
    EXPECT_THAT(plan.restores, IsEmpty());
    EXPECT_FALSE(plan.complete());
    EXPECT_THAT(decision_on(plan, "v2").reasons, ElementsAre(HasSubstr("could not be read")));
  }
}

TEST(PlanTest, Schema1IsKeptAndTheRestGoesOn) {
  SnapshotBuilder app;
  app.schema1("ancient").image("a").tag("v1", "a").image("b").tag("v2", "b");
  const PlanOutcome outcome = prune(app, {"app:v1"});
  EXPECT_EQ(outcome.kept, (NameSet{"ancient", "v1"}));
  EXPECT_EQ(outcome.removed, NameSet{"b"});
}

TEST(PlanTest, AGhostIsSkippedAndReportedWhereTheKeepListNamesIt) {
  SnapshotBuilder app;
  app.ghost("lost").ghost("named").image("a").tag("v1", "a");
  const RepositoryPlan plan = plan_repository(app.snapshot(), keeping({"app:v1", "app:named"}));
  EXPECT_EQ(decision_on(plan, "lost").action, Action::skip);
  EXPECT_FALSE(decision_on(plan, "lost").broken_and_named);
  EXPECT_EQ(decision_on(plan, "named").action, Action::skip);
  EXPECT_TRUE(decision_on(plan, "named").broken_and_named);
  EXPECT_THAT(decision_on(plan, "named").reasons, Contains("kept by \"app:named\""));
}

TEST(PlanTest, AKeptTagOnAStandInIsPutBack) {
  SnapshotBuilder app;
  app.image("a").stand_in("v1", "a", "stand-in");
  const RepositoryPlan plan = plan_repository(app.snapshot(), keeping({"app:v1"}));
  ASSERT_EQ(plan.restores.size(), 1u);
  EXPECT_EQ(plan.restores[0].tag, "v1");
  EXPECT_EQ(plan.restores[0].original, digest_named("a"));
  EXPECT_EQ(plan.restores[0].stand_in, digest_named("stand-in"));
}

TEST(PlanTest, ADoomedTagOnAStandInIsDecidedAsOneOnItsOriginal) {
  SnapshotBuilder app;
  app.image("a").image("b").tag("v1", "a");
  app.stand_in("beside", "a", "stand-in on beside").stand_in("alone", "b", "stand-in on alone");
  const RepositoryPlan plan = plan_repository(app.snapshot(), keeping({"app:v1"}));
  EXPECT_EQ(decision_on(plan, "beside").means, Means::untag);
  EXPECT_EQ(decision_on(plan, "alone").means, Means::delete_manifest);
  EXPECT_EQ(outcome_of(plan, app).removed, NameSet{"b"});
  EXPECT_THAT(plan.restores, IsEmpty());
}

// To delete the stand-in would take the other tag along.
TEST(PlanTest, ADoomedTagOnAStandInThatAnotherTagHasIsPutBackAndStays) {
  SnapshotBuilder app;
  app.image("a").image("stand-in").tag("v1", "a").tag("copy", "stand-in");
  app.stand_in("doomed", "a", "stand-in");
  const RepositoryPlan plan = plan_repository(app.snapshot(), keeping({"app:v1", "app:copy"}));
  EXPECT_EQ(decision_on(plan, "doomed").action, Action::keep);
  EXPECT_EQ(plan.restores.size(), 1u);
  EXPECT_EQ(outcome_of(plan, app).removed, NameSet{});
}

TEST(PlanTest, ADoomedTagOnTheStandInOfAKeptTagIsPutBackAndStays) {
  SnapshotBuilder app;
  app.image("a").image("b").stand_in("kept", "a", "stand-in").stand_in("doomed", "b", "stand-in");
  const RepositoryPlan plan = plan_repository(app.snapshot(), keeping({"app:kept"}));
  EXPECT_EQ(decision_on(plan, "doomed").action, Action::keep);
  EXPECT_EQ(plan.restores.size(), 2u);
  EXPECT_EQ(outcome_of(plan, app).removed, NameSet{});
}

TEST(PlanTest, AProtectedTagStaysWithAllThatItNeeds) {
  SnapshotBuilder app;
  app.image("keep").tag("keep", "keep").image("a").index("i", {"a"}).tag("v1", "i");
  Protections protections{.tags = {{"v1", "it moved since the plan was made"}}};
  const RepositoryPlan plan = plan_repository(app.snapshot(), keeping({"app:keep"}), protections);
  EXPECT_EQ(outcome_of(plan, app).removed, NameSet{});
  EXPECT_THAT(decision_on(plan, "v1").reasons, ElementsAre("it moved since the plan was made"));
}

TEST(PlanTest, AProtectedManifestStaysWithItsTagsAndTheIndexesAboveIt) {
  SnapshotBuilder app;
  app.image("keep").tag("keep", "keep").image("a").image("b");
  app.index("i", {"a", "b"}).tag("v1", "i").tag("a", "a");
  Protections protections{.manifests = {{digest_named("a"), "it got a new referrer"}}};
  const RepositoryPlan plan = plan_repository(app.snapshot(), keeping({"app:keep"}), protections);
  EXPECT_EQ(outcome_of(plan, app).kept, (NameSet{"keep", "v1", "a"}));
}

TEST(PlanTest, ARemovalNamesItsParentsTagsAndReferrers) {
  SnapshotBuilder app;
  app.image("keep").tag("keep", "keep").image("a").index("i", {"a"}).tag("v1", "i");
  app.image("r").api_referrers("i", {"r"});
  const RepositoryPlan plan = plan_repository(app.snapshot(), keeping({"app:keep"}));
  EXPECT_EQ(outcome_of(plan, app).removed, (NameSet{"i", "a"}));
  const ManifestDecision& index = decision_on(plan, digest_named("i"));
  EXPECT_THAT(index.tags, ElementsAre("v1"));
  EXPECT_THAT(*index.referrers, ElementsAre(digest_named("r")));
  const ManifestDecision& child = decision_on(plan, digest_named("a"));
  EXPECT_THAT(child.parents, ElementsAre(digest_named("i")));
  EXPECT_EQ(child.referrers, std::nullopt);  // nobody asked
}

TEST(PlanTest, PlansAnEmptyRepository) {
  const RepositoryPlan plan = plan_repository(SnapshotBuilder().snapshot(), keeping({"app:v1"}));
  EXPECT_TRUE(plan.complete());
  EXPECT_THAT(plan.tags, IsEmpty());
  EXPECT_THAT(plan.manifests, IsEmpty());
}

TEST(PlanTest, AsksForTheDigestsThatAPolicyNamesInARepository) {
  const Policy keep =
      keeping({"app:v1", "app@" + digest_named("a").str(), "other@" + digest_named("b").str()});
  EXPECT_THAT(digests_named(keep, "app"), ElementsAre(digest_named("a")));
  RemovePolicy remove;
  remove.targets = {{.repository = "app", .digest = digest_named("a")},
                    {.repository = "other", .digest = digest_named("b")},
                    {.repository = "app", .tag = "v1"}};
  EXPECT_THAT(digests_named(remove, "app"), ElementsAre(digest_named("a")));
}

}  // namespace
}  // namespace purser
