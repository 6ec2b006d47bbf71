// What the next run puts right from the journal of one that was interrupted.
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "purser/untag.h"
#include "retention/settle_fixture.h"

namespace purser {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;

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

// A-77, A-92: each try to delete it comes after a look.
TEST_F(SettleTest, LeavesAStandInThatWasTaggedWhileTheRegistryHeldItsDeleteUp) {
  for (const bool tagged : {false, true}) {
    use({});
    const Digest original = registry_->add_image(kRepo, "v1");
    const Manifest bytes = manifest(original);
    const Manifest stand_in = stand_in_on("v1", original);
    ASSERT_THAT(begin({}, {})->before({.kind = Change::Kind::untag,
                                       .repository = repository(),
                                       .tag = "v1",
                                       .original = bytes}),
                IsOk());
    int deletes = 0;
    registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
      if (request.method != "DELETE" || ++deletes > 1) return std::nullopt;
      if (tagged) registry_->set_tag(kRepo, "copied", stand_in.digest());
      return http::Response{429, {{"Retry-After", "60"}}, ""};
    });
    Client with = patient();
    EXPECT_THAT(settle(with, {.state_directory = state_.path()}).status, IsOk());
    EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
    EXPECT_EQ(deletes, tagged ? 1 : 2);
    EXPECT_EQ(registry_->has(kRepo, stand_in.digest()), tagged);
    if (!tagged) {
      EXPECT_THAT(open_entries(), IsEmpty());
    }
  }
}

// A-77, A-92: what the tags lead to may take minutes to read.
TEST_F(SettleTest, LeavesAStandInThatWasTaggedWhileTheRepositoryWasRead) {
  for (const bool tagged : {false, true}) {
    use({});
    const Digest original = registry_->add_image(kRepo, "v1");
    const Manifest bytes = manifest(original);
    const Manifest stand_in = stand_in_on("v1", original);
    ASSERT_THAT(begin({}, {})->before(untag_of("v1", bytes)), IsOk());
    registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
      const bool reads_the_original =
          request.method == "GET" && request.target.ends_with("/manifests/" + original.str());
      if (!reads_the_original || registry_->count("PUT") == 0) return std::nullopt;
      clock_->advance(std::chrono::seconds(11));
      if (tagged) registry_->set_tag(kRepo, "copied", stand_in.digest());
      return std::nullopt;
    });
    Client with = patient();
    EXPECT_THAT(settle(with, {.state_directory = state_.path()}).status, IsOk());
    EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
    EXPECT_EQ(registry_->has(kRepo, stand_in.digest()), tagged);
  }
}

// A-77: whether something uses the stand-in is not known, so it stays, and so does the work.
TEST_F(SettleTest, KeepsTheEntryOpenWhileAStandInCouldNotBeLookedThroughFor) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const Manifest bytes = manifest(original);
  const Manifest stand_in = stand_in_on("v1", original);
  registry_->add_index(kRepo, "long", nowhere(50));
  ASSERT_THAT(begin({}, {})->before({.kind = Change::Kind::untag,
                                     .repository = repository(),
                                     .tag = "v1",
                                     .original = bytes}),
              IsOk());
  Client bounded = client({.manifests = 10});
  const Settled first = settle(bounded, {.state_directory = state_.path()});
  ASSERT_THAT(first.status, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
  EXPECT_TRUE(registry_->has(kRepo, stand_in.digest()));
  EXPECT_THAT(first.left.at(kRepo).why, HasSubstr("stand-in"));
  EXPECT_THAT(settle_now(), IsEmpty());
  EXPECT_FALSE(registry_->has(kRepo, stand_in.digest()));
  EXPECT_THAT(open_entries(), IsEmpty());
}

