// When a run is refused as a whole.
#include <gmock/gmock.h>

#include <functional>

#include "purser/plan.h"
#include "testing/matchers.h"
#include "testing/plan_outcome.h"
#include "testing/snapshot_builder.h"

namespace purser {
namespace {

using ::testing::AllOf;
using testing::digest_named;
using ::testing::ElementsAre;
using ::testing::Field;
using testing::HasError;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::keeping;
using testing::kTestRegistry;
using testing::SnapshotBuilder;

Plan plan_of(const std::vector<SnapshotBuilder>& repositories, const Policy& policy,
             const PlanOptions& options = {}) {
  std::vector<Snapshot> snapshots;
  for (const SnapshotBuilder& repository : repositories) snapshots.push_back(repository.snapshot());
  return make_plan(std::string(kTestRegistry), snapshots, policy, options);
}

auto refuses(const std::string& code, const std::string& flag, const std::string& text) {
  return ElementsAre(AllOf(Field(&Refusal::code, code), Field(&Refusal::flag, flag),
                           Field(&Refusal::message, HasSubstr(text))));
}

SnapshotBuilder two_tags(std::string_view path = "app") {
  SnapshotBuilder repository(path);
  repository.image("a").tag("v1", "a").image("b").tag("v2", "b");
  return repository;
}

TEST(GuardrailsTest, AnEmptyKeepListIsRefusedWhateverTheFlags) {
  const Guardrails all{.allow_missing = true, .allow_empty = true};
  const Plan plan = plan_of({two_tags()}, KeepPolicy{}, {.guardrails = all});
  EXPECT_THAT(plan.refusals, refuses("empty_keep_list", "", "everything would go"));
  EXPECT_THAT(ApprovedPlan::approve(plan, all), HasError(ErrorCode::refused));
}

TEST(GuardrailsTest, AnEntryThatMatchesNothingIsRefused) {
  const Policy policy = keeping({"app:v1", "app:v2", "app:v3"});
  EXPECT_THAT(plan_of({two_tags()}, policy).refusals,
              refuses("unmatched_entry", "--allow-missing", "\"app:v3\" matches nothing"));
  const Guardrails allowed{.allow_missing = true};
  EXPECT_THAT(plan_of({two_tags()}, policy, {.guardrails = allowed}).refusals, IsEmpty());
}

TEST(GuardrailsTest, CountsWhatEachEntryMatched) {
  const Plan plan =
      plan_of({two_tags(), two_tags("web")},
              keeping({"*:v1", "app@" + digest_named("a").str(), "app:v9", "app:v2"}));
  ASSERT_EQ(plan.entries.size(), 4u);
  EXPECT_EQ(plan.entries[0].tags, 2u);
  EXPECT_EQ(plan.entries[1].tags, 1u);
  EXPECT_TRUE(plan.entries[1].matched);
  EXPECT_FALSE(plan.entries[2].matched);
  EXPECT_EQ(plan.entries[2].tags, 0u);
}

TEST(GuardrailsTest, AnUntaggedDigestThatIsThereIsAMatch) {
  SnapshotBuilder app = two_tags();
  app.image("untagged");
  const Policy policy = keeping({"app:*", "app@" + digest_named("untagged").str()});
  EXPECT_THAT(plan_of({app}, policy).refusals, IsEmpty());
  const Policy absent = keeping({"app:*", "app@" + digest_named("nowhere").str()});
  EXPECT_THAT(plan_of({app}, absent).refusals,
              refuses("unmatched_entry", "--allow-missing", digest_named("nowhere").str()));
}

TEST(GuardrailsTest, AGhostCountsAsMatched) {
  SnapshotBuilder app = two_tags();
  app.ghost("lost");
  EXPECT_THAT(plan_of({app}, keeping({"app:v?", "app:lost"})).refusals, IsEmpty());
}

TEST(GuardrailsTest, EntriesOfRepositoriesOutsideTheScopeAreNotUnmatched) {
  const Policy policy = keeping({"app:*", "web:v1", "team/**:x"});
  EXPECT_THAT(plan_of({two_tags()}, policy, {.scope = {"app"}}).refusals, IsEmpty());
  EXPECT_EQ(plan_of({two_tags()}, policy).refusals.size(), 2u);
  EXPECT_EQ(plan_of({two_tags()}, keeping({"app:*", "*:x"}), {.scope = {"app"}}).refusals.size(),
            1u);  // it speaks of app as well
}

TEST(GuardrailsTest, WhereARepositoryCouldNotBeReadNobodyKnowsWhatAnEntryMatches) {
  SnapshotBuilder app("app");
  app.gap("the tag list");
  const Plan plan = plan_of({app, two_tags("web")}, keeping({"app:v9", "web:*"}));
  EXPECT_TRUE(plan.entries[0].unknown);
  EXPECT_THAT(plan.refusals, IsEmpty());
}

TEST(GuardrailsTest, ARepositoryLeftWithoutTagsIsRefused) {
  SnapshotBuilder web = two_tags("web");
  web.ghost("lost");
  const Policy policy = keeping({"app:v1", "web:lost"});  // a ghost is nothing to keep
  EXPECT_THAT(plan_of({two_tags(), web}, policy).refusals,
              refuses("repository_emptied", "--allow-empty", "/web would have no tag left"));
  const Guardrails allowed{.allow_empty = true};
  EXPECT_THAT(plan_of({two_tags(), web}, policy, {.guardrails = allowed}).refusals, IsEmpty());
}

TEST(GuardrailsTest, ARepositoryThatIsEmptyOrUnreadIsNotEmptied) {
  SnapshotBuilder unread = two_tags("web");
  unread.gap("tag v3");
  SnapshotBuilder ghosts("ghosts");
  ghosts.ghost("lost");
  EXPECT_THAT(
      plan_of({two_tags(), unread, SnapshotBuilder("none"), ghosts}, keeping({"app:v1"})).refusals,
      IsEmpty());
}

TEST(GuardrailsTest, LimitsRemovalsOverTheWholeRun) {
  const std::vector<SnapshotBuilder> repositories = {two_tags(), two_tags("web")};
  const Policy policy = keeping({"*:v1"});  // 2 of 4 tags go
  auto refusals_with = [&](std::string_view limit) {
    return plan_of(repositories, policy,
                   {.guardrails = {.max_removals = MaxRemovals::parse(limit).value()}})
        .refusals;
  };
  EXPECT_THAT(refusals_with("2"), IsEmpty());
  EXPECT_THAT(refusals_with("50%"), IsEmpty());
  EXPECT_THAT(refusals_with("1"), refuses("too_many_removals", "--max-removals", "2 of 4 tags"));
  EXPECT_THAT(refusals_with("49%"), refuses("too_many_removals", "--max-removals", "at most 49%"));
  EXPECT_THAT(refusals_with("0"), refuses("too_many_removals", "--max-removals", "at most 0"));
}

TEST(GuardrailsTest, ApprovesWhatPassesAndTakesTheRefusalsOfTheFileForNothing) {
  Plan plan = plan_of({two_tags()}, keeping({"app:v1", "app:v3"}));
  ASSERT_EQ(plan.refusals.size(), 1u);
  plan.refusals.clear();
  const auto refused = ApprovedPlan::approve(plan, {});
  ASSERT_THAT(refused, HasError(ErrorCode::refused, HasSubstr("\"app:v3\" matches nothing")));
  EXPECT_THAT(refused.error().hint, HasSubstr("--allow-missing"));
  const auto approved = ApprovedPlan::approve(plan, {.allow_missing = true});
  ASSERT_THAT(approved, IsOk());
  EXPECT_TRUE(approved->plan().guardrails.allow_missing);
}

TEST(GuardrailsTest, NamesEveryRefusalAndEveryFlag) {
  const auto refused =
      ApprovedPlan::approve(plan_of({two_tags()}, keeping({"app:v3", "app:v4"})), {});
  ASSERT_THAT(refused, HasError(ErrorCode::refused, AllOf(HasSubstr("app:v3"), HasSubstr("app:v4"),
                                                          HasSubstr("no tag left"))));
  EXPECT_THAT(refused.error().hint, HasSubstr("--allow-empty --allow-missing"));
}

TagDecision& tag(Plan& plan, const std::string& name) {
  for (TagDecision& decision : plan.repositories[0].tags) {
    if (decision.tag == name) return decision;
  }
  ADD_FAILURE() << name;
  return plan.repositories[0].tags[0];
}

ManifestDecision& manifest(Plan& plan, const std::string& name) {
  for (ManifestDecision& decision : plan.repositories[0].manifests) {
    if (decision.digest == digest_named(name)) return decision;
  }
  ADD_FAILURE() << name;
  return plan.repositories[0].manifests[0];
}

struct Edit {
  const char* name;
  std::function<void(Plan&)> make;
};

// v1 -> a (kept), beside -> a, v2 -> index i of c, a.sig -> sig
Plan plan_to_edit() {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a").tag("beside", "a").image("c").index("i", {"c"}).tag("v2", "i");
  app.image("sig").digest_tag("a", ".sig", "sig").image("extra").tag("extra", "extra");
  return plan_of({app}, keeping({"app:v1"}));
}

const Edit kEdits[] = {
    {"a manifest that a kept tag has is removed",
     [](Plan& plan) { manifest(plan, "a").action = Action::remove; }},
    {"a kept tag is removed with its manifest",
     [](Plan& plan) {
       tag(plan, "v1").action = Action::remove;
       tag(plan, "v1").means = Means::delete_manifest;
       tag(plan, "beside").means = Means::delete_manifest;
       manifest(plan, "a").action = Action::remove;
     }},
    {"a tag that an entry keeps is untagged",
     [](Plan& plan) {
       tag(plan, "v1").action = Action::remove;
       tag(plan, "v1").means = Means::untag;
     }},
    {"a removed manifest keeps its tag",
     [](Plan& plan) {
       tag(plan, "v2").action = Action::keep;
       tag(plan, "v2").means = Means::none;
     }},
    {"a child goes while its index stays",
     [](Plan& plan) {
       tag(plan, "v2").action = Action::keep;
       tag(plan, "v2").means = Means::none;
       manifest(plan, "i").action = Action::keep;
     }},
    {"a tag goes with a manifest that stays",
     [](Plan& plan) { manifest(plan, "extra").action = Action::keep; }},
    {"a signature of something kept goes",
     [](Plan& plan) {
       const std::string sig = testing::digest_tag_of(digest_named("a"), ".sig");
       tag(plan, sig).action = Action::remove;
       tag(plan, sig).means = Means::delete_manifest;
       manifest(plan, "sig").action = Action::remove;
     }},
    {"a tag is kept by deleting it",
     [](Plan& plan) { tag(plan, "v1").means = Means::delete_manifest; }},
    {"a tag is removed by doing nothing",
     [](Plan& plan) { tag(plan, "extra").means = Means::none; }},
    {"something goes where something is unread",
     [](Plan& plan) {
       plan.repositories[0].gaps.push_back({"tag v9", "timed out"});
     }},
    {"a tag without a digest goes", [](Plan& plan) { tag(plan, "extra").digest.reset(); }},
    {"a tag is in it twice",
     [](Plan& plan) { plan.repositories[0].tags.push_back(tag(plan, "v1")); }},
    {"a manifest is in it twice",
     [](Plan& plan) { plan.repositories[0].manifests.push_back(manifest(plan, "a")); }},
    {"a repository is in it twice",
     [](Plan& plan) { plan.repositories.push_back(plan.repositories[0]); }},
    {"it is of another registry", [](Plan& plan) { plan.registry = "other.test"; }},
    {"a tag that is not kept is put back",
     [](Plan& plan) {
       plan.repositories[0].restores.push_back({"v2", digest_named("i"), digest_named("stand-in")});
     }},
    {"the manifest of a tag that is to be untagged is not in it",
     [](Plan& plan) {
       std::erase_if(plan.repositories[0].manifests, [](const ManifestDecision& decision) {
         return decision.digest == digest_named("a");
       });
     }},
    {"a removed manifest has a tag that points elsewhere",
     [](Plan& plan) { manifest(plan, "extra").tags.push_back("v1"); }},
};

TEST(GuardrailsTest, APlanThatContradictsItselfIsRefusedWhateverTheFlags) {
  const Guardrails all{.allow_missing = true, .allow_empty = true};
  ASSERT_THAT(check_guardrails(plan_to_edit(), all), IsEmpty());
  for (const Edit& edit : kEdits) {
    SCOPED_TRACE(edit.name);
    Plan plan = plan_to_edit();
    edit.make(plan);
    const std::vector<Refusal> refusals = check_guardrails(plan, all);
    ASSERT_FALSE(refusals.empty());
    for (const Refusal& refusal : refusals) {
      EXPECT_EQ(refusal.code, "inconsistent_plan");
      EXPECT_EQ(refusal.flag, "");
    }
    EXPECT_THAT(ApprovedPlan::approve(plan, all), HasError(ErrorCode::refused));
  }
}

TEST(GuardrailsTest, AKeptDigestThatIsRemovedIsAContradiction) {
  SnapshotBuilder app = two_tags();
  app.image("untagged");
  Plan plan = plan_of({app}, keeping({"app:v1", "app@" + digest_named("untagged").str()}));
  ASSERT_THAT(plan.refusals, IsEmpty());
  manifest(plan, "untagged").action = Action::remove;
  EXPECT_THAT(check_guardrails(plan, {}), refuses("inconsistent_plan", "", "keeps it"));
}

}  // namespace
}  // namespace purser
