// plan, apply, prune.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/app_fixture.h"
#include "purser/digest.h"

namespace purser::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using Json = nlohmann::json;

// a: v1 and v2 on one digest, v3 on another; b: latest.
class AppRetentionTest : public AppFixture {
 protected:
  AppRetentionTest() {
    shared_ = registry_->add_image("a", "v1");
    registry_->set_tag("a", "v2", *shared_);
    registry_->add_image("a", "v3");
    registry_->add_image("b", "latest");
  }
  std::optional<Digest> shared_;
};

TEST_F(AppRetentionTest, ShowsWhatWouldGoAndDoesNothing) {
  const Ran ran = run({"prune", "registry.test", "--keep", "a:v1", "--keep", "b:*"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("a  3 tags: 2 go, 1 stays"), HasSubstr("untag   v2"),
                             HasSubstr("delete  v3"), HasSubstr("keep    v1"),
                             HasSubstr("a:v1  1 tag"), HasSubstr("--yes")));
  EXPECT_EQ(changes(), 0u);
}

// C.1-23: who may push can make it look no further than is asked for, and not hinder it for good.
TEST_F(AppRetentionTest, FollowsAnIndexNoFurtherThanItMayUntilThatIsUntagged) {
  std::vector<Digest> nowhere;
  for (int i = 0; i < 50; ++i) nowhere.push_back(Digest::of(std::to_string(i)));
  registry_->add_index("a", "poison", nowhere);
  const std::vector<std::string> prune = {"prune",  "registry.test", "--keep", "a:v1",
                                          "--keep", "b:*",           "--yes",  "--max-manifests"};
  const auto with_limit = [&](const char* limit) {
    std::vector<std::string> arguments = prune;
    arguments.emplace_back(limit);
    return run(arguments);
  };
  const Ran poisoned = with_limit("49");
  EXPECT_EQ(poisoned.code, 3) << poisoned.out;
  EXPECT_THAT(poisoned.err, AllOf(HasSubstr("more than 49 manifests"), HasSubstr("--max-manifests"),
                                  HasSubstr("by the tag poison")));
  EXPECT_THAT(registry_->tags("a"), ElementsAre("poison", "v1", "v2", "v3"));
  EXPECT_EQ(run({"untag", "registry.test/a:poison"}).code, 0);
  EXPECT_EQ(with_limit("49").code, 0);
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v1"));
}

