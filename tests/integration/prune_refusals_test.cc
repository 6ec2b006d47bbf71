// Runs that must not begin: nothing is changed anywhere, and the program says what would help.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/token_server.h"
#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Two repositories, one that loses a tag and one that loses nothing.
class RefusedPruneTest : public PruneTest {
 protected:
  explicit RefusedPruneTest(const RegistryOptions& options = {}) : PruneTest(options) {
    pusher.push("team/app", image_named("kept"), "kept");
    pusher.push("team/app", image_named("kept"), "same");
    pusher.push("team/app", image_named("old"), "old");
    pusher.push("team/other", image_named("other"), "v1");
    before = {tags_of("team/app"), tags_of("team/other")};
  }

  // Nothing was changed, and nothing was tried that could have.
  void expect_untouched() {
    EXPECT_THAT(changes(), IsEmpty());
    EXPECT_EQ(tags_of("team/app"), before[0]);
    EXPECT_EQ(tags_of("team/other"), before[1]);
    EXPECT_EQ(pusher.missing_part_of("team/app", image_named("old")), "");
  }

  const std::vector<std::string> kKeep = {"team/app:kept", "team/other:*"};
  std::vector<std::map<std::string, std::string>> before;
};

TEST_F(RefusedPruneTest, AnEmptyKeepList) {
  const auto list = directory.write("keep.txt", "# nothing but a comment\n\n");
  const PurserRun run = prune({}, {"--keep-file", list.string()});
  EXPECT_EQ(run.exit_code(), 7) << run;
  EXPECT_THAT(run.err(), HasSubstr("keep list is empty"));
  EXPECT_FALSE(run.report().applied);
  expect_untouched();
}

// A typing error must not delete the image that it meant.
TEST_F(RefusedPruneTest, AnEntryThatMatchesNothing) {
  const PurserRun run = prune({"team/app:kept", "team/other:*", "team/ap:old"});
  EXPECT_EQ(run.exit_code(), 7) << run;
  EXPECT_THAT(run.err(), HasSubstr("team/ap:old"));
  EXPECT_THAT(run.err(), HasSubstr("--allow-missing"));
  EXPECT_THAT(run.report().flags, Contains("--allow-missing"));
  expect_untouched();

  const PurserRun allowed =
      prune({"team/app:kept", "team/other:*", "team/ap:old"}, {"--allow-missing"});
  EXPECT_EQ(allowed.exit_code(), 0) << allowed;
  EXPECT_EQ(pusher.status("team/app", "old"), 404);
}

TEST_F(RefusedPruneTest, ADigestThatIsNowhere) {
  const PurserRun run =
      prune({"team/app:kept", "team/other:*", "team/app@" + digest_of("no such manifest")});
  EXPECT_EQ(run.exit_code(), 7) << run;
  EXPECT_THAT(run.err(), HasSubstr("--allow-missing"));
  expect_untouched();
}

TEST_F(RefusedPruneTest, ARepositoryThatWouldLoseAllItsTags) {
  const PurserRun run = prune({"team/app:kept"});
  EXPECT_EQ(run.exit_code(), 7) << run;
  EXPECT_THAT(run.err(), HasSubstr("team/other"));
  EXPECT_THAT(run.err(), HasSubstr("--allow-empty"));
  expect_untouched();
}

TEST_F(RefusedPruneTest, MoreRemovalsThanTheLimit) {
  for (const std::string limit : {"1", "49%"}) {
    const PurserRun run = prune(kKeep, {"--max-removals", limit});
    EXPECT_EQ(run.exit_code(), 7) << run;
    EXPECT_THAT(run.err(), HasSubstr("--max-removals"));
  }
  expect_untouched();
  EXPECT_EQ(prune(kKeep, {"--max-removals", "50%"}).exit_code(), 0);
}

