// Removing one tag and nothing else (A-76, A-77).
#include "purser/stand_in.h"
#include "registry/client_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using testing::Fault;
using testing::HasError;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using TagDelete = testing::FakeRegistryOptions::TagDelete;

// Writes down what it is told, and what had been sent by then.
class RecordingLog : public ChangeLog {
 public:
  explicit RecordingLog(const testing::FakeRegistry& registry) : registry_(registry) {}
  Status before(const Change& change) override {
    changes.push_back(change);
    writes_before = registry_.count("PUT");
    if (!refuse) return {};
    Error error;
    error.code = ErrorCode::io;
    error.message = "the disk is full";
    return Unexpected(std::move(error));
  }
  Status after(const Change&, const Status& outcome) override {
    outcomes.push_back(outcome.has_value());
    return {};
  }
  std::vector<Change> changes;
  std::vector<bool> outcomes;
  std::size_t writes_before = 99;
  bool refuse = false;

 private:
  const testing::FakeRegistry& registry_;
};

class UntagTest : public ClientTest {
 protected:
  // v1 and kept have one digest.
  UntagTest() { registry_->set_tag("a", "kept", image_); }

  Result<UntagMethod> untag(const std::string& what = "a:v1") {
    return client().untag(reference(what), &log_);
  }
  Digest stand_in() const {
    const auto original = Manifest::parse(raw_, media_type::kOciManifest);
    return make_stand_in(*original, "v1")->digest();
  }
  void expect_tag_alone_went() {
    EXPECT_THAT(registry_->tags("a"), ElementsAre("kept"));
    expect_kept();
    EXPECT_EQ(registry_->manifest_count("a"), 1u) << "a stand-in stayed behind";
  }
  void expect_kept() {
    EXPECT_EQ(registry_->tag("a", "kept"), image_);
    EXPECT_EQ(registry_->manifest("a", image_), raw_);
  }
  // The image is where it was, under both tags.
  void expect_unchanged() {
    EXPECT_EQ(registry_->tag("a", "v1"), image_);
    expect_kept();
  }
  void tag_delete(TagDelete how) {
    change([how](auto& options) { options.tag_delete = how; });
  }

  Digest image_ = registry_->add_image("a", "v1");
  std::string raw_ = *registry_->manifest("a", image_);
  RecordingLog log_{*registry_};
};

TEST_F(UntagTest, RemovesThatTagAloneByAStandIn) {
  EXPECT_THAT(untag(), IsOkAndHolds(UntagMethod::stand_in));
  expect_tag_alone_went();
}

TEST_F(UntagTest, RemovesTheLastTagAndLeavesTheManifest) {
  registry_->remove_tag("a", "kept");
  EXPECT_THAT(untag(), IsOk());
  EXPECT_THAT(registry_->tags("a"), IsEmpty());
  EXPECT_TRUE(registry_->has("a", image_));
}

TEST_F(UntagTest, UntagsAnIndex) {
  registry_->add_index("a", "all", {image_});
  const Digest index = *registry_->tag("a", "all");
  EXPECT_THAT(untag("a:all"), IsOk());
  EXPECT_TRUE(registry_->has("a", index));
  EXPECT_FALSE(registry_->tag("a", "all"));
}

TEST_F(UntagTest, SaysWhenThereIsNoSuchTag) {
  EXPECT_THAT(untag("a:gone"), IsOkAndHolds(UntagMethod::already_absent));
  EXPECT_THAT(log_.changes, IsEmpty());
}

TEST_F(UntagTest, DoesNotTakeABare404ForAnAbsentTag) {
  registry_->fail({.contains = "/manifests/v1", .times = -1, .status = 404, .body = "no route"});
  EXPECT_FALSE(untag());
  EXPECT_EQ(registry_->count("PUT"), 0u);
}

TEST_F(UntagTest, WantsTheTagNamed) {
  EXPECT_THAT(untag("a"), HasError(ErrorCode::invalid_argument));
}

// A-2.
TEST_F(UntagTest, ChecksTheDigestThatIsNamedWithTheTag) {
  EXPECT_THAT(untag("a:v1@" + Digest::of("other").str()), HasError(ErrorCode::changed));
  expect_unchanged();
  EXPECT_THAT(untag("a:v1@" + image_.str()), IsOk());
}

