// What a registry answers to the delete of a tag by its name, and what is made of it (A-74, A-76).
#include <optional>
#include <set>
#include <stop_token>

#include "purser/stand_in.h"
#include "registry/client_fixture.h"

namespace purser {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::SeenRequest;
using TagDelete = testing::FakeRegistryOptions::TagDelete;

class UntagRefusalTest : public ClientTest {
 protected:
  // They have one digest.
  UntagRefusalTest() {
    for (const char* tag : {"kept", "v2", "v3"}) registry_->set_tag("a", tag, image_);
  }
  void tag_delete(TagDelete how) {
    change([how](auto& options) { options.tag_delete = how; });
  }
  // Of the delete of this tag by its name.
  void answer_delete_of(const std::string& tag, int status, const std::string& code) {
    registry_->on_request([=](const SeenRequest& seen) -> std::optional<http::Outcome> {
      if (seen.method != "DELETE" || !seen.target.ends_with("/manifests/" + tag)) {
        return std::nullopt;
      }
      return reply(status, R"({"errors":[{"code":")" + code + R"(","message":"no"}]})");
    });
  }
  Digest stand_in() const {
    return make_stand_in(*Manifest::parse(raw_, media_type::kOciManifest), "v1")->digest();
  }

  const Digest image_ = registry_->add_image("a", "v1");
  const std::string raw_ = *registry_->manifest("a", image_);
};

// A-74, A-76: a lock on the tag is not worked around by the digest of the stand-in, on the very
// first untag of a client either.
TEST_F(UntagRefusalTest, LeavesATagThatIsLockedOnTheFirstTry) {
  struct Lock {
    int status;
    const char* code;
  };
  for (const Lock& lock : {Lock{405, "REGISTRY_DISALLOWED_OPERATION"}, Lock{409, "TAG_IMMUTABLE"},
                           Lock{412, "PRECONDITION"}, Lock{423, "LOCKED"}}) {
    SCOPED_TRACE(lock.status);
    answer_delete_of("v1", lock.status, lock.code);
    const auto result = client().untag(reference("a:v1"), nullptr);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().http->status, lock.status);
    EXPECT_TRUE(result.error().not_done);
    EXPECT_EQ(registry_->tag("a", "v1"), image_);
    EXPECT_EQ(registry_->manifests("a"), std::set<Digest>{image_}) << "a stand-in was left";
  }
}

// A-76: a 404 is what a tag gives that somebody removed and pushed again, or a replica that lags.
TEST_F(UntagRefusalTest, GoesOnDeletingByNameAfterOne404) {
  tag_delete(TagDelete::conforming);
  const Client c = client();
  ASSERT_THAT(c.untag(reference("a:v1"), nullptr), IsOk());
  answer_delete_of("v2", 404, "MANIFEST_UNKNOWN");
  EXPECT_THAT(c.untag(reference("a:v2"), nullptr), HasError(ErrorCode::not_found));
  EXPECT_EQ(registry_->tag("a", "v2"), image_);
  EXPECT_EQ(registry_->manifest_count("a"), 1u);
  registry_->on_request(nullptr);
  EXPECT_THAT(c.untag(reference("a:v2"), nullptr), IsOkAndHolds(UntagMethod::tag_delete));
  EXPECT_THAT(c.untag(reference("a:v3"), nullptr), IsOkAndHolds(UntagMethod::tag_delete));
}

// The same on the first try: nothing is learnt from it.
TEST_F(UntagRefusalTest, LearnsNothingFromA404OnTheFirstTry) {
  tag_delete(TagDelete::conforming);
  const Client c = client();
  answer_delete_of("v1", 404, "MANIFEST_UNKNOWN");
  EXPECT_THAT(c.untag(reference("a:v1"), nullptr), IsOkAndHolds(UntagMethod::stand_in));
  registry_->on_request(nullptr);
  EXPECT_THAT(c.untag(reference("a:v2"), nullptr), IsOkAndHolds(UntagMethod::tag_delete));
  EXPECT_EQ(registry_->manifest_count("a"), 1u);
}

// A-81, A-92: ten seconds go by between the put of the stand-in and its delete.
TEST_F(UntagRefusalTest, DeletesNoStandInThatSomebodyTaggedWhileADeleteByNameWasWaitedFor) {
  tag_delete(TagDelete::ignored);
  registry_->after_request([this](const SeenRequest& seen, http::Outcome&) {
    if (seen.method != "DELETE" || !seen.target.ends_with("/manifests/v1")) return;
    registry_->set_tag("a", "prod", stand_in());
  });
  EXPECT_THAT(client().untag(reference("a:v1"), nullptr),
              HasError(ErrorCode::conflict, HasSubstr("prod")));
  EXPECT_EQ(registry_->tag("a", "prod"), stand_in());
  EXPECT_TRUE(registry_->has("a", stand_in()));
  EXPECT_EQ(registry_->tag("a", "v1"), image_);
}

// A-77, A-81: from the first change to the last look nothing is stopped, that wait included.
TEST_F(UntagRefusalTest, WaitsForADeleteByNameThatWasTakenWhenItIsStopped) {
  std::stop_source stop;
  int looks = -1;
  registry_->on_request([&](const SeenRequest& seen) -> std::optional<http::Outcome> {
    if (!seen.target.ends_with("/manifests/v1")) return std::nullopt;
    if (seen.method == "DELETE") {
      stop.request_stop();
      looks = 0;
      return reply(202, "");
    }
    if (looks >= 0 && ++looks == 3) registry_->remove_tag("a", "v1");
    return std::nullopt;
  });
  EXPECT_THAT(client().untag(reference("a:v1"), nullptr, {.stop = stop.get_token()}),
              IsOkAndHolds(UntagMethod::tag_delete));
  EXPECT_FALSE(registry_->tag("a", "v1"));
  EXPECT_EQ(registry_->manifests("a"), std::set<Digest>{image_});
  EXPECT_THAT(logged_, Not(Contains(HasSubstr("does not do what it should"))));
}

// A-81: who looks later at a tag that is gone has been told.
TEST_F(UntagRefusalTest, TellsOfADeleteByNameThatMayStillBeCarriedOut) {
  tag_delete(TagDelete::ignored);
  registry_->fail({.method = "DELETE", .contains = stand_in().str(), .times = -1, .status = 403});
  EXPECT_THAT(client().untag(reference("a:v1"), nullptr),
              HasError(ErrorCode::forbidden, HasSubstr("may still carry out the delete")));
  EXPECT_EQ(registry_->tag("a", "v1"), image_);
}

// A-81: the tag went by its name, and the stand-in goes later.
TEST_F(UntagRefusalTest, WaitsUntilAStandInIsGoneWhoseTagWentByItsName) {
  change([](auto& options) {
    options.tag_delete = TagDelete::conforming;
    options.delete_lag = 3;
  });
  EXPECT_THAT(client().untag(reference("a:v1"), nullptr), IsOkAndHolds(UntagMethod::tag_delete));
  EXPECT_EQ(registry_->manifests("a"), std::set<Digest>{image_});
  EXPECT_THAT(logged_, Not(Contains(HasSubstr("stays behind"))));
  change([](auto& options) { options.delete_lag = 1'000; });
  registry_->set_tag("a", "v1", image_);
  EXPECT_THAT(client().untag(reference("a:v1"), nullptr), IsOk());
  EXPECT_THAT(logged_, Contains(HasSubstr("stays behind")));
}

}  // namespace
}  // namespace purser
