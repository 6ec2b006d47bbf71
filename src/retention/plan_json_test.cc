#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "purser/plan.h"
#include "testing/matchers.h"
#include "testing/plan_outcome.h"
#include "testing/snapshot_builder.h"

namespace purser {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using testing::digest_named;
using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::keeping;
using testing::kTestRegistry;
using testing::SnapshotBuilder;

Plan full_plan() {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a").tag("beside", "a").image("c").index("i", {"c"}).tag("v2", "i");
  app.stand_in("v3", "a", "stand-in").ghost("lost").api_referrers("i", {});
  SnapshotBuilder web("team/web");
  web.image("a").tag("v1", "a").gap("tag v9");
  const Snapshot snapshots[] = {app.snapshot(), web.snapshot()};
  const Policy policy = keeping({"app:v1", "app:v3", "registry.test:5000/app:lost", "app:v9",
                                 "team/web@" + digest_named("a").str()});
  return make_plan(std::string(kTestRegistry), snapshots, policy,
                   {.scope = {"app", "team/web"},
                    .guardrails = {.allow_empty = true, .max_removals = MaxRemovals{10, true}},
                    .now = std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) +
                           std::chrono::seconds(86399)});
}

json document() { return json::parse(to_json(full_plan())); }

TEST(PlanJsonTest, HasTheMembersOfItsFormat) {
  const json plan = document();
  EXPECT_EQ(plan["format"], "purser-plan");
  EXPECT_EQ(plan["version"], 1);
  EXPECT_EQ(plan["created_at"], "2024-02-29T23:59:59Z");
  EXPECT_EQ(plan["guardrails"]["max_removals"], "10%");
  EXPECT_EQ(plan["totals"]["tags_seen"], 6);
  EXPECT_EQ(plan["totals"]["tags_to_remove"], 2);
  EXPECT_EQ(plan["totals"]["manifests_to_remove"], 2);
  EXPECT_EQ(plan["refusals"][0]["code"], "unmatched_entry");
  EXPECT_EQ(plan["repositories"][0]["restores"][0]["tag"], "v3");
  EXPECT_EQ(plan["repositories"][1]["gaps"][0]["what"], "tag v9");
  EXPECT_EQ(plan["decisions"][0]["tag"], "beside");
  EXPECT_EQ(plan["decisions"][0]["means"], "untag");
  EXPECT_EQ(plan["decisions"][1]["digest"], nullptr);
}

TEST(PlanJsonTest, ReadsBackWhatWasWritten) {
  const Plan plan = full_plan();
  const auto read = parse_plan(to_json(plan));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(to_json(*read), to_json(plan));
  EXPECT_EQ(read->created_at, plan.created_at);
  EXPECT_EQ(read->scope, plan.scope);
  EXPECT_TRUE(read->guardrails.allow_empty);
  ASSERT_EQ(read->repositories.size(), 2u);
  EXPECT_FALSE(read->repositories[1].complete());
  EXPECT_TRUE(testing::decision_on(read->repositories[0], "lost").broken_and_named);
  const ManifestDecision& index = testing::decision_on(read->repositories[0], digest_named("i"));
  EXPECT_EQ(index.action, Action::remove);
  ASSERT_TRUE(index.referrers.has_value());  // asked, and there are none: not the same as not asked
  EXPECT_TRUE(index.referrers->empty());
  EXPECT_THAT(testing::decision_on(read->repositories[0], digest_named("c")).parents,
              ElementsAre(digest_named("i")));
  EXPECT_EQ(std::get<KeepPolicy>(read->policy).entries[2].text(), "registry.test:5000/app:lost");
}

TEST(PlanJsonTest, ReadsBackARemovePolicy) {
  SnapshotBuilder app;
  app.image("a").tag("v1", "a");
  RemovePolicy policy{.all_tags = true, .with_children = true};
  policy.targets = {{.repository = "app", .tag = "v1", .digest = digest_named("a")},
                    {.repository = "app", .digest = digest_named("b")}};
  const Plan plan =
      make_plan(std::string(kTestRegistry), std::span(&app.snapshot(), 1), policy, {});
  const auto read = parse_plan(to_json(plan));
  ASSERT_THAT(read, IsOk());
  const RemovePolicy& back = std::get<RemovePolicy>(read->policy);
  EXPECT_TRUE(back.all_tags);
  EXPECT_FALSE(back.with_parents);
  EXPECT_TRUE(back.with_children);
  ASSERT_EQ(back.targets.size(), 2u);
  EXPECT_EQ(back.targets[0].tag, "v1");
  EXPECT_EQ(back.targets[1].tag, std::nullopt);
  EXPECT_EQ(back.targets[1].digest, digest_named("b"));
}

// An error message of a server is in the plan as it came.
TEST(PlanJsonTest, WritesWhatIsNotUtf8) {
  Plan plan = full_plan();
  plan.repositories[1].gaps[0].why = "HTTP 500: \xff\xfe";
  EXPECT_THAT(parse_plan(to_json(plan)), IsOk());
}

