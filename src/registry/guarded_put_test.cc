// A tag that somebody else pushes to is theirs.
#include "registry/guarded_put.h"

#include "registry/client_fixture.h"
#include "testing/manual_clock.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;

class GuardedPutTest : public ClientTest {
 protected:
  // Six tries, with waits that cost no time.
  Client patient() {
    ClientOptions options = client_options();
    options.retry = {};
    options.clock = clock_;
    return client(std::move(options));
  }
  Status put(const std::optional<Digest>& seen, const CallOptions& options = {}) {
    return put_if_unchanged(patient(), reference("a:v1"), seen, manifest_, options);
  }
  // What happens once the first PUT was answered.
  void after_the_first_put(std::function<void()> what) {
    registry_->on_request(
        [this, what](const testing::SeenRequest&) -> std::optional<http::Outcome> {
          if (registry_->count("PUT") == 1 && !std::exchange(happened_, true)) what();
          return std::nullopt;
        });
  }

  std::shared_ptr<testing::ManualClock> clock_ = std::make_shared<testing::ManualClock>();
  const Digest was_ = registry_->add_image("a", "v1", "was");
  const Digest other_ = registry_->add_image("a", "other");
  const Manifest manifest_ =
      *Manifest::parse(*registry_->manifest("a", other_), media_type::kOciManifest);
  bool happened_ = false;
};

//
TEST_F(GuardedPutTest, PutsOntoATagThatIsAsItWasSeen) {
  EXPECT_THAT(put(was_), IsOk());
  EXPECT_EQ(registry_->tag("a", "v1"), other_);
  registry_->remove_tag("a", "v1");
  EXPECT_THAT(put(std::nullopt), IsOk());
  EXPECT_EQ(registry_->tag("a", "v1"), other_);
}

//
TEST_F(GuardedPutTest, LeavesATagThatIsNotAsItWasSeen) {
  for (const std::optional<Digest>& seen : {std::optional<Digest>(), std::optional(other_)}) {
    EXPECT_THAT(put(seen), HasError(ErrorCode::changed, HasSubstr(was_.str())));
  }
  registry_->remove_tag("a", "v1");
  EXPECT_THAT(put(was_), HasError(ErrorCode::changed, HasSubstr("removed")));
  EXPECT_EQ(registry_->count("PUT"), 0u);
}

//
TEST_F(GuardedPutTest, IsNotSentAgainOverAPushThatCameMeanwhile) {
  const Fault slow_down = {.method = "PUT", .status = 429, .headers = {{"Retry-After", "60"}}};
  for (const Fault& fault :
       {slow_down, Fault{.method = "PUT", .status = 503}, Fault{.method = "PUT", .status = 408},
        Fault{.method = "PUT", .kind = Fault::Kind::broken_before}}) {
    registry_->set_tag("a", "v1", was_);
    registry_->clear_log();
    registry_->fail(fault);
    Digest fresh = was_;
    happened_ = false;
    after_the_first_put([&] { fresh = registry_->add_image("a", "v1", "fresh"); });
    const Status status = put(was_);
    EXPECT_THAT(status, HasError(ErrorCode::changed, HasSubstr(fresh.str())));
    EXPECT_NE(fresh, was_);
    EXPECT_EQ(registry_->tag("a", "v1"), fresh);
    EXPECT_EQ(registry_->count("PUT"), 1u);
  }
}

//
TEST_F(GuardedPutTest, IsSentAgainWhileTheTagIsAsItWasSeen) {
  registry_->fail({.method = "PUT", .status = 429, .headers = {{"Retry-After", "7"}}});
  registry_->fail({.method = "PUT", .status = 503, .headers = {{"Retry-After", "3"}}});
  EXPECT_THAT(put(was_), IsOk());
  EXPECT_EQ(registry_->tag("a", "v1"), other_);
  EXPECT_EQ(registry_->count("PUT"), 3u);
  EXPECT_THAT(clock_->waits(), ElementsAre(std::chrono::seconds(7), std::chrono::seconds(3)));
}

//
TEST_F(GuardedPutTest, IsDoneWhereTheAnswerWasLostAndTheTagIsOnTheManifest) {
  registry_->fail({.method = "PUT", .kind = Fault::Kind::broken_after});
  EXPECT_THAT(put(was_), IsOk());
  EXPECT_EQ(registry_->tag("a", "v1"), other_);
  EXPECT_EQ(registry_->count("PUT"), 1u);
}

// during a push 2.8.2 answers 500, never 404.
TEST_F(GuardedPutTest, PutsNothingMoreWhereTheTagCannotBeRead) {
  registry_->fail({.method = "PUT", .status = 503});
  after_the_first_put(
      [&] { registry_->fail({.contains = "/manifests/v1", .times = -1, .status = 500}); });
  EXPECT_THAT(put(was_), HasError(ErrorCode::unreachable, HasSubstr("500")));
  EXPECT_EQ(registry_->count("PUT"), 1u);
  EXPECT_EQ(registry_->tag("a", "v1"), was_);
}

TEST_F(GuardedPutTest, GivesUpWhereTheRegistryNeverTakesIt) {
  registry_->fail({.method = "PUT", .times = -1, .status = 503});
  EXPECT_THAT(put(was_), HasError(ErrorCode::unreachable, HasSubstr("503")));
  EXPECT_EQ(registry_->count("PUT"), 6u);
  registry_->clear_faults();
  registry_->clear_log();
  registry_->fail({.method = "PUT", .times = -1, .status = 403});
  EXPECT_THAT(put(was_), HasError(ErrorCode::forbidden));
  EXPECT_EQ(registry_->count("PUT"), 1u);
}

//
TEST_F(GuardedPutTest, FailsWithTheTimeWhereTheServerAsksForALongWait) {
  registry_->fail({.method = "PUT", .status = 429, .headers = {{"Retry-After", "3600"}}});
  const Status status = put(was_);
  ASSERT_THAT(status, HasError(ErrorCode::rate_limited, HasSubstr("3600 s")));
  EXPECT_EQ(status.error().retry_after, std::chrono::seconds(3600));
  EXPECT_TRUE(clock_->waits().empty());
}

TEST_F(GuardedPutTest, TheWaitForTheNextTryIsEndedByTheCaller) {
  registry_->fail({.method = "PUT", .times = -1, .status = 429, .headers = {{"Retry-After", "7"}}});
  EXPECT_THAT(put(was_, {.deadline = std::chrono::seconds(3)}),
              HasError(ErrorCode::cancelled, HasSubstr("deadline")));
  registry_->clear_log();
  clock_->advance(std::chrono::seconds(60));
  std::stop_source stop;
  registry_->after_request([&](const testing::SeenRequest& seen, http::Outcome&) {
    if (seen.method == "HEAD") stop.request_stop();
  });
  EXPECT_THAT(put(was_, {.stop = stop.get_token()}), HasError(ErrorCode::cancelled));
  EXPECT_EQ(registry_->tag("a", "v1"), was_);
}

}  // namespace
}  // namespace purser