TEST_F(AppRetentionTest, RemovesAnIndexThatLeadsToNothingWithinItsLimit) {
  std::vector<Digest> nowhere;
  for (int i = 0; i < 50; ++i) nowhere.push_back(Digest::of(std::to_string(i)));
  registry_->add_index("a", "sparse", nowhere);
  const Ran ran = run({"prune", "registry.test", "--keep", "a:v1", "--keep", "b:*", "--yes",
                       "--max-manifests", "50"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v1"));
}

TEST_F(AppRetentionTest, ReportsADryRunAsNotApplied) {
  const Ran ran = run({"prune", "registry.test", "--keep", "a:v1", "--keep", "b:*", "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  const Json report = Json::parse(ran.out);
  EXPECT_EQ(report["applied"], false);
  EXPECT_EQ(report["tags_removed"], 0);
  EXPECT_EQ(report["tags_seen"], 4);
  EXPECT_EQ(report["tags_to_remove"], 2);
  EXPECT_EQ(report["decisions"].size(), 4u);
}

TEST_F(AppRetentionTest, RemovesWhatIsNotKeptAndNothingElse) {
  const Ran ran =
      run({"prune", "registry.test", "--keep", "a:v1", "--keep", "b:*", "--yes", "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  const Json report = Json::parse(ran.out);
  EXPECT_EQ(report["applied"], true);
  EXPECT_EQ(report["tags_removed"], 2);
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v1"));
  EXPECT_THAT(registry_->tags("b"), ElementsAre("latest"));
  EXPECT_TRUE(registry_->has("a", *shared_));
}

//
TEST_F(AppRetentionTest, TellsHowTheSpaceComesBack) {
  const Ran ran = run({"prune", "registry.test", "--keep", "a:v1", "--keep", "b:*", "--yes"});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("garbage-collect CONFIG"), HasSubstr("--delete-untagged"),
                             HasSubstr("removed  v3")));
}

TEST_F(AppRetentionTest, PrintsADecisionALineAndThenTheTotals) {
  std::istringstream lines(
      run({"prune", "registry.test", "--keep", "a:*", "--keep", "b:*", "-o", "jsonl"}).out);
  std::vector<Json> values;
  for (std::string line; std::getline(lines, line);) values.push_back(Json::parse(line));
  ASSERT_EQ(values.size(), 5u);
  EXPECT_EQ(values[0]["tag"], "v1");
  EXPECT_EQ(values.back()["summary"], true);
  EXPECT_EQ(values.back()["tags_seen"], 4);
}

// A typing error must not delete the image that it meant.
TEST_F(AppRetentionTest, RefusesTheWholeRunForAnEntryThatMatchesNothing) {
  const Ran ran = run({"prune", "registry.test", "--keep", "a:v1", "--keep", "b:latset", "--yes"});
  EXPECT_EQ(ran.code, 7);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("b:latset"), HasSubstr("--allow-missing")));
  EXPECT_THAT(ran.out, HasSubstr("matches nothing"));
  EXPECT_EQ(changes(), 0u);
  EXPECT_EQ(run({"prune", "registry.test", "--keep", "a:v1", "--keep", "b:latset"}).code, 7);
}

TEST_F(AppRetentionTest, RefusesToRemoveMoreThanItMay) {
  const std::vector<std::string> arguments = {
      "prune", "registry.test", "--keep", "a:v1", "--keep", "b:*", "--yes", "--max-removals"};
  std::vector<std::string> one = arguments;
  one.emplace_back("1");
  const Ran ran = run(one);
  EXPECT_EQ(ran.code, 7);
  EXPECT_THAT(ran.err, HasSubstr("--max-removals"));
  EXPECT_EQ(changes(), 0u);
  std::vector<std::string> half = arguments;
  half.emplace_back("50%");
  EXPECT_EQ(run(half).code, 0);
}

TEST_F(AppRetentionTest, RefusesAnEmptyKeepList) {
  const std::string empty = file("keep", "# nothing yet\n");
  EXPECT_EQ(run({"prune", "registry.test", "--keep-file", empty, "--yes"}).code, 7);
  EXPECT_EQ(changes(), 0u);
}

TEST_F(AppRetentionTest, WantsAKeepList) {
  const Ran ran = run({"prune", "registry.test"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("--keep-file"));
}

TEST_F(AppRetentionTest, OffersTheGlobForABareRepository) {
  const Ran ran = run({"prune", "registry.test", "--keep", "a"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("a:*"));
  const std::string list = file("keep", "a:v1\nb\n");
  const Ran in_file = run({"prune", "registry.test", "--keep-file", list});
  EXPECT_EQ(in_file.code, 2);
  EXPECT_THAT(in_file.err, AllOf(HasSubstr(list), HasSubstr("2")));
}

TEST_F(AppRetentionTest, LooksOnlyAtTheRepositoriesOfItsScope) {
  const Ran ran = run({"prune", "registry.test/a", "--keep", "a:v1", "--keep", "b:none", "--yes"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v1"));
  EXPECT_THAT(registry_->tags("b"), ElementsAre("latest"));
  EXPECT_EQ(registry_->count("GET", "/v2/_catalog"), 0u);
}

TEST_F(AppRetentionTest, RefusesTwoRegistriesInOneRun) {
  EXPECT_EQ(run({"prune", "registry.test", "other.test", "--keep", "a:*"}).code, 2);
}

TEST_F(AppRetentionTest, TakesTheRepositoriesFromAFileWhereThereIsNoCatalog) {
  testing::FakeRegistryOptions options;
  options.catalog = false;
  registry_->set_options(options);
  const Ran without = run({"prune", "registry.test", "--keep", "a:v3"});
  EXPECT_EQ(without.code, 1);
  EXPECT_THAT(without.err, HasSubstr("--repos-file"));
  const std::string repositories = file("repos", "registry.test/a\n");
  EXPECT_EQ(
      run({"prune", "registry.test", "--repos-file", repositories, "--keep", "a:v3", "--yes"}).code,
      0);
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v3"));
  EXPECT_THAT(registry_->tags("b"), ElementsAre("latest"));
}

// The file stands for the catalog: an entry for what it does not name is most likely a typing
// error.
TEST_F(AppRetentionTest, FindsAnEntryOutsideTheRepositoriesOfTheFileUnmatched) {
  const std::string repositories = file("repos", "a\n");
  EXPECT_EQ(run({"prune", "registry.test", "--repos-file", repositories, "--keep", "a:v1", "--keep",
                 "c:v1"})
                .code,
            7);
}

TEST_F(AppRetentionTest, DoesInTwoStepsWhatPruneDoesInOne) {
  const std::string plan = path("plan.json");
  const Ran planned =
      run({"plan", "registry.test", "--keep", "a:v1", "--keep", "b:*", "--out", plan});
  EXPECT_EQ(planned.code, 0) << planned.err;
  EXPECT_EQ(changes(), 0u);
  EXPECT_THAT(run({"apply", plan}).out, HasSubstr("Nothing was done"));
  EXPECT_EQ(changes(), 0u);
  const Ran applied = run({"apply", plan, "--yes", "-o", "json"});
  EXPECT_EQ(applied.code, 0) << applied.err;
  EXPECT_EQ(Json::parse(applied.out)["tags_removed"], 2);
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v1"));
}

TEST_F(AppRetentionTest, WritesARefusedPlanThatApplyRefusesToo) {
  const std::string plan = path("plan.json");
  EXPECT_EQ(run({"plan", "registry.test", "--keep", "a:v1", "--out", plan}).code, 7);
  const Ran refused = run({"apply", plan, "--yes"});
  EXPECT_EQ(refused.code, 7);
  EXPECT_THAT(refused.err, HasSubstr("--allow-empty"));
  EXPECT_EQ(changes(), 0u);
  EXPECT_EQ(run({"apply", plan, "--yes", "--allow-empty"}).code, 0);
}

TEST_F(AppRetentionTest, PrintsThePlanItself) {
  const std::vector<std::string> arguments = {"plan", "registry.test", "--keep",
                                              "a:*",  "--keep",        "b:*"};
  std::vector<std::string> json = arguments;
  json.insert(json.end(), {"-o", "json"});
  std::vector<std::string> out = arguments;
  out.insert(out.end(), {"--out", "-"});
  EXPECT_EQ(Json::parse(run(json).out)["format"], "purser-plan");
  EXPECT_EQ(Json::parse(run(out).out)["format"], "purser-plan");
}

TEST_F(AppRetentionTest, SaysWhyAPlanCannotBeWritten) {
  const Ran ran = run(
      {"plan", "registry.test", "--keep", "a:*", "--keep", "b:*", "--out", path("none/plan.json")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("none/plan.json"));
  EXPECT_EQ(
      run({"plan", "registry.test", "--keep", "a:*", "--keep", "b:*", "--out", directory_.string()})
          .code,
      2);
}

TEST_F(AppRetentionTest, RefusesAPlanThatIsNone) {
  EXPECT_EQ(run({"apply", file("plan.json", "{}"), "--yes"}).code, 2);
  EXPECT_EQ(run({"apply", path("none"), "--yes"}).code, 1);
  EXPECT_THAT(registry_->log(), IsEmpty());
}

TEST_F(AppRetentionTest, RemovesNothingInARepositoryThatItCouldNotReadWhole) {
  testing::Fault fault;
  fault.method = "GET";
  fault.contains = "/v2/a/manifests/" + shared_->str();
  fault.times = -1;
  fault.status = 403;
  registry_->fail(fault);
  const Ran ran =
      run({"prune", "registry.test", "--keep", "a:v3", "--keep", "b:*", "--yes", "-o", "json"});
  EXPECT_EQ(ran.code, 3) << ran.err;
  EXPECT_EQ(Json::parse(ran.out)["tags_removed"], 0);
  EXPECT_THAT(registry_->tags("a"), ElementsAre("v1", "v2", "v3"));
}

TEST_F(AppRetentionTest, NamesAWrongPasswordAndNotAnUnreadRepository) {
  testing::FakeRegistryOptions options;
  options.authorization = "Basic YW5uOnMzY3JldA==";
  registry_->set_options(options);
  EXPECT_EQ(run({"prune", "registry.test/a", "--keep", "a:*"}).code, 4);
}

TEST_F(AppRetentionTest, WarnsOfARepositoryThatIsNotThere) {
  const Ran ran = run({"prune", "registry.test/nonesuch", "--keep", "a:*"});
  EXPECT_THAT(ran.err, HasSubstr("registry.test/nonesuch is unknown"));
}

TEST_F(AppRetentionTest, ChangesNothingAnywhereWhereDeletesAreDisabled) {
  testing::FakeRegistryOptions options;
  options.deletes_enabled = false;
  registry_->set_options(options);
  const Ran ran = run({"prune", "registry.test", "--keep", "a:v1", "--keep", "b:*", "--yes"});
  EXPECT_EQ(ran.code, 7);
  EXPECT_THAT(ran.err, HasSubstr("REGISTRY_STORAGE_DELETE_ENABLED"));
  EXPECT_EQ(registry_->count("PUT"), 0u);
  EXPECT_THAT(registry_->tags("a"), IsSupersetOf({"v1", "v2", "v3"}));
}

}  // namespace
}  // namespace purser::cli
