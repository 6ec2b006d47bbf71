// What may go on, and what may not, where settling had to leave something for a later run.
#include <string>
#include <vector>

#include "purser/untag.h"
#include "retention/settle_fixture.h"

namespace purser {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;

class SettleLeftTest : public SettleTest {
 protected:
  inline static const std::string kOther = "team/web";

  Result<UntagRun> untag(Client& with, const std::string& tag,
                         const std::string& path = kRepo) const {
    return untag_each(with, {*Reference::with_tag(repository(path), tag)},
                      {.state_directory = state_.path()});
  }

  // A run that was killed after its delete of an image without a tag.
  void kill_after_a_delete() {
    const Digest gone = registry_->add_image(kRepo, "", "gone");
    const Manifest bytes = manifest(gone);
    auto journal = begin({{"latest", registry_->add_image(kRepo, "latest")}}, {gone});
    ASSERT_THAT(journal->before(deletion_of(bytes)), IsOk());
    ASSERT_THAT(journal->after(deletion_of(bytes), {}), IsOk());
    registry_->remove_manifest(kRepo, gone);
  }

  // A run that was killed at an untag, whose tag cannot be read any more. Nobody else reads it.
  void kill_at_a_tag_that_answers(int status) {
    const Digest kept = registry_->add_image(kRepo, "b");
    ASSERT_THAT(begin({}, {})->before(untag_of("unread", manifest(kept))), IsOk());
    registry_->fail({.contains = "/manifests/unread", .times = -1, .status = status});
  }

  // A run that was killed while a tag of another repository was on a stand-in.
  Digest kill_at_a_stand_in_elsewhere() {
    const Digest original = registry_->add_image(kOther, "v1");
    const Manifest bytes =
        *Manifest::parse(*registry_->manifest(kOther, original), media_type::kOciManifest);
    const Manifest stand_in = *make_stand_in(bytes, "v1");
    registry_->put(kOther, "v1", stand_in.raw(), stand_in.media_type());
    auto journal = *Journal::create(state_.path(), registry_->host());
    EXPECT_THAT(journal->begin_repository(repository(kOther), {}, {}), IsOk());
    EXPECT_THAT(journal->before(untag_of("v1", bytes, kOther)), IsOk());
    return original;
  }
};

// C.1-23: the tag that leads to the gap is what the message of the gap says to untag.
TEST_F(SettleLeftTest, LetsTheTagBeUntaggedThatLeadsToAGap) {
  kill_after_a_delete();
  registry_->add_index(kRepo, "nightly", nowhere(50));
  Client bounded = client({.manifests = 10});
  const auto run = untag(bounded, "nightly");
  ASSERT_THAT(run, IsOk());
  ASSERT_EQ(run->tags.size(), 1u);
  EXPECT_THAT(run->tags[0].outcome, IsOk());
  EXPECT_THAT(run->warnings, Contains(HasSubstr("could not be put right")));
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("latest"));
  // The gap was all that kept it open.
  const Settled next = settle(bounded, {.state_directory = state_.path()});
  ASSERT_THAT(next.status, IsOk());
  EXPECT_THAT(next.left, IsEmpty());
}

// Nobody knows what the unread index needs, so nothing goes beside it.
TEST_F(SettleLeftTest, StillRemovesNoImageBesideAGap) {
  kill_after_a_delete();
  registry_->add_index(kRepo, "nightly", nowhere(50));
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  Client bounded = client({.manifests = 10});
  auto report = prune(bounded, keep({kRepo + ":latest", kRepo + ":nightly"}), options());
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  EXPECT_EQ(registry_->tag(kRepo, "doomed"), doomed);
}

// What settling could not even read may be about the very tag.
TEST_F(SettleLeftTest, LetsNothingBeUntaggedWhereSettlingItselfFailed) {
  kill_at_a_tag_that_answers(403);
  const Digest kept = tag_digest("b");
  Client with = client();
  EXPECT_THAT(untag(with, "b"), HasError(ErrorCode::refused, HasSubstr("interrupted")));
  EXPECT_EQ(registry_->tag(kRepo, "b"), kept);
}