// A-73: nothing destructive, untag included, unless deletes are known to be enabled (H1).
TEST_F(UntagTest, ChangesNothingWhereDeletesAreNotEnabled) {
  const auto refused = [this](const std::function<void(FakeOptions&)>& how, ErrorCode code) {
    change(how);
    EXPECT_THAT(untag(), HasError(code));
    EXPECT_EQ(registry_->count("PUT"), 0u);
    EXPECT_THAT(log_.changes, IsEmpty());
    expect_unchanged();
    change([](auto& options) { options = FakeOptions{}; });
  };
  refused([](auto& o) { o.deletes_enabled = false; }, ErrorCode::refused);
  refused([](auto& o) { o.delete_right = false; }, ErrorCode::forbidden);
}

TEST_F(UntagTest, ChangesNothingWhereEachDeleteIsAnswered404) {
  registry_->fail({.method = "DELETE", .times = -1, .status = 404, .body = "<html>"});
  EXPECT_THAT(untag(), HasError(ErrorCode::refused, HasSubstr("could not be told")));
  EXPECT_EQ(registry_->count("PUT"), 0u);
}

// A server that answers 404 MANIFEST_UNKNOWN to every DELETE passes the probe.
TEST_F(UntagTest, PutsTheImageBackWhereTheDeleteDidNothing) {
  change([](auto& options) { options.delete_always_404 = true; });
  auto result = untag();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("put back"));
  expect_unchanged();
  EXPECT_THAT(log_.outcomes, ElementsAre(false));
}

TEST_F(UntagTest, ProbesARepositoryOnce) {
  registry_->set_tag("a", "v2", image_);
  const Client c = client();
  EXPECT_THAT(c.untag(reference("a:v1"), nullptr), IsOk());
  const std::size_t first = registry_->count("DELETE");
  EXPECT_THAT(c.untag(reference("a:v2"), nullptr), IsOk());
  // No probe and no delete by name the second time.
  EXPECT_EQ(registry_->count("DELETE"), first + 1);
}

// "ChangeLog::before before any change."
TEST_F(UntagTest, AnnouncesTheChangeBeforeItIsSent) {
  EXPECT_THAT(untag(), IsOk());
  ASSERT_EQ(log_.changes.size(), 1u);
  EXPECT_EQ(log_.writes_before, 0u);
  EXPECT_EQ(log_.changes[0].tag, "v1");
  EXPECT_EQ(log_.changes[0].original.raw(), raw_);
  EXPECT_THAT(log_.outcomes, ElementsAre(true));
}

TEST_F(UntagTest, SendsNothingThatTheLogDidNotTake) {
  log_.refuse = true;
  EXPECT_THAT(untag(), HasError(ErrorCode::io));
  expect_unchanged();
  EXPECT_EQ(registry_->count("PUT"), 0u);
}

TEST_F(UntagTest, LeavesATagThatMovedJustBeforeTheChange) {
  const Digest newer = registry_->add_image("a", "newer");
  registry_->on_request([&](const testing::SeenRequest& seen) -> std::optional<http::Outcome> {
    // The probe is the last request before the tag is resolved again.
    if (seen.method == "DELETE") registry_->set_tag("a", "v1", newer);
    return std::nullopt;
  });
  EXPECT_THAT(untag(), HasError(ErrorCode::changed));
  EXPECT_EQ(registry_->tag("a", "v1"), newer);
  EXPECT_EQ(registry_->count("PUT"), 0u);
}

TEST_F(UntagTest, LeavesATagThatMovedAfterTheChange) {
  const Digest newer = registry_->add_image("a", "newer");
  registry_->after_request([&](const testing::SeenRequest& seen, http::Outcome&) {
    if (seen.method == "DELETE" && seen.target.find(stand_in().str()) != std::string::npos) {
      registry_->set_tag("a", "v1", newer);
    }
  });
  EXPECT_THAT(untag(), HasError(ErrorCode::changed));
  EXPECT_EQ(registry_->tag("a", "v1"), newer);
  expect_kept();
}

// Whatever fails, at whichever request: the tag is gone, or on its image again; the image and its
// other tag are there; nothing stays on a stand-in.
class UntagFaultTest : public UntagTest, public ::testing::WithParamInterface<Fault::Kind> {};

