// What another client does while a tag is removed, and what the registry makes it wait for.
#include "purser/stand_in.h"
#include "registry/client_fixture.h"
#include "testing/manual_clock.h"

namespace purser {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::SeenRequest;

class UntagRaceTest : public ClientTest {
 protected:
  // v1 and kept have one digest.
  UntagRaceTest() { registry_->set_tag("a", "kept", image_); }

  // Six tries, with waits that cost no time.
  Client patient() {
    ClientOptions options = client_options();
    options.retry = {};
    options.clock = clock_;
    return client(std::move(options));
  }
  Result<UntagMethod> untag(const std::string& what = "a:v1") {
    return patient().untag(reference(what), nullptr);
  }
  Digest stand_in() const {
    const auto original = Manifest::parse(raw_, media_type::kOciManifest);
    return make_stand_in(*original, "v1")->digest();
  }
  bool is_delete_of_the_stand_in(const SeenRequest& seen) const {
    return seen.method == "DELETE" && seen.target.find(stand_in().hex()) != std::string::npos;
  }
  static http::Response slow_down() { return reply(429, "", {{"Retry-After", "60"}}); }

  std::shared_ptr<testing::ManualClock> clock_ = std::make_shared<testing::ManualClock>();
  const Digest image_ = registry_->add_image("a", "v1");
  const std::string raw_ = *registry_->manifest("a", image_);
};

//
TEST_F(UntagRaceTest, PutsNoStandInOverAPushThatCameAfterTheFirstTry) {
  std::optional<Digest> fresh;
  registry_->on_request([&](const SeenRequest& seen) -> std::optional<http::Outcome> {
    if (registry_->count("PUT") == 1 && !fresh) fresh = registry_->add_image("a", "v1", "fresh");
    if (seen.method == "PUT") return reply(503, "", {{"Retry-After", "60"}});
    return std::nullopt;
  });
  const auto result = untag();
  ASSERT_TRUE(fresh);
  EXPECT_THAT(result, HasError(ErrorCode::changed, HasSubstr(fresh->str())));
  EXPECT_EQ(registry_->tag("a", "v1"), fresh);
  EXPECT_EQ(registry_->count("PUT"), 1u);
}

// what 2.8.2 answers while a tag is pushed.
TEST_F(UntagRaceTest, PutsNothingBackOverAPushDuringWhichTheTagCouldNotBeRead) {
  for (const int unread : {6, -1}) {
    registry_->clear_faults();
    registry_->clear_log();
    registry_->set_tag("a", "v1", image_);
    std::optional<Digest> fresh;
    registry_->after_request([&](const SeenRequest& seen, http::Outcome&) {
      if (!is_delete_of_the_stand_in(seen)) return;
      fresh = registry_->add_image("a", "v1", "fresh");
      registry_->fail({.contains = "/manifests/v1", .times = unread, .status = 500});
    });
    const auto result = untag();
    ASSERT_TRUE(fresh);
    if (unread > 0) {
      EXPECT_THAT(result, HasError(ErrorCode::changed, HasSubstr(fresh->str())));
    } else {
      EXPECT_THAT(result, HasError(ErrorCode::unreachable, HasSubstr("COULD NOT BE PUT BACK")));
    }
    EXPECT_EQ(registry_->tag("a", "v1"), fresh);
    EXPECT_EQ(registry_->count("PUT"), 1u) << "the stand-in alone";
    EXPECT_EQ(registry_->tag("a", "kept"), image_);
  }
}

//
TEST_F(UntagRaceTest, DeletesAStandInAgainAfterTheWaitThatTheServerAsksFor) {
  int deletes = 0;
  registry_->on_request([&](const SeenRequest& seen) -> std::optional<http::Outcome> {
    if (is_delete_of_the_stand_in(seen) && ++deletes == 1) return slow_down();
    return std::nullopt;
  });
  EXPECT_THAT(untag(), IsOk());
  EXPECT_EQ(deletes, 2);
  EXPECT_THAT(clock_->waits(), ElementsAre(std::chrono::seconds(60)));
  EXPECT_THAT(registry_->tags("a"), ElementsAre("kept"));
  EXPECT_FALSE(registry_->has("a", stand_in()));
}

//
TEST_F(UntagRaceTest, DeletesNoStandInThatSomebodyTaggedDuringTheWait) {
  int deletes = 0;
  registry_->on_request([&](const SeenRequest& seen) -> std::optional<http::Outcome> {
    if (!is_delete_of_the_stand_in(seen) || ++deletes > 1) return std::nullopt;
    registry_->set_tag("a", "copied", stand_in());
    return slow_down();
  });
  EXPECT_THAT(untag(), HasError(ErrorCode::conflict, HasSubstr("copied")));
  EXPECT_EQ(deletes, 1);
  EXPECT_EQ(registry_->tag("a", "copied"), stand_in());
  EXPECT_TRUE(registry_->has("a", stand_in()));
  EXPECT_EQ(registry_->tag("a", "v1"), image_);
}

TEST_F(UntagRaceTest, PutsTheImageBackWhenItIsStoppedWhileItWaits) {
  std::stop_source stop;
  registry_->on_request([&](const SeenRequest& seen) -> std::optional<http::Outcome> {
    if (!is_delete_of_the_stand_in(seen)) return std::nullopt;
    stop.request_stop();
    return slow_down();
  });
  EXPECT_THAT(patient().untag(reference("a:v1"), nullptr, {.stop = stop.get_token()}),
              HasError(ErrorCode::cancelled, HasSubstr("put back")));
  EXPECT_EQ(registry_->tag("a", "v1"), image_);
}

//
TEST_F(UntagRaceTest, DeletesNoTagByItsNameThatWasPushedDuringTheWait) {
  change([](auto& options) { options.tag_delete = FakeOptions::TagDelete::conforming; });
  registry_->set_tag("a", "v2", image_);
  const Client c = patient();
  ASSERT_THAT(c.untag(reference("a:v1"), nullptr), IsOk());
  std::optional<Digest> fresh;
  registry_->on_request([&](const SeenRequest& seen) -> std::optional<http::Outcome> {
    if (seen.method != "DELETE" || fresh) return std::nullopt;
    fresh = registry_->add_image("a", "v2", "fresh");
    return slow_down();
  });
  EXPECT_THAT(c.untag(reference("a:v2"), nullptr), HasError(ErrorCode::changed));
  ASSERT_TRUE(fresh);
  EXPECT_EQ(registry_->tag("a", "v2"), fresh);
  EXPECT_THAT(clock_->waits(), Contains(std::chrono::seconds(60)));
}

// there is nothing to undo, and the tag is not put back onto what somebody took it
// from.
TEST_F(UntagRaceTest, PutsNothingBackWhereTheTagWasRemovedBeforeAnythingWasSent) {
  for (const bool held_up : {false, true}) {
    registry_->set_tag("a", "v1", image_);
    registry_->clear_log();
    if (held_up) registry_->fail({.method = "PUT", .status = 429});
    // Directly before the first PUT, or during the wait after one that the registry did not take.
    registry_->on_request([&](const SeenRequest& seen) -> std::optional<http::Outcome> {
      const bool looks = seen.method == "HEAD" && seen.target.ends_with("/manifests/v1");
      if (looks && registry_->count("PUT") == (held_up ? 1u : 0u)) registry_->remove_tag("a", "v1");
      return std::nullopt;
    });
    const auto result = untag();
    EXPECT_THAT(result, HasError(ErrorCode::changed, HasSubstr("removed it meanwhile")));
    EXPECT_TRUE(result.error().not_done);
    EXPECT_EQ(registry_->count("PUT"), held_up ? 1u : 0u);
    EXPECT_THAT(registry_->tags("a"), ElementsAre("kept"));
  }
}

// the same by the registry's own delete of a tag.
TEST_F(UntagRaceTest, SaysThatNothingWasSentWhereATagToDeleteByItsNameWasRemoved) {
  change([](auto& options) { options.tag_delete = FakeOptions::TagDelete::conforming; });
  registry_->set_tag("a", "v2", image_);
  const Client c = patient();
  ASSERT_THAT(c.untag(reference("a:v1"), nullptr), IsOk());
  registry_->on_request([&](const SeenRequest& seen) -> std::optional<http::Outcome> {
    const bool looks = seen.method == "HEAD" && seen.target.ends_with("/manifests/v2");
    if (looks) registry_->remove_tag("a", "v2");
    return std::nullopt;
  });
  const auto result = c.untag(reference("a:v2"), nullptr);
  EXPECT_THAT(result, HasError(ErrorCode::changed));
  EXPECT_TRUE(result.error().not_done);
  EXPECT_EQ(registry_->count("DELETE", "/manifests/v2"), 0u);
}

// only what is sure is said. A request that was held up says nothing of those before it.
TEST_F(UntagRaceTest, DoesNotSayThatNothingWasSentOnceAStandInMayBeThere) {
  const testing::Fault put = {.method = "PUT", .times = -1, .status = 503};
  const testing::Fault removal = {
      .method = "DELETE", .contains = std::string(stand_in().hex()), .times = -1, .status = 429};
  for (const testing::Fault& fault : {put, removal}) {
    registry_->clear_faults();
    registry_->fail(fault);
    const auto result = untag();
    ASSERT_FALSE(result);
    EXPECT_FALSE(result.error().not_done) << result.error().message;
    EXPECT_EQ(registry_->tag("a", "v1"), image_);
  }
}

}  // namespace
}  // namespace purser
