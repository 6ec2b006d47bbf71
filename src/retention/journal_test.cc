#include "purser/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "testing/matchers.h"
#include "testing/temp_dir.h"

namespace purser {
namespace {

namespace fs = std::filesystem;
using testing::HasError;
using testing::IsOk;

const std::string kRegistry = "registry.test:5000";

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(text).str();
}

class JournalTest : public ::testing::Test {
 protected:
  Repository repository_ = *Repository::of(kRegistry, "team/app");
  Manifest manifest_ =
      *Manifest::parse(R"({"schemaVersion":2,"manifests":[],"annotations":{"text":"\u00e9\n"}})",
                       media_type::kOciIndex);
  testing::TempDir state_;

  std::unique_ptr<Journal> open() const { return *Journal::create(state_.path(), kRegistry); }
  Change deletion() const {
    return {.kind = Change::Kind::delete_manifest,
            .repository = repository_,
            .original = manifest_,
            .tags = {"v1"}};
  }
  std::vector<Unfinished> unfinished() const { return *find_unfinished(state_.path(), kRegistry); }
};

TEST_F(JournalTest, HasTheStepAndItsBytesOnDiskWhenBeforeReturns) {
  auto journal = open();
  ASSERT_THAT(
      journal->begin_repository(repository_, {{"kept", manifest_.digest()}}, {manifest_.digest()}),
      IsOk());
  ASSERT_THAT(journal->before(deletion()), IsOk());
  const fs::path copy = state_ / "copy/journals" / kRegistry;
  fs::create_directories(copy);
  fs::copy(journal->path(), copy);
  std::ofstream(copy / (journal->path().filename().string() + ".open"));

  auto found = find_unfinished(state_ / "copy", kRegistry);
  ASSERT_THAT(found, IsOk());
  ASSERT_EQ(found->size(), 1u);
  const Unfinished& open = found->front();
  EXPECT_EQ(open.repository, repository_);
  EXPECT_EQ(open.kept_tags.at("kept"), manifest_.digest());
  EXPECT_THAT(open.to_delete, ::testing::ElementsAre(manifest_.digest()));
  ASSERT_EQ(open.steps.size(), 1u);
  EXPECT_EQ(open.steps[0].bytes, manifest_.raw());
  EXPECT_EQ(open.steps[0].media_type, manifest_.media_type());
  EXPECT_THAT(open.steps[0].tags, ::testing::ElementsAre("v1"));
  EXPECT_FALSE(open.steps[0].finished);
}

TEST_F(JournalTest, IsNotTakenForUnfinishedWhileItsRunLives) {
  auto journal = open();
  ASSERT_THAT(journal->begin_repository(repository_, {}, {manifest_.digest()}), IsOk());
  EXPECT_TRUE(unfinished().empty());
  journal.reset();
  EXPECT_EQ(unfinished().size(), 1u);
}

TEST_F(JournalTest, IsSettledWhenItsRunEndedWell) {
  auto journal = open();
  ASSERT_THAT(journal->begin_repository(repository_, {}, {manifest_.digest()}), IsOk());
  ASSERT_THAT(journal->before(deletion()), IsOk());
  ASSERT_THAT(journal->after(deletion(), {}), IsOk());
  ASSERT_THAT(journal->end_repository(repository_), IsOk());
  ASSERT_THAT(journal->end(), IsOk());
  const fs::path path = journal->path();
  journal.reset();
  EXPECT_TRUE(unfinished().empty());
  EXPECT_TRUE(fs::exists(path)) << "an undo needs it";
  EXPECT_FALSE(fs::exists(path.string() + ".open"));
}

TEST_F(JournalTest, KeepsAFailedStepOpen) {
  auto journal = open();
  ASSERT_THAT(journal->before(deletion()), IsOk());
  ASSERT_THAT(journal->after(deletion(), Unexpected(Error{.message = "no"})), IsOk());
  ASSERT_THAT(journal->end(), IsOk());
  journal.reset();
  ASSERT_EQ(unfinished().size(), 1u);
  EXPECT_FALSE(unfinished()[0].steps[0].finished);
}

// A-74: an answer that says "not done" settles the step; any other leaves open what happened.
TEST_F(JournalTest, KnowsAStepThatTheRegistryRefusedFromOneThatFailed) {
  const auto failed_with = [](int status) {
    Error error{.code = ErrorCode::conflict, .message = "no"};
    error.http = HttpFailure{.status = status, .method = "DELETE"};
    return error;
  };
  for (const int status : {403, 405, 409, 429}) {
    SCOPED_TRACE(status);
    auto journal = open();
    ASSERT_THAT(journal->before(deletion()), IsOk());
    ASSERT_THAT(journal->after(deletion(), Unexpected(failed_with(status))), IsOk());
    journal.reset();
    EXPECT_TRUE(unfinished().empty());
  }
  for (const int status : {404, 408, 500, 503}) {
    SCOPED_TRACE(status);
    auto journal = open();
    ASSERT_THAT(journal->before(deletion()), IsOk());
    ASSERT_THAT(journal->after(deletion(), Unexpected(failed_with(status))), IsOk());
    journal.reset();
    ASSERT_EQ(unfinished().size(), 1u);
    EXPECT_FALSE(unfinished()[0].steps[0].refused);
    ASSERT_THAT(mark_settled(unfinished()[0].journal, repository_), IsOk());
  }
}

TEST_F(JournalTest, KeepsTheBytesOfWhatAStepMayTakeAlong) {
  const Manifest near =
      *Manifest::parse(R"({"schemaVersion":2,"manifests":[]})", media_type::kOciIndex);
  {
    auto journal = open();
    ASSERT_THAT(journal->keep_bytes(repository_, near), IsOk());
    ASSERT_THAT(journal->before(deletion()), IsOk());
  }
  const std::vector<Unfinished> open = unfinished();
  ASSERT_EQ(open.size(), 1u);
  ASSERT_EQ(open[0].kept_manifests.size(), 1u);
  EXPECT_EQ(open[0].kept_manifests[0].digest, near.digest());
  EXPECT_EQ(open[0].kept_manifests[0].media_type, near.media_type());
  EXPECT_EQ(open[0].kept_manifests[0].bytes, near.raw());
}

TEST_F(JournalTest, KeepsWorkOpenAndNothingElseAfterARunThatFoundAllWell) {
  const Digest left = Digest::of("left");
  {
    auto journal = open();
    ASSERT_THAT(
        journal->begin_repository(repository_, {{"kept", left}}, {manifest_.digest(), left}),
        IsOk());
    ASSERT_THAT(journal->before(deletion()), IsOk());
    ASSERT_THAT(journal->after(deletion(), {}), IsOk());
    ASSERT_THAT(journal->verified(repository_), IsOk());
    ASSERT_THAT(journal->end(), IsOk());
  }
  const std::vector<Unfinished> open = unfinished();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_THAT(open[0].to_delete, ::testing::ElementsAre(left));
  EXPECT_TRUE(open[0].steps.empty());
  EXPECT_TRUE(open[0].kept_tags.empty());
}

TEST_F(JournalTest, KeepsTheStepsOpenOfWhichTheTagsAloneWereLookedAfter) {
  {
    auto journal = open();
    ASSERT_THAT(journal->begin_repository(repository_, {{"kept", manifest_.digest()}}, {}), IsOk());
    ASSERT_THAT(journal->before(deletion()), IsOk());
  }
  ASSERT_THAT(mark_tags_looked_after(unfinished()[0].journal, repository_), IsOk());
  const std::vector<Unfinished> open = unfinished();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].steps.size(), 1u);
  EXPECT_TRUE(open[0].kept_tags.empty());
}