TEST_P(UntagFaultTest, LosesNothingWhateverRequestFails) {
  for (int nth = 0; nth < 40; ++nth) {
    registry_ = std::make_shared<FakeRegistry>();
    registry_->add_image("a", "v1");
    registry_->set_tag("a", "kept", image_);
    // Three times: as often as a request is tried.
    registry_->fail({.skip = nth, .times = 3, .kind = GetParam(), .status = 500});
    RecordingLog log(*registry_);
    auto result = client().untag(reference("a:v1"), &log);
    expect_kept();
    const std::optional<Digest> now = registry_->tag("a", "v1");
    if (result && *result == UntagMethod::stand_in) {
      EXPECT_FALSE(now) << "request " << nth;
    } else {
      EXPECT_FALSE(result) << "request " << nth;
      EXPECT_EQ(now, image_) << "request " << nth;
    }
    if (registry_->log().size() < static_cast<std::size_t>(nth)) return;  // nothing was hit
  }
  FAIL() << "an untag takes too many requests";
}

INSTANTIATE_TEST_SUITE_P(EachFault, UntagFaultTest,
                         ::testing::Values(Fault::Kind::status, Fault::Kind::status_after,
                                           Fault::Kind::broken_before, Fault::Kind::broken_after));

TEST_F(UntagTest, PutsTheImageBackWhenItIsNotServedAfterwards) {
  registry_->after_request([&](const testing::SeenRequest& seen, http::Outcome&) {
    if (seen.method == "DELETE" && seen.target.find(stand_in().str()) != std::string::npos) {
      registry_->remove_manifest("a", image_);
    }
  });
  EXPECT_FALSE(untag());
  expect_unchanged();
}

TEST_F(UntagTest, SaysLoudlyWhenTheImageCannotBePutBack) {
  change([](auto& options) { options.delete_always_404 = true; });
  registry_->fail({.method = "PUT", .skip = 1, .times = -1, .status = 403});
  auto result = untag();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("COULD NOT BE PUT BACK"));
  EXPECT_THAT(result.error().hint, HasSubstr("purser tag registry.test/a@" + image_.str() + " v1"));
}

TEST_F(UntagTest, PutsTheImageBackWhenTheRegistryStoresSomethingElse) {
  registry_->after_request([&](const testing::SeenRequest& seen, http::Outcome& outcome) {
    if (seen.method != "PUT" || seen.body == raw_) return;
    std::get<http::Response>(outcome).headers.set("Docker-Content-Digest",
                                                  Digest::of("rewritten").str());
  });
  EXPECT_THAT(untag(), HasError(ErrorCode::digest_mismatch));
  expect_unchanged();
}

// A-92: listed, and 404.
TEST_F(UntagTest, ClearsAGhostThatAFailedDeleteLeft) {
  const std::string target = "/v2/a/manifests/" + stand_in().str();
  int deletes = 0;
  registry_->on_request([&](const testing::SeenRequest& seen) -> std::optional<http::Outcome> {
    if (seen.method != "DELETE" || seen.target != target || ++deletes > 1) return std::nullopt;
    registry_->remove_manifest("a", stand_in());
    return http::Outcome(reply(500, ""));
  });
  EXPECT_THAT(untag(), IsOk());
  EXPECT_EQ(deletes, 2);
  expect_tag_alone_went();
}

// A stand-in found later is finished without a journal.
TEST_F(UntagTest, FinishesWhatAnInterruptedRunLeft) {
  const auto original = Manifest::parse(raw_, media_type::kOciManifest);
  registry_->put("a", "v1", make_stand_in(*original, "v1")->raw(),
                 std::string(media_type::kOciManifest));
  EXPECT_THAT(untag(), IsOk());
  expect_tag_alone_went();
  ASSERT_EQ(log_.changes.size(), 1u);
  EXPECT_EQ(log_.changes[0].original.digest(), image_);
  EXPECT_EQ(registry_->count("PUT"), 0u);
}

TEST_F(UntagTest, KeepsAStandInThatSomebodyTagged) {
  const auto original = Manifest::parse(raw_, media_type::kOciManifest);
  const Digest left = registry_->put("a", "v1", make_stand_in(*original, "v1")->raw(),
                                     std::string(media_type::kOciManifest));
  registry_->set_tag("a", "copied", left);
  EXPECT_THAT(untag(), HasError(ErrorCode::conflict, HasSubstr("copied")));
  EXPECT_EQ(registry_->tag("a", "copied"), left);
  EXPECT_TRUE(registry_->has("a", left));
}

TEST_F(UntagTest, TakesAStandInWhoseImageIsGoneForAnImage) {
  const auto original = Manifest::parse(raw_, media_type::kOciManifest);
  const Digest left = registry_->put("a", "v1", make_stand_in(*original, "v1")->raw(),
                                     std::string(media_type::kOciManifest));
  registry_->remove_manifest("a", image_);
  EXPECT_THAT(untag(), IsOk());
  EXPECT_TRUE(registry_->has("a", left)) << "it was all that was left of the image";
}

