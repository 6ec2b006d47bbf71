// What the next run makes of one that ended by itself, and left something: what has become of a tag
// or an image since then is somebody else's doing.
#include <optional>
#include <string>

#include "retention/settle_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using TagDelete = testing::FakeRegistryOptions::TagDelete;

class SettleOverTest : public SettleTest {
 protected:
  void refuse_delete_of(const std::string& reference, int status) {
    registry_->fail({.method = "DELETE",
                     .contains = "/manifests/" + reference,
                     .times = -1,
                     .status = status,
                     .body = R"({"errors":[{"code":"PRECONDITION","message":"no"}]})"});
  }
};

// A-58, A-74, A-77: one immutable tag, and everything that is kept was found to be there. The tag
// that an admin removes by day is not put onto what that run had deleted.
TEST_F(SettleOverTest, PutsNoImageOntoAKeptTagThatSomebodyRemovedAfterARunWithARefusedUntag) {
  const Digest shared = registry_->add_image(kRepo, "kept");
  const Digest other = registry_->add_image(kRepo, "removed-by-day");
  registry_->set_tag(kRepo, "also-kept", other);
  registry_->set_tag(kRepo, "immutable", shared);
  const Digest old = registry_->add_image(kRepo, "old");
  registry_->fail({.method = "PUT",
                   .contains = "/manifests/immutable",
                   .times = -1,
                   .status = 412,
                   .body = R"({"errors":[{"code":"PRECONDITION","message":"no"}]})"});
  const std::vector<std::string> entries = {kRepo + ":kept", kRepo + ":also-kept",
                                            kRepo + ":removed-by-day"};
  auto report = prune_keeping(entries);
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  EXPECT_FALSE(registry_->has(kRepo, old));
  registry_->clear_faults();
  registry_->remove_tag(kRepo, "removed-by-day");
  EXPECT_THAT(settle_now(), IsEmpty());
  EXPECT_FALSE(registry_->tag(kRepo, "removed-by-day"));
  EXPECT_EQ(registry_->tag(kRepo, "also-kept"), other);
}

// The same where tags go by their names.
TEST_F(SettleOverTest, LeavesNothingOpenWhereATagWasRefusedByItsName) {
  use({.tag_delete = TagDelete::conforming});
  const Digest shared = registry_->add_image(kRepo, "kept");
  for (const char* tag : {"a", "b"}) registry_->set_tag(kRepo, tag, shared);
  const Digest old = registry_->add_image(kRepo, "old");
  refuse_delete_of("b", 412);
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_EQ(registry_->tag(kRepo, "b"), shared);
  EXPECT_THAT(open_entries(), IsEmpty());
}

// A stand-in stayed behind: that is still looked for, and no kept tag is.
TEST_F(SettleOverTest, RemovesAStandInThatStayedBehindAndPutsNoTagBack) {
  use({.tag_delete = TagDelete::conforming});
  const Digest shared = registry_->add_image(kRepo, "kept");
  registry_->set_tag(kRepo, "v1", shared);
  const Digest other = registry_->add_image(kRepo, "removed-by-day");
  registry_->add_image(kRepo, "old");
  const Digest stand_in = make_stand_in(manifest(shared), "v1")->digest();
  refuse_delete_of(stand_in.str(), 500);
  ASSERT_THAT(prune_keeping({kRepo + ":kept", kRepo + ":removed-by-day"}), IsOk());
  ASSERT_EQ(open_entries().size(), 1u);
  EXPECT_THAT(open_entries()[0].kept_tags, IsEmpty());
  registry_->clear_faults();
  registry_->remove_tag(kRepo, "removed-by-day");
  settle_now();
  EXPECT_FALSE(registry_->has(kRepo, stand_in));
  EXPECT_FALSE(registry_->tag(kRepo, "removed-by-day"));
  EXPECT_TRUE(registry_->has(kRepo, other));
  EXPECT_THAT(open_entries(), IsEmpty());
}

// A run that ended by itself has looked after its last deletion as well: the tag is not put onto
// that where its own image is there.
TEST_F(SettleOverTest, PutsATagOntoItsOwnImageWhereTheRunHadEnded) {
  for (const bool over : {false, true}) {
    SCOPED_TRACE(over);
    use({});
    const Digest kept = registry_->add_image(kRepo, "b");
    const Digest gone = registry_->add_image(kRepo, "", "gone");
    {
      auto journal = begin({{"b", kept}}, {gone});
      ASSERT_THAT(journal->before(deletion_of(manifest(gone))), IsOk());
      ASSERT_THAT(journal->after(deletion_of(manifest(gone)), {}), IsOk());
      if (over) {
        ASSERT_THAT(journal->end(), IsOk());
      }
    }
    registry_->remove_manifest(kRepo, gone);
    registry_->remove_tag(kRepo, "b");
    EXPECT_THAT(settle_now(), ElementsAre(HasSubstr("app:b")));
    EXPECT_EQ(registry_->tag(kRepo, "b"), over ? kept : gone);
  }
}

// A-77, A-79: the tags went first, one stand-in stayed behind, and then their manifest was deleted.
TEST_F(SettleOverTest, DoesNotBringAnImageBackThatWasDeletedAfterItsTags) {
  use({.tag_delete = TagDelete::conforming,
       .delete_wants = FakeRegistryOptions::DeleteWants::no_tag});
  const Digest old = registry_->add_image(kRepo, "t1");
  registry_->add_image(kRepo, "kept");
  const Digest stand_in = make_stand_in(manifest(old), "t1")->digest();
  refuse_delete_of(stand_in.str(), 500);
  ASSERT_THAT(prune_keeping({kRepo + ":kept"}), IsOk());
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_TRUE(registry_->has(kRepo, stand_in));
  registry_->clear_faults();
  EXPECT_THAT(settle_now(), IsEmpty());
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_FALSE(registry_->has(kRepo, stand_in));
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("kept"));
}

// The same after a kill, with the untag told as failed.
TEST_F(SettleOverTest, DoesNotBringAnImageBackThatWasDeletedAfterAnUntagThatFailed) {
  for (const bool finished : {false, true}) {
    SCOPED_TRACE(finished);
    use({});
    const Digest old = registry_->add_image(kRepo, "t1");
    const Manifest bytes = manifest(old);
    const Manifest stand_in = stand_in_on("t1", old);
    {
      auto journal = begin({}, {old});
      ASSERT_THAT(journal->before(untag_of("t1", bytes)), IsOk());
      ASSERT_THAT(journal->after(untag_of("t1", bytes), Unexpected(Error{.message = "no"})),
                  IsOk());
      ASSERT_THAT(journal->before(deletion_of(bytes)), IsOk());
      if (finished) {
        ASSERT_THAT(journal->after(deletion_of(bytes), {}), IsOk());
      }
    }
    registry_->remove_tag(kRepo, "t1");
    registry_->remove_manifest(kRepo, old);
    settle_now();
    EXPECT_FALSE(registry_->has(kRepo, old));
    EXPECT_FALSE(registry_->has(kRepo, stand_in.digest()));
    EXPECT_THAT(registry_->tags(kRepo), IsEmpty());
  }
}

}  // namespace
}  // namespace purser
