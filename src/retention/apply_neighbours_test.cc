// Servers that delete more than they are asked to: what is kept next to a deleted manifest is there
// in the end.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::IsOk;

// a child that both indexes list goes with the one that is deleted.
TEST_F(ApplyTest, PutsAChildOfAKeptIndexBackThatWentWithAnotherIndex) {
  const Digest shared = registry_->add_image(kRepo, "", "shared");
  const Digest own = registry_->add_image(kRepo, "", "own");
  registry_->add_index(kRepo, "kept", {shared});
  const Digest old = registry_->add_index(kRepo, "old", {shared, own});
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (deletes(request, old)) registry_->remove_manifest(kRepo, shared);
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, shared));
  EXPECT_FALSE(registry_->has(kRepo, own));
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->warnings, Contains(HasSubstr(shared.str())));
}

// With all that it lists, the parts first: some registries take an index in no other order.
TEST_F(ApplyTest, PutsANestedIndexBackWithItsChildrenThatWentWithAnotherIndex) {
  FakeRegistryOptions strict;
  strict.requires_children = true;
  use(strict);
  const Digest leaf = registry_->add_image(kRepo, "", "leaf");
  const Digest inner = registry_->add_index(kRepo, "", {leaf});
  registry_->add_index(kRepo, "kept", {inner});
  const Digest extra = registry_->add_image(kRepo, "extra");
  const Digest old = registry_->add_index(kRepo, "old", {inner, extra});
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (!deletes(request, old)) return;
    registry_->remove_manifest(kRepo, inner);
    registry_->remove_manifest(kRepo, leaf);
  });
  auto report = prune_keeping({kRepo + ":kept", kRepo + ":extra"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, inner));
  EXPECT_TRUE(registry_->has(kRepo, leaf));
}

// children, then the indexes that list them, then what refers to those, then their tags.
TEST_F(ApplyTest, PutsAWholeImageBackInAnOrderInWhichNothingIsMissing) {
  FakeRegistryOptions strict;
  strict.requires_children = true;
  use(strict);
  const Digest leaf = registry_->add_image(kRepo, "", "leaf");
  const Digest inner = registry_->add_index(kRepo, "", {leaf});
  const Digest kept = registry_->add_index(kRepo, "kept", {inner});
  const Digest signature = add_referrer("signature", kept);
  const Digest of_signature = add_referrer("timestamp", signature);
  const Digest old = registry_->add_index(kRepo, "old", {kept});
  const std::vector<Digest> order = {leaf, inner, kept, signature, of_signature};
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (!deletes(request, old)) return;
    for (const Digest& digest : order) registry_->remove_manifest(kRepo, digest);
    for (const char* tag : {"kept", "signature", "timestamp"}) registry_->remove_tag(kRepo, tag);
  });
  auto report = prune_keeping({kRepo + ":kept", kRepo + ":signature", kRepo + ":timestamp"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  EXPECT_EQ(registry_->tag(kRepo, "kept"), kept);
  EXPECT_EQ(registry_->tag(kRepo, "timestamp"), of_signature);
  // Where each was first put, by its digest or onto its tag.
  std::vector<Digest> put;
  for (const SeenRequest& request : registry_->log()) {
    if (request.method != "PUT") continue;
    EXPECT_EQ(request.status, 201) << request.target;
    const Digest digest = Digest::of(request.body);
    if (std::ranges::find(put, digest) == put.end()) put.push_back(digest);
  }
  EXPECT_EQ(put, order);
}

// However deep: what lies between is to be removed, and went along as well.
TEST_F(ApplyTest, PutsATaggedImageBackThatWentWithTheIndexOfAnIndex) {
  const Digest leaf = registry_->add_image(kRepo, "leaf");
  const Digest own = registry_->add_image(kRepo, "", "own");
  const Digest inner = registry_->add_index(kRepo, "", {leaf, own});
  const Digest old = registry_->add_index(kRepo, "old", {inner});
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (!deletes(request, old)) return;
    for (const Digest& digest : {inner, own, leaf}) registry_->remove_manifest(kRepo, digest);
    registry_->remove_tag(kRepo, "leaf");
  });
  auto report = prune_keeping({kRepo + ":leaf"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "leaf"), leaf);
  EXPECT_TRUE(registry_->has(kRepo, leaf));
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_FALSE(report->complete());
}