// Between a confirmed deletion and the look at what went with it a run can die too.
TEST_F(JournalTest, KeepsARepositoryOpenWhoseLastDeletionNobodyLookedAfter) {
  {
    auto journal = open();
    ASSERT_THAT(journal->begin_repository(repository_, {}, {manifest_.digest()}), IsOk());
    ASSERT_THAT(journal->before(deletion()), IsOk());
    ASSERT_THAT(journal->after(deletion(), {}), IsOk());
  }
  const std::vector<Unfinished> open = unfinished();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_TRUE(open[0].steps[0].finished);
  ASSERT_THAT(mark_settled(open[0].journal, repository_), IsOk());
  EXPECT_TRUE(unfinished().empty());
}

TEST_F(JournalTest, TakesALastLineThatWasCutOffForNeverWritten) {
  fs::path path;
  {
    auto journal = open();
    path = journal->path();
    ASSERT_THAT(journal->begin_repository(repository_, {}, {manifest_.digest()}), IsOk());
    ASSERT_THAT(journal->before(deletion()), IsOk());
  }
  const std::string whole = text_of(path);
  const std::size_t last_line = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = last_line; size < whole.size(); ++size) {
    fs::resize_file(path, size);
    auto found = find_unfinished(state_.path(), kRegistry);
    ASSERT_THAT(found, IsOk()) << size;
    ASSERT_EQ(found->size(), 1u);
    EXPECT_TRUE(found->front().steps.empty()) << size;
    std::ofstream(path, std::ios::app | std::ios::binary) << whole.substr(size);
  }
}