// "Cancellation is deferred between PUT and verification."
TEST_F(UntagTest, IsNotStoppedHalfWay) {
  std::stop_source stop;
  registry_->after_request([&](const testing::SeenRequest& seen, http::Outcome&) {
    if (seen.method == "PUT") stop.request_stop();
  });
  EXPECT_THAT(client().untag(reference("a:v1"), nullptr, {.stop = stop.get_token()}), IsOk());
  expect_tag_alone_went();
}

TEST_F(UntagTest, ChangesNothingWhenItIsStoppedBefore) {
  std::stop_source stop;
  registry_->after_request([&](const testing::SeenRequest& seen, http::Outcome&) {
    if (seen.method == "DELETE") stop.request_stop();
  });
  EXPECT_THAT(client().untag(reference("a:v1"), &log_, {.stop = stop.get_token()}),
              HasError(ErrorCode::cancelled));
  expect_unchanged();
}

// Where the annotation is refused.
TEST_F(UntagTest, UsesAnEmptyIndexOnlyWithALog) {
  change([](auto& options) { options.refuses_annotations = true; });
  EXPECT_THAT(client().untag(reference("a:v1"), nullptr), HasError(ErrorCode::unsupported));
  expect_unchanged();
  EXPECT_THAT(untag(), IsOkAndHolds(UntagMethod::stand_in));
  expect_tag_alone_went();
}

TEST_F(UntagTest, LeavesAnEmptyIndexThatIsSomebodysImage) {
  change([](auto& options) { options.refuses_annotations = true; });
  const Digest empty = registry_->add_index("a", "empty", {});
  EXPECT_THAT(untag(), HasError(ErrorCode::conflict));
  EXPECT_EQ(registry_->tag("a", "empty"), empty);
  expect_unchanged();
}

TEST_F(UntagTest, ChangesNothingWithoutTheRightToPush) {
  registry_->fail({.method = "PUT", .times = -1, .status = 403});
  tag_delete(TagDelete::deletes_manifest);
  EXPECT_THAT(untag(), HasError(ErrorCode::forbidden));
  expect_unchanged();
}

// A-76: the first delete by name on a server is tried on a stand-in.
TEST_F(UntagTest, FindsOutThatADeleteByTagConforms) {
  tag_delete(TagDelete::conforming);
  registry_->set_tag("a", "v2", image_);
  registry_->set_tag("a", "v3", image_);
  const Client c = client();
  EXPECT_THAT(c.untag(reference("a:v1"), nullptr), IsOkAndHolds(UntagMethod::tag_delete));
  registry_->clear_log();
  EXPECT_THAT(c.untag(reference("a:v2"), nullptr), IsOkAndHolds(UntagMethod::tag_delete));
  EXPECT_EQ(registry_->count("PUT"), 0u);
  EXPECT_EQ(registry_->count("GET", "/tags/list"), 1u) << "the other tags are looked at once";
  EXPECT_THAT(c.untag(reference("a:v3"), nullptr), IsOkAndHolds(UntagMethod::tag_delete));
  EXPECT_EQ(registry_->count("GET", "/tags/list"), 1u);
  expect_tag_alone_went();
}

// A-92: the tag is gone by then, so nothing is put back.
TEST_F(UntagTest, TriesAgainToDeleteAStandInWhoseTagWentByItsName) {
  tag_delete(TagDelete::conforming);
  registry_->fail({.method = "DELETE", .contains = stand_in().str(), .times = 2});
  EXPECT_THAT(untag(), IsOkAndHolds(UntagMethod::tag_delete));
  expect_tag_alone_went();
  EXPECT_THAT(log_.outcomes, ElementsAre(true));
}

TEST_F(UntagTest, SaysThatAStandInStaysBehindWhoseTagWentByItsName) {
  tag_delete(TagDelete::conforming);
  registry_->fail({.method = "DELETE", .contains = stand_in().str(), .times = -1});
  EXPECT_THAT(untag(), IsOkAndHolds(UntagMethod::tag_delete));
  EXPECT_THAT(registry_->tags("a"), ElementsAre("kept"));
  EXPECT_TRUE(registry_->has("a", stand_in()));
  EXPECT_THAT(log_.outcomes, ElementsAre(false, true)) << "a step of its own, for the next run";
  EXPECT_EQ(log_.changes.at(1).original.digest(), stand_in());
}

