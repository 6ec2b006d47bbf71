// Where apply changes nothing, or believes nothing.
#include <optional>
#include <string>

#include "purser/journal.h"
#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;

std::size_t changes_sent(const testing::FakeRegistry& registry) {
  std::size_t changes = registry.count("PUT");
  for (const testing::SeenRequest& request : registry.log()) {
    if (request.method == "DELETE" && request.status == 202) ++changes;
  }
  return changes;
}

// A-73, H1.
TEST_F(ApplyTest, ChangesNothingAnywhereWhenDeletesAreDisabled) {
  FakeRegistryOptions disabled;
  disabled.deletes_enabled = false;
  use(disabled);
  registry_->add_image(kRepo, "v1");
  registry_->set_tag(kRepo, "v2", tag_digest("v1"));
  registry_->add_image("other/app", "v1");
  registry_->add_image("other/app", "v2");
  auto report = prune_keeping({kRepo + ":v2", "other/app:v2"});
  EXPECT_THAT(report, HasError(ErrorCode::refused, HasSubstr("switched off")));
  EXPECT_EQ(changes_sent(*registry_), 0u);
}

TEST_F(ApplyTest, ChangesNothingWithoutTheRightAndNamesTheRepositories) {
  FakeRegistryOptions no_right;
  no_right.delete_right = false;
  use(no_right);
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  auto report = prune_keeping({kRepo + ":v2"});
  EXPECT_THAT(report, HasError(ErrorCode::forbidden, HasSubstr(kRepo)));
  EXPECT_EQ(changes_sent(*registry_), 0u);
}

// Some servers and proxies answer 404 to every DELETE; only a registry's own MANIFEST_UNKNOWN
// counts as enabled, and then nothing counts as removed that still answers.
TEST_F(ApplyTest, ReportsNothingAsRemovedWhenEveryDeleteAnswers404) {
  FakeRegistryOptions deaf;
  deaf.delete_always_404 = true;
  use(deaf);
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  registry_->set_tag(kRepo, "v3", tag_digest("v2"));
  auto report = prune_keeping({kRepo + ":v2"});
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("v1", "v2", "v3"));
  EXPECT_EQ(tag_digest("v3"), tag_digest("v2"));
  if (report) {
    EXPECT_EQ(report->tags_removed, 0u);
    EXPECT_FALSE(report->complete());
  }
}

// A proxy that answers 404 to everything confirms nothing.
TEST_F(ApplyTest, DoesNotTakeABare404ForAConfirmedDelete) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  bool deaf = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    deaf = deaf ||
           (request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos);
    if (!deaf) return std::nullopt;
    return http::Response{404, {{"Content-Type", "text/html"}}, "<html>not here</html>"};
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->manifests_removed, 0u);
  EXPECT_EQ(report->tags_removed, 0u);
  EXPECT_FALSE(report->complete());
}

TEST_F(ApplyTest, RefusesAPlanOfAnotherRegistry) {
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  auto plan = survey(client(), keep({kRepo + ":v2"}), {});
  ASSERT_THAT(plan, IsOk());
  use({.host = "elsewhere.test"});
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  Client elsewhere = client();
  EXPECT_THAT(apply_plan(elsewhere, *plan, {}, {.state_directory = state_.path()}),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("v1", "v2"));
}

TEST_F(ApplyTest, SkipsARepositoryThatAnotherRunHolds) {
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  auto held = RepositoryLock::take(state_.path(), *Repository::of(registry_->host(), kRepo));
  ASSERT_THAT(held, IsOk());
  auto report = prune_keeping({kRepo + ":v2"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->tags_skipped, 1u);
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("v1", "v2"));
}

TEST_F(ApplyTest, LeavesARepositoryWithAGapAloneAndGoesOnWithTheOthers) {
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  registry_->add_image("other/app", "v1");
  registry_->add_image("other/app", "v2");
  registry_->fail(Fault{.contains = kRepo + "/manifests/v1", .times = -1, .status = 403});
  auto report = prune_keeping({kRepo + ":v2", "other/app:v2"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("v1", "v2"));
  EXPECT_THAT(registry_->tags("other/app"), ElementsAre("v2"));
  EXPECT_FALSE(report->complete());
}

// A-39, A-44: a Link that leads astray must not make the list end there.
TEST_F(ApplyTest, RemovesNothingWhereALaterPageOfTheListIsNotFound) {
  FakeRegistryOptions paged;
  paged.tags_page = 2;
  use(paged);
  const Digest shared = registry_->add_image(kRepo, "a-old");
  registry_->add_image(kRepo, "release-1");
  registry_->set_tag(kRepo, "release-2", shared);
  registry_->fail(Fault{.contains = "last=",
                        .times = -1,
                        .status = 404,
                        .body = R"({"errors":[{"code":"NAME_UNKNOWN","message":"no such"}]})"});
  auto report = prune_keeping({kRepo + ":release-*"});
  EXPECT_TRUE(registry_->has(kRepo, shared));
  EXPECT_EQ(registry_->count("DELETE"), 0u);
  EXPECT_FALSE(report && report->complete());
}

}  // namespace
}  // namespace purser
