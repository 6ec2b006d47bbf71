// What the next run puts right from the journal of one that was interrupted.
#include <optional>
#include <string>
#include <vector>

#include "purser/journal.h"
#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;

// Writes journals as a run would have that was killed after the last line.
class SettleTest : public ApplyTest {
 protected:
  Repository repository() const { return *Repository::of(registry_->host(), kRepo); }
  Manifest manifest(const Digest& digest) const {
    return *Manifest::parse(*registry_->manifest(kRepo, digest), "");
  }
  std::unique_ptr<Journal> begin(const std::map<std::string, Digest>& kept,
                                 const std::vector<Digest>& to_delete) const {
    auto journal = *Journal::create(state_.path(), registry_->host());
    EXPECT_THAT(journal->begin_repository(repository(), kept, to_delete), IsOk());
    return journal;
  }
  Change deletion_of(const Manifest& original, const std::vector<std::string>& tags = {}) const {
    return {.kind = Change::Kind::delete_manifest,
            .repository = repository(),
            .original = original,
            .tags = tags};
  }
  std::vector<std::string> settle_now() const {
    Client with = client();
    auto settled = settle(with, {.state_directory = state_.path()});
    EXPECT_THAT(settled, IsOk());
    return settled ? *settled : std::vector<std::string>();
  }
};

// A-76: where tags can be deleted by name, a tag that vanished did not go with a digest.
TEST_F(SettleTest, PutsNoOtherImageOntoAKeptTagThatSomebodyDeletedByName) {
  FakeRegistryOptions by_name;
  by_name.tag_delete = FakeRegistryOptions::TagDelete::conforming;
  use(by_name);
  const Digest kept = registry_->add_image(kRepo, "b");
  const Digest gone = registry_->add_image(kRepo, "", "gone");
  const Manifest bytes = manifest(gone);
  ASSERT_THAT(begin({{"b", kept}}, {gone})->before(deletion_of(bytes)), IsOk());
  registry_->remove_manifest(kRepo, gone);
  registry_->remove_tag(kRepo, "b");
  EXPECT_THAT(settle_now(), Contains(HasSubstr("app:b")));
  EXPECT_EQ(registry_->tag(kRepo, "b"), kept);
  EXPECT_FALSE(registry_->has(kRepo, gone));
}

// A-58: a kept tag was moved onto an index as that was deleted; its children went after it.
TEST_F(SettleTest, PutsTheChildrenBackOfAnIndexThatAKeptTagWasMovedOnto) {
  FakeRegistryOptions strict;
  strict.requires_children = true;
  use(strict);
  const Digest kept = registry_->add_image(kRepo, "latest");
  const Digest child = registry_->add_image(kRepo, "", "child");
  const Digest index = registry_->add_index(kRepo, "", {child});
  const Manifest index_bytes = manifest(index);
  const Manifest child_bytes = manifest(child);
  {
    auto journal = begin({{"latest", kept}}, {index, child});
    ASSERT_THAT(journal->before(deletion_of(index_bytes)), IsOk());
    ASSERT_THAT(journal->after(deletion_of(index_bytes), {}), IsOk());
    ASSERT_THAT(journal->before(deletion_of(child_bytes)), IsOk());
    ASSERT_THAT(journal->after(deletion_of(child_bytes), {}), IsOk());
  }
  registry_->remove_manifest(kRepo, index);
  registry_->remove_manifest(kRepo, child);
  registry_->set_tag(kRepo, "latest", index);
  // As 2.8.2 does where its answer has room for it: it names the revision that it misses.
  registry_->after_request([&](const SeenRequest& request, http::Outcome& outcome) {
    if (!request.target.ends_with("/manifests/latest")) return;
    auto* answer = std::get_if<http::Response>(&outcome);
    if (answer == nullptr || answer->status != 404) return;
    answer->body = R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown revision )" +
                   index.str() + R"("}]})";
  });
  EXPECT_THAT(settle_now(), Contains(HasSubstr("app:latest")));
  EXPECT_EQ(registry_->tag(kRepo, "latest"), index);
  EXPECT_TRUE(registry_->has(kRepo, index));
  EXPECT_TRUE(registry_->has(kRepo, child));
}

