// What could not be read when it came to it is not taken for absent: nothing that it may need goes.
#include <optional>
#include <string>

#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::IsOk;

bool concerns(const testing::SeenRequest& request, const Digest& digest) {
  return request.target.find(digest.hex()) != std::string::npos;
}

// an error is not "none", also just before the DELETE.
TEST_F(ApplyTest, SendsNoDeleteWhereTheReferrersCannotBeReadAnyMore) {
  FakeRegistryOptions with_api;
  with_api.referrers_api = true;
  use(with_api);
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  int asked = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.target.find("/referrers/") == std::string::npos || !concerns(request, doomed))
      return std::nullopt;
    // The survey and apply's own look come first.
    return ++asked < 3 ? std::nullopt : std::optional<http::Outcome>(http::Response{500, {}, ""});
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_GE(asked, 3);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_EQ(registry_->count("DELETE", std::string(doomed.hex())), 0u);
  EXPECT_FALSE(report->complete());
}

// who named the referrers a moment ago has such an API.
TEST_F(ApplyTest, LeavesAManifestAloneWhoseReferrersTheRegistryDoesNotTellAnyMore) {
  FakeRegistryOptions with_api;
  with_api.referrers_api = true;
  use(with_api);
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  PruneOptions options = this->options();
  options.planned = [&](const Plan&) -> Status {
    registry_->set_options(FakeRegistryOptions{});
    return {};
  };
  Client with = client();
  auto report = prune(with, keep({kRepo + ":kept"}), options);
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_FALSE(report->complete());
}

// the kept tag may be on an index by now that needs the child.
TEST_F(ApplyTest, SendsNoDeleteOfAChildWhileAKeptTagCannotBeRead) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  const Digest old = registry_->add_index(kRepo, "old", {child});
  registry_->add_image(kRepo, "latest");
  bool deleted = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deleted && request.target.ends_with("/manifests/latest")) {
      return http::Response{500, {}, ""};
    }
    deleted = deleted || (request.method == "DELETE" && concerns(request, old));
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_TRUE(registry_->has(kRepo, child));
  EXPECT_EQ(registry_->count("DELETE", std::string(child.hex())), 0u);
  EXPECT_FALSE(report->complete());
}

TEST_F(ApplyTest, ReportsADoomedTagThatBecameAGhostAndThenCannotBeRead) {
  const Digest ghost = registry_->add_image(kRepo, "ghost");
  const Digest other = registry_->add_image(kRepo, "other");
  registry_->add_image(kRepo, "kept");
  PruneOptions options = this->options();
  options.planned = [&](const Plan&) -> Status {
    registry_->remove_manifest(kRepo, ghost);
    return {};
  };
  bool deleted = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.method == "DELETE" && concerns(request, other)) {
      deleted = true;
      registry_->remove_tag(kRepo, "ghost");
    }
    if (deleted && request.target.ends_with("/manifests/ghost")) {
      return http::Response{500, {}, ""};
    }
    return std::nullopt;
  });
  Client with = client();
  auto report = prune(with, keep({kRepo + ":kept"}), options);
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(report->tags_removed, 1u);
  EXPECT_EQ(report->tags_skipped, 1u);
}

// lost, and then silent: that is the last thing that may go unreported.
TEST_F(ApplyTest, ReportsAKeptTagThatIsLostAndThenCannotBeRead) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "latest");
  bool deleted = false;
  bool told = false;
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (request.method != "DELETE" || !concerns(request, doomed)) return;
    registry_->set_tag(kRepo, "latest", doomed);
    deleted = true;
  });
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!deleted || !request.target.ends_with("/manifests/latest")) return std::nullopt;
    if (told) return http::Response{500, {}, ""};
    told = request.method == "GET";  // which confirms what HEAD says
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":latest"});
  ASSERT_THAT(report, IsOk());
  ASSERT_TRUE(told);
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->warnings, Contains(HasSubstr("latest")));
  // The next run puts it back.
  registry_->on_request(nullptr);
  registry_->after_request(nullptr);
  Client with = client();
  ASSERT_THAT(settle(with, {.state_directory = state_.path()}).status, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, tag_digest("latest")));
}

// nobody could see what became of it, so it was not left alone.
TEST_F(ApplyTest, ReportsATagAsFailedWhoseRemovalCouldNotBeConfirmed) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  bool sent = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, doomed)) {
      registry_->remove_manifest(kRepo, doomed);
      registry_->remove_tag(kRepo, "doomed");
      sent = true;
      return http::Failure{http::Failure::Kind::broken, "the connection ended early"};
    }
    const bool about = concerns(request, doomed) || request.target.ends_with("/doomed");
    return sent && about ? std::optional<http::Outcome>(http::Response{500, {}, ""}) : std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  EXPECT_EQ(report->tags_failed, 1u);
  EXPECT_EQ(report->tags_skipped, 0u);
}

}  // namespace
}  // namespace purser
