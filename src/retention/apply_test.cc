#include "purser/apply.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "purser/prune.h"
#include "purser/stand_in.h"
#include "testing/fake_registry.h"
#include "testing/matchers.h"
#include "testing/temp_dir.h"

namespace purser {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::FakeRegistry;
using testing::FakeRegistryOptions;
using testing::Fault;
using ::testing::Field;
using testing::HasError;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::SeenRequest;
using ::testing::UnorderedElementsAre;

const std::string kRepo = "team/app";

class ApplyTest : public ::testing::Test {
 protected:
  void use(FakeRegistryOptions options) {
    registry_ = std::make_shared<FakeRegistry>(std::move(options));
  }

  Client client() const {
    ClientOptions options;
    options.registry = registry_->host();
    options.transport = registry_;
    options.retry.max_attempts = 1;
    return *Client::create(std::move(options));
  }

  Policy keep(const std::vector<std::string>& entries) const {
    KeepPolicy policy;
    for (const std::string& entry : entries) {
      policy.entries.push_back(*KeepEntry::parse(entry, registry_->host()));
    }
    return policy;
  }

  PruneOptions options() const {
    PruneOptions options;
    options.apply.state_directory = state_.path();
    options.survey.guardrails.allow_missing = true;
    return options;
  }

  Result<Report> prune_keeping(const std::vector<std::string>& entries) const {
    Client with = client();
    return prune(with, keep(entries), options());
  }

  Digest tag_digest(const std::string& tag) const { return *registry_->tag(kRepo, tag); }

  static void expect_adds_up(const Report& report) {
    EXPECT_EQ(report.tags_seen,
              report.tags_kept + report.tags_removed + report.tags_failed + report.tags_skipped);
  }

  std::shared_ptr<FakeRegistry> registry_ = std::make_shared<FakeRegistry>();
  testing::TempDir state_;
};

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

TEST_F(ApplyTest, LeavesADigestAloneThatGotATagBetweenPlanAndApply) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  PruneOptions options = this->options();
  options.planned = [&](const Plan&) -> Status {
    registry_->set_tag(kRepo, "new", doomed);
    return {};
  };
  Client with = client();
  auto report = prune(with, keep({kRepo + ":kept"}), options);
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(report->tags_skipped, 1u);
  EXPECT_FALSE(report->complete());
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("doomed", "kept", "new"));
}

TEST_F(ApplyTest, LeavesAChildAloneThatANewIndexReuses) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  const Digest other = registry_->add_image(kRepo, "", "other");
  registry_->add_index(kRepo, "old", {child, other});
  registry_->add_image(kRepo, "kept");
  const Digest old = tag_digest("old");
  // The new index comes as late as can be: just before the DELETE of the old one.
  bool done = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(old.hex()) != std::string::npos &&
        !done) {
      done = true;
      registry_->add_index(kRepo, "new", {child});
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_FALSE(registry_->has(kRepo, other));
  EXPECT_TRUE(registry_->has(kRepo, child)) << "the new index needs it";
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept", "new"));
  EXPECT_FALSE(report->complete());
}

TEST_F(ApplyTest, SkipsATagThatMovedSinceThePlan) {
  registry_->add_image(kRepo, "moving", "one");
  registry_->add_image(kRepo, "kept");
  PruneOptions options = this->options();
  Digest fresh = tag_digest("kept");
  options.planned = [&](const Plan&) -> Status {
    fresh = registry_->add_image(kRepo, "moving", "two");
    return {};
  };
  Client with = client();
  auto report = prune(with, keep({kRepo + ":kept"}), options);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->tags_skipped, 1u);
  EXPECT_EQ(tag_digest("moving"), fresh);
  EXPECT_TRUE(registry_->has(kRepo, fresh));
}