// a signature without a subject is next to the image that its tag names.
TEST_F(ApplyTest, PutsAKeptSignatureBackThatWentWithItsImage) {
  registry_->add_image(kRepo, "keep");
  const Digest old = registry_->add_image(kRepo, "old");
  const std::string tag = "sha256-" + std::string(old.hex()) + ".sig";
  const Digest signature = registry_->add_image(kRepo, tag);
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (!deletes(request, old)) return;
    registry_->remove_manifest(kRepo, signature);
    registry_->remove_tag(kRepo, tag);
  });
  auto report = prune_keeping({kRepo + ":keep", kRepo + ":" + tag});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, tag), signature);
  EXPECT_TRUE(registry_->has(kRepo, signature));
  EXPECT_FALSE(registry_->has(kRepo, old));
}

// With its tag, and with its own image: not with the one that was deleted.
TEST_F(ApplyTest, PutsATaggedChildBackThatWentWithAnIndex) {
  const Digest shared = registry_->add_image(kRepo, "amd64");
  registry_->add_image(kRepo, "kept");
  const Digest old = registry_->add_index(kRepo, "old", {shared});
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (!deletes(request, old)) return;
    registry_->remove_manifest(kRepo, shared);
    registry_->remove_tag(kRepo, "amd64");
  });
  auto report = prune_keeping({kRepo + ":kept", kRepo + ":amd64"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "amd64"), shared);
  EXPECT_TRUE(registry_->has(kRepo, shared));
  EXPECT_FALSE(registry_->has(kRepo, old));
  EXPECT_FALSE(report->complete());
}

// a signature that is kept, of an image that goes.
TEST_F(ApplyTest, PutsAKeptReferrerBackThatWentWithItsSubject) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  const Digest referrer = add_referrer("signed", doomed);
  registry_->add_index(kRepo, "kept", {referrer});
  registry_->remove_tag(kRepo, "signed");
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (deletes(request, doomed)) registry_->remove_manifest(kRepo, referrer);
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(registry_->has(kRepo, doomed));
  EXPECT_TRUE(registry_->has(kRepo, referrer));
  EXPECT_FALSE(report->complete());
}

TEST_F(ApplyTest, ReportsAKeptChildThatCannotBeReadAfterTheRun) {
  const Digest shared = registry_->add_image(kRepo, "", "shared");
  const Digest own = registry_->add_image(kRepo, "", "own");
  registry_->add_index(kRepo, "kept", {shared});
  const Digest old = registry_->add_index(kRepo, "old", {shared, own});
  bool deleted = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (deleted && request.target.find(shared.hex()) != std::string::npos) {
      return http::Response{500, {}, ""};
    }
    deleted = deleted || deletes(request, old);
    return std::nullopt;
  });
  auto report = prune_keeping({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->warnings, Contains(HasSubstr(shared.str())));
}

// A server that deletes what an index lists along with it, and a run that died then: the bytes of
// what is kept are in the journal with the index.
TEST_F(ApplyTest, PutsAChildOfAKeptIndexBackThatWentWithAnotherAsTheRunWasKilled) {
  const Digest shared = registry_->add_image(kRepo, "", "shared");
  const Digest own = registry_->add_image(kRepo, "", "own");
  registry_->add_index(kRepo, "kept", {shared});
  const Digest old = registry_->add_index(kRepo, "old", {shared, own});
  bool dead = false;
  registry_->on_request([&](const SeenRequest&) -> std::optional<http::Outcome> {
    if (dead) return http::Failure{http::Failure::Kind::broken, "killed"};
    return std::nullopt;
  });
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    if (!deletes(request, old)) return;
    registry_->remove_manifest(kRepo, shared);
    dead = true;
  });
  ASSERT_THAT(prune_keeping({kRepo + ":kept"}), IsOk());
  ASSERT_FALSE(registry_->has(kRepo, shared));
  registry_->on_request(nullptr);
  registry_->after_request(nullptr);
  Client with = client();
  const Settled settled = settle(with, {.state_directory = state_.path()});
  EXPECT_THAT(settled.messages, Contains(HasSubstr(shared.str())));
  EXPECT_TRUE(registry_->has(kRepo, shared));
}

}  // namespace
}  // namespace purser