// What was put right before an error is told as well: no later run finds anything to tell.
TEST_F(SettleTest, TellsWhatItPutBackWhereALaterStepFails) {
  const Digest first = registry_->add_image(kRepo, "v1");
  const Digest second = registry_->add_image(kRepo, "v2");
  const Manifest first_bytes = manifest(first);
  const Manifest second_bytes = manifest(second);
  stand_in_on("v1", first);
  {
    auto journal = begin({}, {});
    const auto untag = [&](const std::string& tag, const Manifest& original) {
      return journal->before({.kind = Change::Kind::untag,
                              .repository = repository(),
                              .tag = tag,
                              .original = original});
    };
    ASSERT_THAT(untag("v1", first_bytes), IsOk());
    ASSERT_THAT(untag("v2", second_bytes), IsOk());
  }
  registry_->fail({.contains = "/manifests/v2", .times = -1, .status = 503});
  Client with = client();
  const Settled settled = settle(with, {.state_directory = state_.path()});
  EXPECT_THAT(settled.status, IsOk());
  EXPECT_THAT(settled.left.at(kRepo).why, HasSubstr("app:v2"));
  EXPECT_EQ(registry_->tag(kRepo, "v1"), first);
  EXPECT_THAT(settled.messages, ElementsAre(HasSubstr("app:v1")));
}

// The same where it is a prune that settles first: its error has no place for that. A journal that
// cannot be read ends the run: nobody knows of which repositories it tells.
TEST_F(SettleTest, LogsWhatAFailedPruneHadPutBack) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const Manifest bytes = manifest(original);
  stand_in_on("v1", original);
  ASSERT_THAT(begin({}, {})->before(untag_of("v1", bytes)), IsOk());
  std::filesystem::path second;
  {
    auto journal = begin({}, {});
    ASSERT_THAT(journal->before(untag_of("v2", bytes)), IsOk());
    second = journal->path();
  }
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "PUT") std::ofstream(second, std::ios::app) << "damage\n";
    return std::nullopt;
  });
  std::vector<std::string> logged;
  ClientOptions client_options;
  client_options.registry = registry_->host();
  client_options.transport = registry_;
  client_options.retry.max_attempts = 1;
  client_options.log = [&](const LogEvent& event) {
    if (event.level == LogEvent::Level::warning) logged.push_back(event.text);
  };
  Client with = *Client::create(std::move(client_options));
  EXPECT_THAT(prune(with, keep({kRepo + ":v1"}), options()), HasError(ErrorCode::io));
  EXPECT_THAT(logged, Contains(HasSubstr("app:v1")));
}

// A-74: what the registry refused did not happen. Who removes the manifest later, and a tag, means
// it.
TEST_F(SettleTest, PutsNothingBackForADeletionThatTheRegistryRefused) {
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!deletes(request, doomed)) return std::nullopt;
    return http::Response{409, {}, R"({"errors":[{"code":"DENIED","message":"locked"}]})"};
  });
  auto first = prune_keeping({kRepo + ":v1", kRepo + ":v2"});
  ASSERT_THAT(first, IsOk());
  EXPECT_FALSE(first->complete());
  EXPECT_THAT(journals(), HasSubstr("\"refused\":true"));
  registry_->on_request(nullptr);
  registry_->remove_tag(kRepo, "doomed");
  registry_->remove_manifest(kRepo, doomed);
  registry_->remove_tag(kRepo, "v1");
  EXPECT_THAT(settle_now(), IsEmpty());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("v2"));
}

// A guess is not good enough for a tag that anybody may have removed since, with its image.
TEST_F(SettleTest, TellsOfAKeptTagThatIsGoneWithItsImageAndPutsNoOtherOntoIt) {
  const Digest kept = registry_->add_image(kRepo, "latest");
  const Digest gone = registry_->add_image(kRepo, "", "gone");
  ASSERT_THAT(begin({{"latest", kept}}, {gone})->before(deletion_of(manifest(gone))), IsOk());
  registry_->remove_manifest(kRepo, gone);
  registry_->remove_manifest(kRepo, kept);
  registry_->remove_tag(kRepo, "latest");
  EXPECT_THAT(settle_now(), ElementsAre(AllOf(HasSubstr("app:latest"), HasSubstr(gone.str()))));
  EXPECT_THAT(registry_->tags(kRepo), IsEmpty());
}

