// A manifest is removed when it does not answer any more, not when the registry says so.
#include <algorithm>
#include <optional>
#include <string>

#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

const ManifestReport& report_of(const Report& report, const Digest& digest) {
  const auto found = std::ranges::find_if(
      report.manifests, [&](const ManifestReport& m) { return m.decision.digest == digest; });
  return *found;
}

// 202, and nothing happens, or not yet. What it lists must not go before it.
TEST_F(ApplyTest, KeepsTheChildrenOfAnIndexThatStillAnswersAfterItsDelete) {
  const Digest leaf = registry_->add_image(kRepo, "", "leaf");
  const Digest inner = registry_->add_index(kRepo, "", {leaf});
  registry_->add_index(kRepo, "old", {inner});
  registry_->add_image(kRepo, "kept");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, inner)) return http::Response{202, {}, ""};
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, leaf));
  EXPECT_FALSE(report->complete());
  EXPECT_EQ(report_of(*report, inner).outcome, Outcome::failed);
  EXPECT_THAT(report_of(*report, inner).detail, HasSubstr("still answers"));
  EXPECT_EQ(report_of(*report, leaf).outcome, Outcome::skipped);
  // No tag leads to them any more: the next run knows them from the journal.
  registry_->on_request(nullptr);
  auto next = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(next, IsOk());
  EXPECT_TRUE(next->complete());
  EXPECT_FALSE(registry_->has(kRepo, inner));
  EXPECT_FALSE(registry_->has(kRepo, leaf));
}

TEST_F(ApplyTest, GoesOnWithOthersWhereOneManifestStillAnswersAfterItsDelete) {
  const Digest stays = registry_->add_image(kRepo, "one");
  const Digest goes = registry_->add_image(kRepo, "two");
  registry_->add_image(kRepo, "kept");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deletes(request, stays)) return http::Response{202, {}, ""};
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(report->tags_failed, 1u);
  EXPECT_EQ(report->tags_removed, 1u);
  EXPECT_FALSE(registry_->has(kRepo, goes));
}

// Unread is not gone.
TEST_F(ApplyTest, StopsWhereItCannotBeToldWhetherAManifestIsGone) {
  const Digest leaf = registry_->add_image(kRepo, "", "leaf");
  const Digest old = registry_->add_index(kRepo, "old", {leaf});
  registry_->add_image(kRepo, "kept");
  bool deleted = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deleted && request.target.find(old.hex()) != std::string::npos) {
      return http::Response{500, {}, ""};
    }
    deleted = deleted || deletes(request, old);
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, leaf));
  EXPECT_EQ(report_of(*report, old).outcome, Outcome::failed);
  EXPECT_THAT(report_of(*report, old).detail, HasSubstr("could not be told"));
  // The tag is seen to be gone, and nobody else has removed it.
  ASSERT_EQ(report->tags_removed, 1u);
  for (const TagReport& tag : report->tags) EXPECT_EQ(tag.detail, "") << tag.decision.tag;
  registry_->on_request(nullptr);
  auto next = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(next, IsOk());
  EXPECT_FALSE(registry_->has(kRepo, leaf));
}

// the bytes go back onto a ghost, and the second delete does nothing.
TEST_F(ApplyTest, KeepsTheChildrenOfAnIndexThatWasPutBackToClearItsGhost) {
  FakeRegistryOptions leaves_ghosts;
  leaves_ghosts.delete_leaves_tags = true;
  const Digest leaf = registry_->add_image(kRepo, "", "leaf");
  const Digest old = registry_->add_index(kRepo, "old", {leaf});
  registry_->add_image(kRepo, "kept");
  int count = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const bool first = deletes(request, old) && count++ == 0;
    registry_->set_options(first ? leaves_ghosts : FakeRegistryOptions{});
    if (deletes(request, old) && !first) return http::Response{202, {}, ""};
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(count, 2);
  EXPECT_TRUE(registry_->has(kRepo, old));
  EXPECT_TRUE(registry_->has(kRepo, leaf));
  EXPECT_EQ(report_of(*report, old).outcome, Outcome::failed);
}

// a proxy's 404 after the registry's 202 is no word of the registry.
TEST_F(ApplyTest, KeepsTheChildrenOfAnIndexWhoseAbsenceOnlyAProxyClaims) {
  const Digest leaf = registry_->add_image(kRepo, "", "leaf");
  const Digest inner = registry_->add_index(kRepo, "", {leaf});
  registry_->add_index(kRepo, "old", {inner});
  registry_->add_image(kRepo, "kept");
  bool taken = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.target.find(inner.hex()) == std::string::npos) return std::nullopt;
    if (request.method == "DELETE") {
      taken = true;
      return http::Response{202, {}, ""};
    }
    if (taken) return http::Response{404, {{"Content-Type", "text/html"}}, "<html>no route</html>"};
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, leaf));
  EXPECT_FALSE(report->complete());
  EXPECT_EQ(report_of(*report, inner).outcome, Outcome::failed);
}

}  // namespace
}  // namespace purser