// It went by its name, and that could not be seen.
TEST_F(UntagTest, SaysThatAStandInStaysBehindWhoseTagIsGone) {
  tag_delete(TagDelete::conforming);
  registry_->fail({.method = "GET", .contains = "/manifests/v1", .skip = 1, .status = 404});
  registry_->fail({.method = "DELETE", .contains = stand_in().str(), .times = -1});
  EXPECT_THAT(untag(), IsOk());
  EXPECT_THAT(registry_->tags("a"), ElementsAre("kept"));
  EXPECT_TRUE(registry_->has("a", stand_in()));
  EXPECT_THAT(log_.outcomes, ElementsAre(false, true)) << "a step of its own, for the next run";
  EXPECT_EQ(log_.changes.at(1).original.digest(), stand_in());
}

TEST_F(UntagTest, LosesNothingToADeleteByTagThatTakesTheManifest) {
  tag_delete(TagDelete::deletes_manifest);
  registry_->set_tag("a", "v2", image_);
  const Client c = client();
  for (const char* tag : {"a:v1", "a:v2"}) {
    EXPECT_THAT(c.untag(reference(tag), nullptr), IsOkAndHolds(UntagMethod::stand_in));
    expect_kept();
  }
  expect_tag_alone_went();
  EXPECT_EQ(registry_->count("DELETE", "/manifests/v2"), 0u) << "it was found out by then";
}

TEST_F(UntagTest, PutsTheOtherTagsBackWhereADeleteByTagTakesThem) {
  tag_delete(TagDelete::deletes_siblings);
  registry_->set_tag("a", "v2", image_);
  registry_->set_tag("a", "v3", image_);
  const Client c = client();
  EXPECT_THAT(c.untag(reference("a:v1"), nullptr), IsOk());  // on a stand-in, which has no others
  auto second = c.untag(reference("a:v2"), nullptr);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("took"));
  for (const char* tag : {"v2", "v3", "kept"}) EXPECT_EQ(registry_->tag("a", tag), image_);
  EXPECT_THAT(c.untag(reference("a:v2"), nullptr), IsOkAndHolds(UntagMethod::stand_in));
  EXPECT_THAT(registry_->tags("a"), ElementsAre("kept", "v3"));
}

// A-76: a delete that had no other tags to take along proves nothing.
TEST_F(UntagTest, DoesNotRelyOnADeleteByTagThatHadNothingToTake) {
  tag_delete(TagDelete::deletes_siblings);
  registry_->set_tag("a", "v2", image_);
  registry_->add_image("b", "alone");
  const Client c = client();
  EXPECT_THAT(c.untag(reference("a:v1"), nullptr), IsOk());
  EXPECT_THAT(c.untag(reference("b:alone"), nullptr), IsOk());
  EXPECT_FALSE(c.untag(reference("a:v2"), nullptr));
  for (const char* tag : {"v2", "kept"}) EXPECT_EQ(registry_->tag("a", tag), image_);
}

TEST_F(UntagTest, IsNotMisledByADeleteByTagThatDoesNothing) {
  tag_delete(TagDelete::ignored);
  EXPECT_THAT(untag(), IsOkAndHolds(UntagMethod::stand_in));
  expect_tag_alone_went();
}

// ECR, and zot in some versions: a manifest goes with its last tag.
TEST_F(UntagTest, PutsTheTagBackWhereItsManifestGoesWithIt) {
  for (const TagDelete kind : {TagDelete::conforming, TagDelete::unsupported}) {
    registry_ = std::make_shared<FakeRegistry>();
    change([&](auto& options) {
      options.tag_delete = kind;
      options.untagged_goes = true;
    });
    const Digest only = registry_->add_image("a", "v1");
    EXPECT_FALSE(untag());
    EXPECT_EQ(registry_->tag("a", "v1"), only);
    EXPECT_TRUE(registry_->has("a", only));
    EXPECT_EQ(registry_->manifest_count("a"), 1u) << "a stand-in was left";
  }
}

// A-73: a proxy that answers every DELETE with 404 came between.
TEST_F(UntagTest, ChangesNothingOnceDeletesAreNotKnownToBeEnabledAnyMore) {
  const Client c = client();
  ASSERT_THAT(c.probe_delete(repository("a")), IsOk());
  registry_->fail({.method = "DELETE", .times = -1, .status = 404});
  ASSERT_THAT(c.probe_delete(repository("a")), IsOk());
  EXPECT_THAT(c.untag(reference("a:v1"), nullptr), HasError(ErrorCode::refused));
  EXPECT_EQ(registry_->count("PUT"), 0u);
}

}  // namespace
}  // namespace purser