// One journal met a gap, another one of the same repository could not be read: the worse counts.
TEST_F(SettleLeftTest, IsNotTalkedOutOfAnUnreadTagByAGapThatCameFirst) {
  kill_after_a_delete();
  registry_->add_index(kRepo, "nightly", nowhere(50));
  kill_at_a_tag_that_answers(403);
  Client bounded = client({.manifests = 10});
  EXPECT_THAT(untag(bounded, "nightly"), HasError(ErrorCode::refused, HasSubstr("unread")));
  EXPECT_TRUE(registry_->tag(kRepo, "nightly"));
}

class UnreadRepositoryTest : public SettleLeftTest, public ::testing::WithParamInterface<int> {};

// Whatever keeps one repository from being read: it is left and told, and the others are settled.
TEST_P(UnreadRepositoryTest, IsLeftWhileTheOthersAreSettled) {
  kill_at_a_tag_that_answers(GetParam());
  const Digest original = kill_at_a_stand_in_elsewhere();
  Client with = client();
  const Settled settled = settle(with, {.state_directory = state_.path()});
  EXPECT_THAT(settled.status, IsOk());
  EXPECT_TRUE(settled.left.contains(kRepo));
  EXPECT_EQ(settled.left.size(), 1u);
  EXPECT_EQ(registry_->tag(kOther, "v1"), original);
  EXPECT_THAT(settled.messages, ElementsAre(HasSubstr(kOther + ":v1")));
  // Nothing of it was settled.
  ASSERT_EQ(open_entries().size(), 1u);
  EXPECT_EQ(open_entries()[0].repository.path(), kRepo);
  EXPECT_EQ(open_entries()[0].steps.size(), 1u);
}

// 404 without the registry's own code for it is the word of a proxy.
INSTANTIATE_TEST_SUITE_P(EachAnswer, UnreadRepositoryTest,
                         ::testing::Values(204, 401, 403, 404, 418, 429, 500, 503),
                         [](const auto& status) { return std::to_string(status.param); });

// docs/safety.md: nothing is removed in that repository, and the run is not complete.
TEST_F(SettleLeftTest, PrunesTheOtherRepositoriesWhereOneCouldNotBeRead) {
  kill_at_a_tag_that_answers(403);
  kill_at_a_stand_in_elsewhere();
  const Digest here = registry_->add_image(kRepo, "doomed");
  const Digest there = registry_->add_image(kOther, "doomed", "there");
  auto report = prune_keeping({kRepo + ":b", kOther + ":v1"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->unread, ElementsAre(kRepo));
  EXPECT_THAT(report->warnings, Contains(HasSubstr(kRepo + ": what an interrupted run left there "
                                                           "could not be put right: ")));
  EXPECT_THAT(report->warnings, Not(Contains(HasSubstr(kOther + ": what an interrupted run"))));
  EXPECT_EQ(registry_->tag(kRepo, "doomed"), here);
  EXPECT_FALSE(registry_->has(kOther, there));
  EXPECT_THAT(registry_->tags(kOther), ElementsAre("v1"));
}

TEST_F(SettleLeftTest, UntagsInAnotherRepositoryThanTheOneThatCouldNotBeRead) {
  kill_at_a_tag_that_answers(403);
  registry_->add_image(kOther, "v2");
  Client with = client();
  const auto run = untag(with, "v2", kOther);
  ASSERT_THAT(run, IsOk());
  ASSERT_EQ(run->tags.size(), 1u);
  EXPECT_THAT(run->tags[0].outcome, IsOk());
  EXPECT_THAT(run->warnings, Contains(HasSubstr(kRepo + ": what an interrupted run")));
  EXPECT_THAT(registry_->tags(kOther), IsEmpty());
}

}  // namespace
}  // namespace purser