// There is no compare-and-swap on the wire (A-58): what slips through the window is put back.
TEST_F(ApplyTest, PutsBackAKeptTagThatWasMovedOntoADigestAsItWasDeleted) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos) {
      registry_->set_tag(kRepo, "latest", doomed);
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("latest"));
  EXPECT_EQ(tag_digest("latest"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_THAT(report->warnings, Contains(HasSubstr("latest")));
  EXPECT_FALSE(report->complete());
}

TEST_F(ApplyTest, PutsBackAKeptTagThatTheDeleteTurnedIntoAGhost) {
  FakeRegistryOptions leaves_ghosts;
  leaves_ghosts.delete_leaves_tags = true;
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const bool is_it =
        request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos;
    if (is_it) registry_->set_tag(kRepo, "latest", doomed);
    registry_->set_options(is_it ? leaves_ghosts : FakeRegistryOptions{});
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(tag_digest("latest"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
}

// A-92: listed, and 404.
TEST_F(ApplyTest, ClearsAGhostThatADeleteLeftBehind) {
  FakeRegistryOptions leaves_ghosts;
  leaves_ghosts.delete_leaves_tags = true;
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  int deletes = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const bool is_it =
        request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos;
    registry_->set_options(is_it && deletes++ == 0 ? leaves_ghosts : FakeRegistryOptions{});
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept"));
  EXPECT_EQ(report->tags_removed, 1u);
  EXPECT_TRUE(report->complete());
}

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(text).str();
}

std::size_t changes_sent(const FakeRegistry& registry) {
  std::size_t changes = registry.count("PUT");
  for (const SeenRequest& request : registry.log()) {
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

TEST_F(ApplyTest, SendsNoDeleteWhoseJournalLineIsNotOnDisk) {
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  std::vector<std::string> unannounced;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method != "DELETE") return std::nullopt;
    std::string text;
    for (const auto& file : std::filesystem::recursive_directory_iterator(state_.path())) {
      if (file.path().extension() == ".jsonl") text += text_of(file.path());
    }
    const std::string digest = request.target.substr(request.target.rfind('/') + 1);
    if (registry_->has(kRepo, *Digest::parse(digest)) &&
        text.find("\"digest\":\"" + digest) == std::string::npos) {
      unannounced.push_back(digest);
    }
    return std::nullopt;
  });
  ASSERT_THAT(prune_keeping({kRepo + ":v2"}), IsOk());
  EXPECT_THAT(unannounced, IsEmpty());
}

// A kept tag is pushed again as an index that needs a child of one that goes.
TEST_F(ApplyTest, PutsBackAChildThatAKeptTagPushedAgainNeeds) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "old", {child});
  registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(child.hex()) != std::string::npos) {
      registry_->add_index(kRepo, "latest", {child});
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, child));
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->warnings, Contains(HasSubstr("needs it")));
}

TEST_F(ApplyTest, LeavesAChildAloneThatAKeptTagPushedAgainNeeds) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "old", {child});
  const Digest old = tag_digest("old");
  registry_->add_image(kRepo, "latest");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(old.hex()) != std::string::npos) {
      registry_->add_index(kRepo, "latest", {child});
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->count("DELETE", std::string(child.hex())), 0u);
  EXPECT_TRUE(registry_->has(kRepo, child));
}