// Of several deletions nobody knows with which one a tag that is still listed went: its own image
// is never a wrong one.
TEST_F(SettleTest, PutsAKeptTagsOwnImageBackWhereSeveralWereDeleted) {
  const Digest kept = registry_->add_image(kRepo, "latest");
  const Digest one = registry_->add_image(kRepo, "", "one");
  const Digest two = registry_->add_image(kRepo, "", "two");
  {
    auto journal = begin({{"latest", kept}}, {one, two});
    for (const Digest& digest : {one, two}) {
      const Manifest bytes = manifest(digest);
      ASSERT_THAT(journal->before(deletion_of(bytes)), IsOk());
      ASSERT_THAT(journal->after(deletion_of(bytes), {}), IsOk());
      registry_->remove_manifest(kRepo, digest);
    }
  }
  registry_->set_tag(kRepo, "latest", one);
  EXPECT_THAT(settle_now(), Contains(HasSubstr("app:latest")));
  EXPECT_EQ(registry_->tag(kRepo, "latest"), kept);
}

TEST_F(SettleTest, LeavesAKeptTagAloneThatIsPushedWhileItIsToBePutBack) {
  const Digest kept = registry_->add_image(kRepo, "b");
  const Digest gone = registry_->add_image(kRepo, "", "gone");
  ASSERT_THAT(begin({{"b", kept}}, {gone})->before(deletion_of(manifest(gone))), IsOk());
  registry_->remove_manifest(kRepo, gone);
  registry_->remove_tag(kRepo, "b");
  std::optional<Digest> fresh;
  int looks = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "HEAD" && request.target.ends_with("/manifests/b") && ++looks == 2) {
      fresh = registry_->add_image(kRepo, "b", "fresh");
    }
    return std::nullopt;
  });
  settle_now();
  ASSERT_TRUE(fresh);
  EXPECT_EQ(registry_->tag(kRepo, "b"), fresh);
}

// A-77: also what puts right an interrupted run says what it is about to delete.
TEST_F(SettleTest, WritesDownTheDeleteOfAStandInBeforeItIsSent) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const Manifest bytes = manifest(original);
  const Manifest stand_in = stand_in_on("v1", original);
  ASSERT_THAT(begin({}, {})->before({.kind = Change::Kind::untag,
                                     .repository = repository(),
                                     .tag = "v1",
                                     .original = bytes}),
              IsOk());
  std::size_t deletes = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method != "DELETE") return std::nullopt;
    ++deletes;
    EXPECT_THAT(journals(), HasSubstr("\"digest\":\"" + stand_in.digest().str()));
    return std::nullopt;
  });
  settle_now();
  EXPECT_EQ(deletes, 1u);
  EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
  EXPECT_FALSE(registry_->has(kRepo, stand_in.digest()));
  auto open = find_unfinished(state_.path(), registry_->host());
  ASSERT_THAT(open, IsOk());
  EXPECT_THAT(*open, IsEmpty());
}

// The run put the image back itself, and was killed before it could take the stand-in away.
TEST_F(SettleTest, RemovesAStandInThatIsOnNoTagAnyMore) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const Manifest bytes = manifest(original);
  const Manifest stand_in = stand_in_on("v1", original);
  registry_->set_tag(kRepo, "v1", original);
  ASSERT_THAT(begin({}, {})->before({.kind = Change::Kind::untag,
                                     .repository = repository(),
                                     .tag = "v1",
                                     .original = bytes}),
              IsOk());
  settle_now();
  EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
  EXPECT_FALSE(registry_->has(kRepo, stand_in.digest()));
}

}  // namespace
}  // namespace purser