TEST_F(JournalTest, SaysWhichLineIsDamaged) {
  fs::path path;
  {
    auto journal = open();
    path = journal->path();
    ASSERT_THAT(journal->begin_repository(repository_, {}, {manifest_.digest()}), IsOk());
  }
  std::ofstream(path, std::ios::app) << "not json\n{\"event\":\"over\"}\n";
  EXPECT_THAT(find_unfinished(state_.path(), kRegistry),
              HasError(ErrorCode::io, ::testing::HasSubstr("line 3")));
}

TEST_F(JournalTest, IsSettledByTheRunThatFinishesItsWork) {
  {
    auto journal = open();
    ASSERT_THAT(journal->begin_repository(repository_, {}, {manifest_.digest()}), IsOk());
  }
  auto open = unfinished();
  ASSERT_EQ(open.size(), 1u);
  // Half a line at the end, as a kill leaves it.
  std::ofstream(open[0].journal, std::ios::app) << "{\"event\":\"bef";
  ASSERT_THAT(mark_settled(open[0].journal, repository_), IsOk());
  EXPECT_TRUE(unfinished().empty());
}

TEST_F(JournalTest, IsReadableByItsOwnerAlone) {
  auto journal = open();
  EXPECT_EQ(fs::status(journal->path()).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(journal->path().parent_path()).permissions(), fs::perms::owner_all);
}

TEST_F(JournalTest, KeepsOtherRegistriesApart) {
  {
    auto journal = open();
    ASSERT_THAT(journal->begin_repository(repository_, {}, {manifest_.digest()}), IsOk());
  }
  EXPECT_THAT(find_unfinished(state_.path(), "registry.test"),
              testing::IsOkAndHolds(::testing::IsEmpty()));
}

TEST(RepositoryLockTest, KeepsASecondRunOutUntilTheFirstEnds) {
  testing::TempDir state;
  const Repository repository = *Repository::of(kRegistry, "team/app");
  auto first = RepositoryLock::take(state.path(), repository);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(RepositoryLock::take(state.path(), repository), HasError(ErrorCode::refused));
  EXPECT_THAT(RepositoryLock::take(state.path(), *Repository::of(kRegistry, "team/other")), IsOk());
  { RepositoryLock ended = std::move(*first); }
  EXPECT_THAT(RepositoryLock::take(state.path(), repository), IsOk());
}

}  // namespace
}  // namespace purser
