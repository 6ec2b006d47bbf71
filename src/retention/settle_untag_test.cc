// What the next run makes of an untag that did not succeed.
#include <optional>
#include <string>

#include "purser/untag.h"
#include "retention/settle_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;

class SettleUntagTest : public SettleTest {
 protected:
  Status untag_v1() const {
    Client with = client();
    auto run = untag_each(with, {*Reference::with_tag(repository(), "v1")},
                          {.state_directory = state_.path()});
    if (!run) return Unexpected(run.error());
    return run->tags.at(0).outcome;
  }
  // Somebody else removes the tag directly before the untag would send its first change.
  void remove_v1_before_the_first_change() {
    registry_->on_request([this](const SeenRequest& request) -> std::optional<http::Outcome> {
      const bool looks = request.method == "HEAD" && request.target.ends_with("/manifests/v1");
      if (looks) registry_->remove_tag(kRepo, "v1");
      return std::nullopt;
    });
  }
};

// nothing was sent. Who removes the image later means it.
TEST_F(SettleUntagTest, PutsNothingBackForAnUntagThatSentNothing) {
  const Digest image = registry_->add_image(kRepo, "v1");
  remove_v1_before_the_first_change();
  EXPECT_THAT(untag_v1(), HasError(ErrorCode::changed, HasSubstr("nothing was changed")));
  registry_->on_request(nullptr);
  EXPECT_EQ(registry_->count("PUT"), 0u);
  EXPECT_THAT(journals(), HasSubstr("\"refused\":true"));
  EXPECT_THAT(open_entries(), IsEmpty());
  registry_->remove_manifest(kRepo, image);
  EXPECT_THAT(settle_now(), IsEmpty());
  EXPECT_THAT(registry_->tags(kRepo), IsEmpty());
  EXPECT_FALSE(registry_->has(kRepo, image));
}

// The same beside a step of that journal that has to be looked at.
TEST_F(SettleUntagTest, PutsNothingBackForItBesideAStepThatIsOpen) {
  const Digest image = registry_->add_image(kRepo, "v1");
  const Digest gone = registry_->add_image(kRepo, "", "gone");
  const Manifest bytes = manifest(image);
  {
    auto journal = begin({}, {gone});
    Error moved;
    moved.code = ErrorCode::changed;
    moved.not_done = true;
    ASSERT_THAT(journal->before(untag_of("v1", bytes)), IsOk());
    ASSERT_THAT(journal->after(untag_of("v1", bytes), Unexpected(moved)), IsOk());
    ASSERT_THAT(journal->before(deletion_of(manifest(gone))), IsOk());
  }
  registry_->remove_tag(kRepo, "v1");
  for (const Digest& digest : {image, gone}) registry_->remove_manifest(kRepo, digest);
  EXPECT_THAT(settle_now(), IsEmpty());
  EXPECT_THAT(registry_->tags(kRepo), IsEmpty());
  EXPECT_FALSE(registry_->has(kRepo, image));
}

// it put a stand-in, whose delete was then refused for the moment and never got through.
TEST_F(SettleUntagTest, LooksAgainAtAnUntagThatHadPutItsStandIn) {
  const Digest image = registry_->add_image(kRepo, "v1");
  const Digest stand_in = make_stand_in(manifest(image), "v1")->digest();
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!deletes(request, stand_in)) return std::nullopt;
    return http::Response{429, {}, ""};
  });
  EXPECT_THAT(untag_v1(), HasError(ErrorCode::rate_limited));
  registry_->on_request(nullptr);
  EXPECT_THAT(journals(), Not(HasSubstr("\"refused\":true")));
  ASSERT_EQ(open_entries().size(), 1u);
  EXPECT_TRUE(registry_->has(kRepo, stand_in));
  settle_now();
  EXPECT_FALSE(registry_->has(kRepo, stand_in));
  EXPECT_EQ(registry_->tag(kRepo, "v1"), image);
}

// the tag went by its name, and the stand-in on which that was tried did not go.
TEST_F(SettleUntagTest, RemovesAStandInThatWasLeftWithoutATag) {
  use({.tag_delete = FakeRegistryOptions::TagDelete::conforming});
  const Digest image = registry_->add_image(kRepo, "v1");
  registry_->set_tag(kRepo, "kept", image);
  const Digest stand_in = make_stand_in(manifest(image), "v1")->digest();
  registry_->fail({.method = "DELETE", .contains = stand_in.str(), .times = -1, .status = 429});
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->complete());
  EXPECT_THAT(report->warnings, ElementsAre(HasSubstr(stand_in.str() + " stays behind")));
  ASSERT_EQ(open_entries().size(), 1u);
  registry_->clear_faults();
  settle_now();
  EXPECT_FALSE(registry_->has(kRepo, stand_in));
  EXPECT_THAT(open_entries(), IsEmpty());
  EXPECT_EQ(registry_->tag(kRepo, "kept"), image);
  EXPECT_FALSE(registry_->tag(kRepo, "v1"));
}