TEST_F(RefusedPruneTest, APlanThatIsRefusedIsWrittenAndApplyRefusesItToo) {
  const std::string plan = (directory / "plan.json").string();
  const PurserRun planned =
      purser({"plan", host(), "--keep", "team/app:kept", "--out", plan, "-o", "json"});
  EXPECT_EQ(planned.exit_code(), 7) << planned;
  EXPECT_THAT(read_file(plan), HasSubstr("repository_emptied"));
  EXPECT_THAT(planned.err(), HasSubstr("--allow-empty"));

  const PurserRun applied = purser({"apply", plan, "--yes", "-o", "json"});
  EXPECT_EQ(applied.exit_code(), 7) << applied;
  EXPECT_THAT(applied.err(), HasSubstr("--allow-empty"));
  expect_untouched();

  const PurserRun allowed = purser({"apply", plan, "--yes", "--allow-empty", "-o", "json"});
  EXPECT_EQ(allowed.exit_code(), 0) << allowed;
  EXPECT_THAT(pusher.tags("team/other"), IsEmpty());
}

// Whoever edits a plan cannot make apply remove what its own policy keeps.
TEST_F(RefusedPruneTest, APlanThatWasEditedToRemoveAKeptDigest) {
  const std::string plan = (directory / "plan.json").string();
  ASSERT_EQ(purser({"plan", host(), "--keep", "team/app:kept", "--keep", "team/other:*", "--out",
                    plan, "-o", "json"})
                .exit_code(),
            0);
  // Every decision to keep becomes one to remove.
  const PurserRun edited{run_or_throw({"jq",
                                       R"(.repositories |= map(
            (.tags |= map(.action = "remove" | .means = "delete_manifest"))
            | (.manifests |= map(.action = "remove"))))",
                                       plan})};
  const auto file = directory.write("edited.json", edited.out());

  const PurserRun run = purser({"apply", file.string(), "--yes", "-o", "json"});
  EXPECT_EQ(run.exit_code(), 7) << run;
  expect_untouched();
  // No flag allows it.
  EXPECT_EQ(
      purser({"apply", file.string(), "--yes", "--allow-empty", "--allow-missing"}).exit_code(), 7);
  expect_untouched();
}

// A dry run shows what would go, and sends nothing but reads.
TEST_F(RefusedPruneTest, ARunWithoutYes) {
  const PurserRun run =
      purser({"prune", host(), "--keep", "team/app:kept", "--keep", "team/other:*", "-o", "json"});
  EXPECT_EQ(run.exit_code(), 0) << run;
  const RunReport report = run.report();
  EXPECT_FALSE(report.applied);
  EXPECT_EQ(report.tags_removed, 0u);
  EXPECT_EQ(report.tags_to_remove, 2u);
  EXPECT_EQ(report.tags.at("team/app:old").action, "remove");
  EXPECT_TRUE(report.adds_up());
  EXPECT_EQ(proxy.server().count("DELETE"), 0u);
  expect_untouched();
}

class DisabledDeletesTest : public RefusedPruneTest {
 protected:
  DisabledDeletesTest() : RefusedPruneTest(RegistryOptions{.deletes = false}) {}
};

// H1: a stand-in that cannot be deleted again would be data loss, so not even an untag begins.
TEST_F(DisabledDeletesTest, SaysHowToEnableThem) {  // A-73
  const PurserRun run = prune(kKeep);
  EXPECT_EQ(run.exit_code(), 7) << run;
  EXPECT_THAT(run.err(), HasSubstr("REGISTRY_STORAGE_DELETE_ENABLED=true"));
  EXPECT_THAT(run.err(), HasSubstr("team/app"));
  expect_untouched();
}

TEST_F(DisabledDeletesTest, AreNoticedBeforeAnUntagAndADelete) {
  const PurserRun untagged = purser({"untag", host() + "/team/app:same"});
  EXPECT_NE(untagged.exit_code(), 0) << untagged;
  EXPECT_THAT(untagged.err(), HasSubstr("REGISTRY_STORAGE_DELETE_ENABLED=true"));
  const PurserRun deleted = purser({"delete", host() + "/team/app:old"});
  EXPECT_EQ(deleted.exit_code(), 7) << deleted;
  EXPECT_THAT(deleted.err(), HasSubstr("REGISTRY_STORAGE_DELETE_ENABLED=true"));
  expect_untouched();
}

