// What a run deleted, and somebody needs by the time that the next one settles it.
#include <filesystem>
#include <optional>

#include "purser/stand_in.h"
#include "retention/settle_fixture.h"

namespace purser {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;

// the run dies before it sees what was pushed.
TEST_F(SettleTest, PutsAChildBackThatAKeptTagPushedDuringTheKilledRunNeeds) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "old", {child});
  registry_->add_image(kRepo, "latest");
  bool dead = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (dead) return http::Failure{http::Failure::Kind::broken, "killed"};
    if (deletes(request, child)) {
      registry_->add_index(kRepo, "latest", {child});
      dead = true;
    }
    return std::nullopt;
  });
  auto killed = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(killed, IsOk());
  EXPECT_FALSE(killed->complete());
  ASSERT_FALSE(registry_->has(kRepo, child));
  registry_->on_request(nullptr);
  EXPECT_THAT(settle_now(), ElementsAre(HasSubstr(child.str())));
  EXPECT_TRUE(registry_->has(kRepo, child));
  auto next = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(next, IsOk());
  EXPECT_TRUE(next->complete());
  EXPECT_TRUE(registry_->has(kRepo, child));
  EXPECT_THAT(open_entries(), IsEmpty());
}

// what was kept and went along is written down in any order.
TEST_F(SettleTest, PutsAKeptImageBackPartsBeforeTheIndexThatListsThem) {
  for (const bool parts_first : {false, true}) {
    SCOPED_TRACE(parts_first);
    FakeRegistryOptions strict;
    strict.requires_children = true;
    use(strict);
    const Digest leaf = registry_->add_image(kRepo, "", "leaf");
    const Digest inner = registry_->add_index(kRepo, "", {leaf});
    const Digest kept = registry_->add_index(kRepo, "kept", {inner});
    const Digest doomed = registry_->add_image(kRepo, "", "doomed");
    {
      auto journal = begin({{"kept", kept}}, {doomed});
      std::vector<Digest> parts = {inner, leaf};
      if (parts_first) std::swap(parts[0], parts[1]);
      for (const Digest& part : parts) {
        ASSERT_THAT(journal->keep_bytes(repository(), manifest(part)), IsOk());
      }
      ASSERT_THAT(journal->before(deletion_of(manifest(doomed))), IsOk());
    }
    for (const Digest& gone : {leaf, inner, doomed}) registry_->remove_manifest(kRepo, gone);
    settle_now();
    EXPECT_TRUE(registry_->has(kRepo, leaf));
    EXPECT_TRUE(registry_->has(kRepo, inner));
    EXPECT_FALSE(registry_->has(kRepo, doomed));
  }
}

// The same where the index came under a name that the run never heard of.
TEST_F(SettleTest, PutsAChildBackThatATagPushedAfterTheKillNeeds) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  const Digest kept = registry_->add_image(kRepo, "latest");
  const Manifest bytes = manifest(child);
  {
    auto journal = begin({{"latest", kept}}, {child});
    ASSERT_THAT(journal->before(deletion_of(bytes)), IsOk());
    ASSERT_THAT(journal->after(deletion_of(bytes), {}), IsOk());
  }
  registry_->add_index(kRepo, "new", {child});
  registry_->remove_manifest(kRepo, child);
  EXPECT_THAT(settle_now(), ElementsAre(HasSubstr(child.str())));
  EXPECT_TRUE(registry_->has(kRepo, child));
}

// C.1-23: somebody's endless index keeps nobody's child from being put back.
TEST_F(SettleTest, PutsBackWhatIsNeededBesideAnIndexThatIsTooLongToRead) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  const Digest other = registry_->add_image(kRepo, "", "other");
  const Digest kept = registry_->add_image(kRepo, "latest");
  {
    auto journal = begin({{"latest", kept}}, {child, other});
    for (const Digest& digest : {child, other}) {
      const Manifest bytes = manifest(digest);
      ASSERT_THAT(journal->before(deletion_of(bytes)), IsOk());
      ASSERT_THAT(journal->after(deletion_of(bytes), {}), IsOk());
    }
  }
  registry_->add_index(kRepo, "latest", {child});
  registry_->add_index(kRepo, "nightly", nowhere(50));
  registry_->remove_manifest(kRepo, child);
  registry_->remove_manifest(kRepo, other);
  Client bounded = client({.manifests = 10});
  const Settled first = settle(bounded, {.state_directory = state_.path()});
  ASSERT_THAT(first.status, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, child));
  EXPECT_THAT(first.messages, ElementsAre(HasSubstr(child.str())));
  // What was not read may need the other one.
  EXPECT_TRUE(first.left.contains(kRepo));
  ASSERT_EQ(open_entries().size(), 1u);
  // A kept tag that goes while the entry is open was looked after, and is not put back any more.
  registry_->remove_tag(kRepo, "latest");
  EXPECT_THAT(settle_now(), IsEmpty());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("nightly"));
  EXPECT_FALSE(registry_->has(kRepo, other));
  EXPECT_THAT(open_entries(), IsEmpty());
}

// Nothing is removed in a repository in which something is left to be settled.
TEST_F(SettleTest, LetsNothingBeRemovedWhereItCouldNotReadAll) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  const Digest kept = registry_->add_image(kRepo, "latest");
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  const Manifest bytes = manifest(child);
  {
    auto journal = begin({{"latest", kept}}, {child});
    ASSERT_THAT(journal->before(deletion_of(bytes)), IsOk());
    ASSERT_THAT(journal->after(deletion_of(bytes), {}), IsOk());
  }
  registry_->remove_manifest(kRepo, child);
  const Digest unreadable = registry_->add_index(kRepo, "nightly", {kept});
  PruneOptions options = this->options();
  // Unread while it is settled, and neither when it is planned nor when it is done.
  int to_fail = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const bool is_it =
        request.method == "GET" && request.target.find(unreadable.hex()) != std::string::npos;
    if (!is_it || to_fail == 0) return std::nullopt;
    --to_fail;
    return http::Response{500, {}, ""};
  });
  Client with = client();
  auto plan = survey(with, keep({kRepo + ":latest", kRepo + ":nightly"}), options.survey);
  ASSERT_THAT(plan, IsOk());
  to_fail = 1;
  auto report = apply_plan(with, *plan, options.survey.guardrails, options.apply);
  ASSERT_EQ(to_fail, 0);
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->warnings, Contains(HasSubstr("could not be put right")));
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_EQ(registry_->count("DELETE", std::string(doomed.hex())), 0u);
  ASSERT_EQ(open_entries().size(), 1u);
  EXPECT_EQ(open_entries()[0].steps.size(), 1u);
}

}  // namespace
}  // namespace purser
