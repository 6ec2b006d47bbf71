// What apply writes down, and what the next run makes of it.
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "purser/journal.h"
#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::IsEmpty;
using testing::IsOk;

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(text).str();
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

}  // namespace
}  // namespace purser