TEST_F(ApplyTest, PutsTheImageBackThatATagWasMovedOntoHoweverManyWereDeletedBefore) {
  const Digest one = registry_->add_image(kRepo, "one");
  const Digest two = registry_->add_image(kRepo, "two");
  registry_->add_image(kRepo, "latest");
  // Onto whichever goes second.
  std::optional<Digest> second;
  int deletes = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    for (const Digest& digest : {one, two}) {
      if (request.method != "DELETE" || request.target.find(digest.hex()) == std::string::npos)
        continue;
      if (++deletes == 2) {
        second = digest;
        registry_->set_tag(kRepo, "latest", digest);
      }
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  ASSERT_TRUE(second);
  EXPECT_EQ(registry_->tag(kRepo, "latest"), second);
  EXPECT_FALSE(report->complete());
}

// Where tags can be deleted by name, one that vanished did not go with a digest.
TEST_F(ApplyTest, PutsNoOtherImageOntoATagThatSomebodyDeletedByName) {
  FakeRegistryOptions by_name;
  by_name.tag_delete = FakeRegistryOptions::TagDelete::conforming;
  use(by_name);
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  registry_->add_image(kRepo, "other");
  const Digest kept = tag_digest("kept");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && request.target.find(doomed.hex()) != std::string::npos) {
      registry_->remove_tag(kRepo, "kept");
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept", kRepo + ":other"});
  ASSERT_THAT(report, IsOk());
  EXPECT_NE(registry_->tag(kRepo, "kept"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, kept));
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

// A journal whose work is still open puts things back once, and not again and again.
TEST_F(ApplyTest, PutsThingsBackFromAJournalOnce) {
  const Digest kept = registry_->add_image(kRepo, "b");
  const Digest gone = registry_->add_image(kRepo, "", "gone");
  const Manifest bytes =
      *Manifest::parse(*registry_->manifest(kRepo, gone), media_type::kOciManifest);
  const Repository repository = *Repository::of(registry_->host(), kRepo);
  {
    auto journal = *Journal::create(state_.path(), registry_->host());
    ASSERT_THAT(journal->begin_repository(repository, {{"b", kept}}, {gone, Digest::of("more")}),
                IsOk());
    ASSERT_THAT(
        journal->before(
            {.kind = Change::Kind::delete_manifest, .repository = repository, .original = bytes}),
        IsOk());
  }
  registry_->remove_manifest(kRepo, gone);
  Client with = client();
  ApplyOptions apply_options{.state_directory = state_.path()};
  ASSERT_THAT(settle(with, apply_options), IsOk());
  registry_->remove_tag(kRepo, "b");
  auto again = settle(with, apply_options);
  ASSERT_THAT(again, IsOk());
  EXPECT_THAT(*again, IsEmpty());
  EXPECT_THAT(registry_->tags(kRepo), IsEmpty());
  auto leftovers = find_leftovers(state_.path(), registry_->host());
  ASSERT_THAT(leftovers, IsOk());
  EXPECT_EQ(leftovers->at(kRepo).size(), 2u) << "the work is still open";
}

// The registry goes away after the stand-in is on the tag: the next run must find it.
TEST_F(ApplyTest, KeepsTheJournalOpenAfterAnUntagThatFailed) {
  const Digest shared = registry_->add_image(kRepo, "keep");
  registry_->set_tag(kRepo, "drop", shared);
  bool put = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (put) return http::Failure{http::Failure::Kind::broken, "gone"};
    put = request.method == "PUT";
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":keep"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  registry_->on_request(nullptr);
  ASSERT_NE(registry_->tag(kRepo, "drop"), shared);
  Client with = client();
  ASSERT_THAT(settle(with, {.state_directory = state_.path()}), IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "drop"), shared);
}

TEST_F(ApplyTest, KeepsTheJournalOpenWhileWhatIsKeptCouldNotBeChecked) {
  registry_->add_image(kRepo, "kept");
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  bool deleted = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deleted && request.target.ends_with("/manifests/kept")) return http::Response{500, {}, ""};
    deleted = deleted || (request.method == "DELETE" &&
                          request.target.find(doomed.hex()) != std::string::npos);
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  auto open = find_unfinished(state_.path(), registry_->host());
  ASSERT_THAT(open, IsOk());
  EXPECT_EQ(open->size(), 1u);
  registry_->on_request(nullptr);
  ASSERT_THAT(prune_keeping({kRepo + ":kept"}), IsOk());
  open = find_unfinished(state_.path(), registry_->host());
  ASSERT_THAT(open, IsOk());
  EXPECT_TRUE(open->empty());
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

TEST_F(ApplyTest, LeavesATagAloneThatWasPushedWhileItsStandInWasToBeReplaced) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const Manifest image =
      *Manifest::parse(*registry_->manifest(kRepo, original), media_type::kOciManifest);
  const Manifest stand_in = *make_stand_in(image, "v1");
  registry_->put(kRepo, "v1", stand_in.raw(), stand_in.media_type());
  registry_->add_image(kRepo, "old");
  Digest fresh = original;
  int heads = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    // The survey's and apply's own look come first.
    if (request.target.ends_with("/manifests/v1") && request.method == "HEAD" && ++heads == 3) {
      fresh = registry_->add_image(kRepo, "v1", "fresh");
    }
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":v1"});
  ASSERT_THAT(report, IsOk());
  EXPECT_NE(fresh, original);
  EXPECT_EQ(registry_->tag(kRepo, "v1"), fresh);
}

}  // namespace
}  // namespace purser