// the stand-in that names nobody is the same for every tag, so one that stays behind would be
// in the way of all of them.
TEST_F(SettleUntagTest, RemovesAnEmptyStandInThatAnUntagHadToLeave) {
  use({.refuses_annotations = true});
  const Digest image = registry_->add_image(kRepo, "v1");
  registry_->set_tag(kRepo, "kept", image);
  const Digest empty = Digest::of(kEmptyStandIn);
  registry_->fail({.method = "DELETE", .contains = empty.str(), .times = -1});
  EXPECT_THAT(untag_v1(), HasError(ErrorCode::unreachable));
  EXPECT_TRUE(registry_->has(kRepo, empty));
  EXPECT_EQ(registry_->tag(kRepo, "v1"), image);
  registry_->clear_faults();
  EXPECT_THAT(untag_v1(), IsOk());
  EXPECT_FALSE(registry_->has(kRepo, empty));
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept"));
  EXPECT_THAT(open_entries(), IsEmpty());
}

// the same where the tag went by its name.
TEST_F(SettleUntagTest, RemovesAnEmptyStandInThatWasLeftWithoutATag) {
  use({.tag_delete = FakeRegistryOptions::TagDelete::conforming, .refuses_annotations = true});
  const Digest image = registry_->add_image(kRepo, "v1");
  registry_->set_tag(kRepo, "kept", image);
  const Digest empty = Digest::of(kEmptyStandIn);
  registry_->fail({.method = "DELETE", .contains = empty.str(), .times = -1});
  EXPECT_THAT(untag_v1(), IsOk());
  EXPECT_TRUE(registry_->has(kRepo, empty));
  ASSERT_EQ(open_entries().size(), 1u);
  registry_->clear_faults();
  settle_now();
  EXPECT_FALSE(registry_->has(kRepo, empty));
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept"));
  EXPECT_THAT(open_entries(), IsEmpty());
}

// a stand-in whose delete was taken is gone when it does not answer any more.
TEST_F(SettleUntagTest, KeepsTheStepOfAStandInOpenThatStillAnswersAfterItsDelete) {
  const Digest image = registry_->add_image(kRepo, "v1");
  const Manifest stand_in = stand_in_on("v1", image);
  ASSERT_THAT(begin({}, {})->before(untag_of("v1", manifest(image))), IsOk());
  FakeRegistryOptions slow;
  slow.delete_lag = 1'000;
  registry_->set_options(slow);
  settle_now();
  EXPECT_EQ(registry_->tag(kRepo, "v1"), image);
  ASSERT_EQ(open_entries().size(), 1u);
  registry_->set_options({});
  registry_->remove_manifest(kRepo, stand_in.digest());
  settle_now();
  EXPECT_THAT(open_entries(), IsEmpty());
}

TEST_F(SettleUntagTest, LeavesAnEmptyIndexThatNoUntagPut) {
  const Digest image = registry_->add_image(kRepo, "v1");
  const Digest empty = registry_->add_index(kRepo, "", {});
  {
    auto journal = begin({}, {});
    ASSERT_THAT(journal->before(untag_of("v1", manifest(image))), IsOk());
  }
  settle_now();
  EXPECT_TRUE(registry_->has(kRepo, empty));
}

// a tag that is still on a stand-in is half an untag, whoever sent nothing to mend it.
TEST_F(SettleUntagTest, LooksAgainAtAStandInWhoseOriginalTheRegistryDidNotTake) {
  const Digest image = registry_->add_image(kRepo, "v1");
  const Manifest stand_in = stand_in_on("v1", image);
  registry_->fail({.method = "PUT", .times = -1, .status = 429});
  auto report = prune_keeping({kRepo + ":v1"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  EXPECT_EQ(registry_->tag(kRepo, "v1"), stand_in.digest());
  ASSERT_EQ(open_entries().size(), 1u);
  registry_->clear_faults();
  settle_now();
  EXPECT_EQ(registry_->tag(kRepo, "v1"), image);
}

// The same where an untag found it so, and could not look once more.
TEST_F(SettleUntagTest, LooksAgainAtAnUntagThatFoundAStandInAndSentNothing) {
  const Digest image = registry_->add_image(kRepo, "v1");
  const Manifest stand_in = stand_in_on("v1", image);
  registry_->on_request([](const SeenRequest& request) -> std::optional<http::Outcome> {
    const bool looks = request.method == "HEAD" && request.target.ends_with("/manifests/v1");
    if (!looks) return std::nullopt;
    return http::Response{503, {}, ""};
  });
  EXPECT_THAT(untag_v1(), HasError(ErrorCode::unreachable));
  registry_->on_request(nullptr);
  EXPECT_EQ(registry_->tag(kRepo, "v1"), stand_in.digest());
  ASSERT_EQ(open_entries().size(), 1u);
  settle_now();
  EXPECT_EQ(registry_->tag(kRepo, "v1"), image);
}

}  // namespace
}  // namespace purser