// A-58: a copy of a tag, made while that was on its stand-in, went with the stand-in.
TEST_F(SettleTest, PutsTheImageBackOfAStandInThatAKeptTagWasMovedOnto) {
  const Digest shared = registry_->add_image(kRepo, "keep");
  const Digest former = registry_->add_image(kRepo, "stable");
  const Manifest bytes = manifest(shared);
  const Change untag{
      .kind = Change::Kind::untag, .repository = repository(), .tag = "drop", .original = bytes};
  {
    auto journal = begin({{"keep", shared}, {"stable", former}}, {});
    ASSERT_THAT(journal->before(untag), IsOk());
    ASSERT_THAT(journal->after(untag, {}), IsOk());
  }
  registry_->remove_tag(kRepo, "stable");
  EXPECT_THAT(settle_now(), ElementsAre(HasSubstr("app:stable")));
  EXPECT_EQ(registry_->tag(kRepo, "stable"), shared);
}

// The same while it is settling itself that deletes the stand-in.
TEST_F(SettleTest, PutsTheImageBackOntoAKeptTagThatWentWithTheStandInThatItDeleted) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const Digest former = registry_->add_image(kRepo, "stable");
  const Manifest bytes = manifest(original);
  const Manifest stand_in = stand_in_on("v1", original);
  ASSERT_THAT(begin({{"v1", original}, {"stable", former}}, {})
                  ->before({.kind = Change::Kind::untag,
                            .repository = repository(),
                            .tag = "v1",
                            .original = bytes}),
              IsOk());
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, stand_in.digest())) {
      registry_->set_tag(kRepo, "stable", stand_in.digest());
    }
    return std::nullopt;
  });
  EXPECT_THAT(settle_now(), Contains(HasSubstr("app:stable")));
  EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
  EXPECT_EQ(registry_->tag(kRepo, "stable"), original);
}

// The lock of a repository is not the end of its journal: who holds it may fail as well.
TEST_F(SettleTest, LeavesAnEntryOpenThatAnotherRunsLockKeptItFrom) {
  const Digest kept = registry_->add_image(kRepo, "b");
  registry_->add_image(kRepo, "c");
  const Digest gone = registry_->add_image(kRepo, "", "gone");
  ASSERT_THAT(begin({{"b", kept}}, {gone})->before(deletion_of(manifest(gone))), IsOk());
  registry_->remove_manifest(kRepo, gone);
  registry_->remove_tag(kRepo, "b");
  {
    auto lock = RepositoryLock::take(state_.path(), repository());
    ASSERT_THAT(lock, IsOk());
    auto report = prune_keeping({kRepo + ":b", kRepo + ":c"});
    ASSERT_THAT(report, IsOk());
    EXPECT_FALSE(report->complete()) << "the tag b is lost";
    EXPECT_THAT(report->warnings, Contains(HasSubstr("another run")));
    EXPECT_EQ(open_entries().size(), 1u);
  }
  auto report = prune_keeping({kRepo + ":b", kRepo + ":c"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->complete());
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("b", "c"));
  EXPECT_TRUE(registry_->has(kRepo, tag_digest("b")));
  EXPECT_THAT(open_entries(), IsEmpty());
}

TEST_F(SettleTest, LetsNothingBeUntaggedWhereAnotherRunsLockKeptItFromSettling) {
  const Digest kept = registry_->add_image(kRepo, "b");
  const Digest gone = registry_->add_image(kRepo, "", "gone");
  ASSERT_THAT(begin({{"b", kept}}, {gone})->before(deletion_of(manifest(gone))), IsOk());
  auto lock = RepositoryLock::take(state_.path(), repository());
  ASSERT_THAT(lock, IsOk());
  Client with = client();
  EXPECT_THAT(untag_each(with, {*Reference::with_tag(repository(), "b")},
                         {.state_directory = state_.path()}),
              HasError(ErrorCode::refused, HasSubstr("interrupted")));
  EXPECT_EQ(registry_->tag(kRepo, "b"), kept);
}

}  // namespace
}  // namespace purser