struct Damage {
  const char* place;  // that the error names
  std::function<void(json&)> make;
};

const Damage kDamages[] = {
    {"format", [](json& plan) { plan["format"] = "other"; }},
    {"version is 2, and this Purser reads version 1", [](json& plan) { plan["version"] = 2; }},
    {"version", [](json& plan) { plan["version"] = "1"; }},
    {"registry", [](json& plan) { plan["registry"] = "a/b"; }},
    {"registry", [](json& plan) { plan["registry"] = "https://registry.test:5000"; }},
    {"created_at", [](json& plan) { plan["created_at"] = "2023-02-29T00:00:00Z"; }},
    {"created_at", [](json& plan) { plan["created_at"] = "yesterday"; }},
    {"scope[1]", [](json& plan) { plan["scope"][1] = "Team"; }},
    {"policy.type", [](json& plan) { plan["policy"]["type"] = "burn"; }},
    {"policy.entries[0]", [](json& plan) { plan["policy"]["entries"][0] = "app"; }},
    {"guardrails.max_removals", [](json& plan) { plan["guardrails"]["max_removals"] = "x"; }},
    {"guardrails.allow_empty", [](json& plan) { plan["guardrails"]["allow_empty"] = 1; }},
    {"repositories[0].gaps is missing", [](json& plan) { plan["repositories"][0].erase("gaps"); }},
    {"repositories[1].repository",
     [](json& plan) { plan["repositories"][1]["repository"] = "app"; }},
    {"decisions[5].repository", [](json& plan) { plan["decisions"][5]["repository"] = "nowhere"; }},
    {"decisions[0].action", [](json& plan) { plan["decisions"][0]["action"] = "burn"; }},
    {"decisions[0].means", [](json& plan) { plan["decisions"][0]["means"] = ""; }},
    {"decisions[0].tag", [](json& plan) { plan["decisions"][0]["tag"] = "../../x"; }},
    {"decisions[0].digest", [](json& plan) { plan["decisions"][0]["digest"] = "sha256:00"; }},
    {"decisions[0].digest is missing", [](json& plan) { plan["decisions"][0].erase("digest"); }},
    {"decisions[0].reasons", [](json& plan) { plan["decisions"][0]["reasons"] = json::array(); }},
    {"decisions is not an array", [](json& plan) { plan["decisions"] = json::object(); }},
    {"decisions[0] is not an object", [](json& plan) { plan["decisions"][0] = 1; }},
    {"manifests[0].parents[0]", [](json& plan) { plan["manifests"][0]["parents"] = {"x"}; }},
    {"manifests[0].referrers is missing",
     [](json& plan) { plan["manifests"][0].erase("referrers"); }},
    {"manifests[0].digest", [](json& plan) { plan["manifests"][0]["digest"] = nullptr; }},
};

TEST(PlanJsonTest, SaysWhereAPlanIsDamaged) {
  for (const Damage& damage : kDamages) {
    json plan = document();
    damage.make(plan);
    EXPECT_THAT(parse_plan(plan.dump()),
                HasError(ErrorCode::invalid_argument, HasSubstr(damage.place)))
        << damage.place;
  }
}

// Whatever member is taken out, the plan is no plan any more: nothing has a silent default.
TEST(PlanJsonTest, EveryMemberIsRequired) {
  const json whole = document();
  for (const auto& [name, value] : whole.items()) {
    if (name == "totals") continue;  // for people: it is counted again
    json plan = whole;
    plan.erase(name);
    EXPECT_THAT(parse_plan(plan.dump()),
                HasError(ErrorCode::invalid_argument, HasSubstr(name + " is missing")));
  }
  for (const char* list : {"entries", "refusals", "repositories", "decisions", "manifests"}) {
    for (const auto& [name, value] : whole[list][0].items()) {
      json plan = whole;
      plan[list][0].erase(name);
      EXPECT_THAT(parse_plan(plan.dump()),
                  HasError(ErrorCode::invalid_argument,
                           AllOf(HasSubstr(list), HasSubstr(name + " is missing"))));
    }
  }
}

TEST(PlanJsonTest, RefusesADuplicateKey) {
  std::string text = to_json(full_plan());
  text.insert(1, "\"version\": 1,");
  EXPECT_THAT(parse_plan(text), HasError(ErrorCode::invalid_argument, HasSubstr("version")));
}

TEST(PlanJsonTest, RefusesWhatIsNoJson) {
  for (const char* text : {"", "null", "[]", "{", "<html>"}) {
    EXPECT_THAT(parse_plan(text), HasError(ErrorCode::invalid_argument)) << text;
  }
  const std::string whole = to_json(full_plan());
  EXPECT_THAT(parse_plan(whole.substr(0, whole.size() / 2)), HasError(ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace purser