// Some proxies answer 404 to every DELETE. That is not "it is gone".
TEST_F(RefusedPruneTest, AProxyThatAnswers404ToEveryDelete) {  // A-73
  WireResponse html{.status = 404, .body = "<html><body>404 Not Found</body></html>"};
  html.headers.fields = {{"Content-Type", "text/html"}};
  for (const WireResponse& answer : {html, WireResponse{.status = 404}}) {
    proxy.clear_rules();
    proxy.answer({.method = "DELETE"}, answer);
    const PurserRun run = prune(kKeep);
    EXPECT_EQ(run.exit_code(), 7) << run;
    EXPECT_THAT(run.err(), HasSubstr("--check-delete"));
    expect_untouched();
  }
}

// Though the probe was answered as by a registry that deletes.
TEST_F(RefusedPruneTest, AnswersOf404ToTheDeletesThemselvesAreSeenThrough) {  // A-92
  WireResponse unknown{
      .status = 404,
      .body = R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})"};
  unknown.headers.fields = {{"Content-Type", "application/json"}};
  proxy.answer({.method = "DELETE"}, unknown);
  const PurserRun run = prune(kKeep);
  EXPECT_EQ(run.exit_code(), 3) << run;
  EXPECT_EQ(run.report().tags_removed, 0u);
  EXPECT_TRUE(run.report().adds_up());
  EXPECT_EQ(run.report().outcome("team/app:old"), "failed");
  EXPECT_EQ(run.report().outcome("team/app:same"), "failed");
  EXPECT_EQ(tags_of("team/app"), before[0]);
  EXPECT_EQ(lost("team/app", "same", image_named("kept")), "");
}

// Alice may delete in team/b and not in team/a: both stay as they are.
TEST(TokenAuthPruneTest, NamesTheRepositoriesWithoutTheRightToDelete) {  // A-22, A-73
  const std::set<std::string> all = {"pull", "push", "delete"};
  TokenUser alice{.password = "s3cret",
                  .grants = {{"team/a", {"pull", "push"}}, {"team/b", all}},
                  .catalog = true};
  TokenServer tokens{{.users = {{"alice", alice}}}};
  RegistryServer registry{{.tokens = &tokens}};
  TokenUser god{.grants = {{"*", all}}};
  Pusher pusher(
      registry.url(),
      {.token = tokens.token(god, {"repository:team/a:pull,push", "repository:team/b:pull,push"})});
  for (const std::string repository : {"team/a", "team/b"}) {
    pusher.push(repository, image_named("kept"), "kept");
    pusher.push(repository, image_named("old"), "old");
  }
  TempDir directory;
  const auto prune = [&] {
    return PurserRun{run(
        {PURSER_PROGRAM, "prune", registry.host(), "--keep", "**:kept", "--yes", "-o", "json", "-u",
         "alice", "--password-stdin"},
        {.stdin_text = "s3cret", .environment = {{"XDG_STATE_HOME", directory.path().string()}}})};
  };

  const PurserRun refused = prune();
  EXPECT_EQ(refused.exit_code(), 4) << refused;
  EXPECT_THAT(refused.err(), HasSubstr("team/a"));
  EXPECT_THAT(refused.err(), Not(HasSubstr("team/b")));
  EXPECT_EQ(pusher.status("team/a", "old"), 200);
  EXPECT_EQ(pusher.status("team/b", "old"), 200);

  alice.grants[0].actions = all;
  tokens.set_user("alice", alice);
  const PurserRun done = prune();
  EXPECT_EQ(done.exit_code(), 0) << done;
  EXPECT_EQ(pusher.status("team/a", "old"), 404);
  EXPECT_EQ(pusher.status("team/b", "old"), 404);
  EXPECT_EQ(pusher.missing_part_of("team/a", image_named("kept")), "");
}

}  // namespace
}  // namespace purser::testing
