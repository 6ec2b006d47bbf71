// What apply writes down, and what the next run makes of it.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "purser/journal.h"
#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;

TEST_F(ApplyTest, SendsNoDeleteWhoseJournalLineIsNotOnDisk) {
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  std::vector<std::string> unannounced;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method != "DELETE") return std::nullopt;
    const std::string text = journals();
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
  ASSERT_THAT(settle(with, apply_options).status, IsOk());
  registry_->remove_tag(kRepo, "b");
  const Settled again = settle(with, apply_options);
  ASSERT_THAT(again.status, IsOk());
  EXPECT_THAT(again.messages, IsEmpty());
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
  ASSERT_THAT(settle(with, {.state_directory = state_.path()}).status, IsOk());
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

// A-77: nothing is sent that would change a thing before its line is on disk: the PUT of the
// original onto the tag, and the DELETE of the stand-in.
TEST_F(ApplyTest, WritesDownHowAStandInIsReplacedBeforeItIs) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const Manifest stand_in = stand_in_on("v1", original);
  std::vector<std::string> sent;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const bool deletes_it = request.method == "DELETE" &&
                            request.target.find(stand_in.digest().hex()) != std::string::npos;
    if (request.method != "PUT" && !deletes_it) return std::nullopt;
    sent.push_back(request.method);
    const Digest& told = deletes_it ? stand_in.digest() : original;
    EXPECT_THAT(journals(), HasSubstr("\"digest\":\"" + told.str())) << request.method;
    return std::nullopt;
  });
  ASSERT_THAT(prune_keeping({kRepo + ":v1"}), IsOk());
  EXPECT_THAT(sent, ElementsAre("PUT", "DELETE"));
  EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
  EXPECT_FALSE(registry_->has(kRepo, stand_in.digest()));
  auto open = find_unfinished(state_.path(), registry_->host());
  ASSERT_THAT(open, IsOk());
  EXPECT_TRUE(open->empty());
}

// A-77: a kill at any request of a restore leaves the tag on the image, and no stand-in behind.
TEST_F(ApplyTest, FinishesARestoreThatWasKilledAnywhere) {
  bool killed = true;
  std::size_t at = 0;
  for (; killed; ++at) {
    SCOPED_TRACE("killed at request " + std::to_string(at));
    use({});
    const testing::TempDir after;
    const Digest original = registry_->add_image(kRepo, "v1");
    const Manifest stand_in = stand_in_on("v1", original);
    killed = false;
    std::size_t count = 0;
    registry_->on_request([&](const SeenRequest&) -> std::optional<http::Outcome> {
      if (killed) return http::Failure{http::Failure::Kind::broken, "killed"};
      if (count++ < at) return std::nullopt;
      killed = true;
      std::filesystem::copy(state_.path(), after / "state",
                            std::filesystem::copy_options::recursive);
      return std::nullopt;
    });
    (void)prune_keeping({kRepo + ":v1"});
    registry_->on_request(nullptr);
    PruneOptions next = options();
    next.apply.state_directory = killed ? after / "state" : state_.path();
    Client with = client();
    ASSERT_THAT(prune(with, keep({kRepo + ":v1"}), next), IsOk());
    EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
    EXPECT_FALSE(registry_->has(kRepo, stand_in.digest()));
    std::filesystem::remove_all(state_ / "journals");
    if (HasFailure()) break;
  }
  EXPECT_GT(at, 8u) << "the run was too short to prove anything";
}

// A run looked afterwards and found all well: work that is
// left keeps the entry open, and is no reason to put a tag back.
TEST_F(ApplyTest, PutsNothingBackThatWasThereWhenARunWithWorkLeftHadEnded) {
  registry_->add_image(kRepo, "v1");
  registry_->add_image(kRepo, "v2");
  const Digest locked = registry_->add_image(kRepo, "locked");
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!deletes(request, locked)) return std::nullopt;
    return http::Response{409, {}, R"({"errors":[{"code":"DENIED","message":"locked"}]})"};
  });
  ASSERT_THAT(prune_keeping({kRepo + ":v1", kRepo + ":v2"}), IsOk());
  ASSERT_FALSE(registry_->has(kRepo, doomed));
  registry_->remove_tag(kRepo, "v1");
  auto open = find_unfinished(state_.path(), registry_->host());
  ASSERT_THAT(open, IsOk());
  ASSERT_EQ(open->size(), 1u);
  Client with = client();
  EXPECT_THAT(settle(with, {.state_directory = state_.path()}).messages, IsEmpty());
  EXPECT_FALSE(registry_->has(kRepo, doomed));
  EXPECT_THAT(registry_->tags(kRepo), ElementsAre("locked", "v2"));
}

}  // namespace
}  // namespace purser
