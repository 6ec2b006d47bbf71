// What another client does while the registry makes apply wait: a DELETE goes out directly after a
// look, or not at all (A-92).
#include <chrono>
#include <optional>
#include <string>

#include "retention/apply_fixture.h"

namespace purser {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;

class ApplyWaitsTest : public ApplyTest {
 protected:
  Result<Report> prune_patiently(const std::vector<std::string>& entries,
                                 PruneOptions options) const {
    Client with = patient();
    return prune(with, keep(entries), options);
  }
  Result<Report> prune_patiently(const std::vector<std::string>& entries) const {
    return prune_patiently(entries, options());
  }

  static bool is_delete(const SeenRequest& request, const Digest& digest) {
    return request.method == "DELETE" && request.target.find(digest.hex()) != std::string::npos;
  }
  static bool is_tag_list(const SeenRequest& request) {
    return request.target.find("/tags/list") != std::string::npos;
  }
  static http::Response slow_down() { return {429, {{"Retry-After", "60"}}, ""}; }
};

// A-90, A-92
TEST_F(ApplyWaitsTest, KeepsWhatWasTaggedWhileTheRegistryHeldTheDeleteUp) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!is_delete(request, doomed)) return std::nullopt;
    registry_->set_tag(kRepo, "release", doomed);
    return slow_down();
  });
  auto report = prune_patiently({kRepo + ":kept", kRepo + ":release"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(registry_->count("DELETE", std::string(doomed.hex())), 1u);
  EXPECT_EQ(registry_->tag(kRepo, "release"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_FALSE(report->complete());
}

// A-89, A-92
TEST_F(ApplyWaitsTest, KeepsWhatWasTaggedWhileTheRegistryCouldNotBeReached) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  int deletes = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!is_delete(request, doomed) || ++deletes > 1) return std::nullopt;
    registry_->set_tag(kRepo, "release", doomed);
    return http::Failure{http::Failure::Kind::connect, "connection refused"};
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(deletes, 1);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_EQ(registry_->tag(kRepo, "release"), doomed);
}

// A-90, A-92: the pause is the whole host's, whoever was told to make it.
TEST_F(ApplyWaitsTest, KeepsWhatWasTaggedInAPauseThatAnotherCallWasToldToMake) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  Client with = patient();
  int lists = 0;
  bool limited = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.target.starts_with("/v2/other/")) return slow_down();
    // The survey's and apply's own look come first; the third is the one that the DELETE rests on.
    if (is_tag_list(request) && ++lists == 3) {
      (void)with.head(*Reference::parse(registry_->host() + "/other:v1"), {.once = true});
      limited = true;
    } else if (limited && !registry_->tag(kRepo, "release")) {
      registry_->set_tag(kRepo, "release", doomed);
    }
    return std::nullopt;
  });
  auto report = prune(with, keep({kRepo + ":kept", kRepo + ":release"}), options());
  ASSERT_THAT(report, IsOk());
  ASSERT_TRUE(limited);
  EXPECT_EQ(registry_->count("DELETE", std::string(doomed.hex())), 0u);
  EXPECT_EQ(registry_->tag(kRepo, "release"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
}

// A-90
TEST_F(ApplyWaitsTest, DeletesAfterTheWaitsThatTheRegistryAsksFor) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  int deletes = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (is_delete(request, doomed) && ++deletes < 3) return slow_down();
    return std::nullopt;
  });
  std::vector<Progress> told;
  PruneOptions options = this->options();
  options.apply.progress = [&](const Progress& progress) { told.push_back(progress); };
  auto report = prune_patiently({kRepo + ":kept"}, options);
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->complete());
  EXPECT_FALSE(registry_->has(kRepo, doomed));
  EXPECT_THAT(clock_->waits(), ElementsAre(60s, 60s));
  std::vector<std::string> steps;
  for (const Progress& progress : told) steps.push_back(progress.step);
  EXPECT_THAT(steps, Contains(HasSubstr("wait 60 s: the registry answered 429")).Times(2));
  EXPECT_THAT(journals(), HasSubstr(R"("event":"end")"));
}

// A-90: six tries in all.
TEST_F(ApplyWaitsTest, GivesUpWhereTheRegistryNeverTakesTheDelete) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (is_delete(request, doomed)) return slow_down();
    return std::nullopt;
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_EQ(report->tags_failed, 1u);
  EXPECT_EQ(registry_->count("DELETE", std::string(doomed.hex())), 6u);
  // Five before the next tries, and one before the last look at what is kept.
  EXPECT_THAT(clock_->waits(), AllOf(SizeIs(6), Each(60s)));
}

TEST_F(ApplyWaitsTest, StopsInAWaitAndSaysWhatWasLeft) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  std::stop_source stop;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!is_delete(request, doomed)) return std::nullopt;
    stop.request_stop();
    return slow_down();
  });
  PruneOptions options = this->options();
  options.apply.call.stop = stop.get_token();
  auto report = prune_patiently({kRepo + ":kept"}, options);
  ASSERT_THAT(report, IsOk());
  expect_adds_up(*report);
  EXPECT_TRUE(report->cancelled);
  EXPECT_EQ(report->tags_skipped, 1u);
  EXPECT_EQ(registry_->tag(kRepo, "doomed"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
}

// A-92: reads between the tag list and the DELETE may have to wait as well.
TEST_F(ApplyWaitsTest, LooksAgainWhereTheLookIsOldByTheTimeOfTheDelete) {
  FakeRegistryOptions with_referrers;
  with_referrers.referrers_api = true;
  use(with_referrers);
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  int lists = 0;
  bool waited = false;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (is_tag_list(request)) ++lists;
    const bool asks_for_referrers = request.target.find("/referrers/") != std::string::npos;
    if (lists < 3 || !asks_for_referrers || waited) return std::nullopt;
    waited = true;
    registry_->set_tag(kRepo, "release", doomed);
    return slow_down();
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  ASSERT_TRUE(waited);
  EXPECT_EQ(registry_->tag(kRepo, "release"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
}

TEST_F(ApplyWaitsTest, LeavesARepositoryThatIsTooSlowForAFreshLook) {
  FakeRegistryOptions with_referrers;
  with_referrers.referrers_api = true;
  use(with_referrers);
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (request.target.find("/referrers/") != std::string::npos) clock_->advance(11s);
    return std::nullopt;
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->tags_skipped, 1u);
  EXPECT_THAT(report->tags.front().detail, HasSubstr("too slowly"));
  EXPECT_TRUE(registry_->has(kRepo, doomed));
}

// A-77, A-92
TEST_F(ApplyWaitsTest, PutsNoStandInOverAPushThatCameAfterTheFirstTry) {
  const Digest shared = registry_->add_image(kRepo, "keep");
  registry_->set_tag(kRepo, "drop", shared);
  std::optional<Digest> fresh;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (registry_->count("PUT") == 1 && !fresh) fresh = registry_->add_image(kRepo, "drop", "new");
    if (request.method == "PUT" && !fresh) return http::Response{503, {{"Retry-After", "1"}}, ""};
    return std::nullopt;
  });
  auto report = prune_patiently({kRepo + ":keep"});
  ASSERT_THAT(report, IsOk());
  ASSERT_TRUE(fresh);
  EXPECT_EQ(registry_->tag(kRepo, "drop"), fresh);
  EXPECT_TRUE(registry_->has(kRepo, *fresh));
  EXPECT_EQ(report->tags_skipped, 1u);
  EXPECT_FALSE(report->complete());
}

// A-77, A-92
TEST_F(ApplyWaitsTest, PutsNoOriginalOverAPushThatCameAfterTheFirstTry) {
  const Digest original = registry_->add_image(kRepo, "v1");
  stand_in_on("v1", original);
  registry_->add_image(kRepo, "old");
  std::optional<Digest> fresh;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (registry_->count("PUT") == 1 && !fresh) fresh = registry_->add_image(kRepo, "v1", "new");
    if (request.method == "PUT" && !fresh) return http::Response{503, {{"Retry-After", "1"}}, ""};
    return std::nullopt;
  });
  auto report = prune_patiently({kRepo + ":v1"});
  ASSERT_THAT(report, IsOk());
  ASSERT_TRUE(fresh);
  EXPECT_EQ(registry_->tag(kRepo, "v1"), fresh);
  EXPECT_TRUE(registry_->has(kRepo, *fresh));
}

// A-77, A-92: what 2.8.2 answers while a tag is pushed.
TEST_F(ApplyWaitsTest, PutsNoOriginalOverAPushDuringWhichTheTagCouldNotBeRead) {
  const Digest shared = registry_->add_image(kRepo, "keep");
  registry_->set_tag(kRepo, "drop", shared);
  std::optional<Digest> fresh;
  registry_->after_request([&](const SeenRequest& request, http::Outcome&) {
    const bool took_the_tag = !registry_->tag(kRepo, "drop");
    if (request.method != "DELETE" || !took_the_tag || fresh) return;
    fresh = registry_->add_image(kRepo, "drop", "new");
    registry_->fail({.contains = "/manifests/drop", .times = 6, .status = 500});
  });
  auto report = prune_patiently({kRepo + ":keep"});
  ASSERT_THAT(report, IsOk());
  ASSERT_TRUE(fresh);
  EXPECT_EQ(registry_->tag(kRepo, "drop"), fresh);
  EXPECT_FALSE(report->complete());
  ASSERT_EQ(report->tags.front().decision.tag, "drop");
  EXPECT_THAT(report->tags.front().detail, HasSubstr(fresh->str()));
}

// A-92: the bytes are back on the ghost during the wait, for anybody to tag.
TEST_F(ApplyWaitsTest, DeletesAGhostsBytesNotAgainWhenATagWasMovedOntoThemDuringTheWait) {
  FakeRegistryOptions leaves_ghosts;
  leaves_ghosts.delete_leaves_tags = true;
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  int deletes = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (is_delete(request, doomed)) ++deletes;
    registry_->set_options(deletes == 1 ? leaves_ghosts : FakeRegistryOptions{});
    if (!is_delete(request, doomed) || deletes == 1) return std::nullopt;
    registry_->set_tag(kRepo, "kept", doomed);
    return slow_down();
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(deletes, 2);
  EXPECT_EQ(registry_->tag(kRepo, "kept"), doomed);
  EXPECT_TRUE(registry_->has(kRepo, doomed));
  EXPECT_FALSE(report->complete());
}

// A-77, A-92
TEST_F(ApplyWaitsTest, LeavesAStandInThatWasTaggedWhileTheRegistryHeldItsDeleteUp) {
  for (const bool tagged : {false, true}) {
    use({});
    const Digest original = registry_->add_image(kRepo, "v1");
    const Manifest stand_in = stand_in_on("v1", original);
    registry_->add_image(kRepo, "old");
    int deletes = 0;
    registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
      if (!is_delete(request, stand_in.digest()) || ++deletes > 1) return std::nullopt;
      if (tagged) registry_->set_tag(kRepo, "copied", stand_in.digest());
      return slow_down();
    });
    auto report = prune_patiently({kRepo + ":v1"});
    ASSERT_THAT(report, IsOk());
    EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
    EXPECT_EQ(deletes, tagged ? 1 : 2);
    EXPECT_EQ(registry_->has(kRepo, stand_in.digest()), tagged);
  }
}

// A-77, A-92: looking at every tag takes time in a large repository.
TEST_F(ApplyWaitsTest, ListsTheTagsAfterTheLookAtEachBeforeAStandInGoes) {
  const Digest original = registry_->add_image(kRepo, "v1");
  const Manifest stand_in = stand_in_on("v1", original);
  registry_->add_image(kRepo, "stable");
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    const bool looks_at_a_tag =
        request.method == "HEAD" && request.target.ends_with("/manifests/stable");
    if (registry_->count("PUT") == 1 && looks_at_a_tag && !registry_->tag(kRepo, "copied")) {
      registry_->set_tag(kRepo, "copied", stand_in.digest());
    }
    return std::nullopt;
  });
  auto report = prune_patiently({kRepo + ":v1", kRepo + ":stable"});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(registry_->tag(kRepo, "v1"), original);
  ASSERT_EQ(registry_->tag(kRepo, "copied"), stand_in.digest());
  EXPECT_EQ(registry_->count("DELETE", std::string(stand_in.digest().hex())), 0u);
}

// A registry on which a tag is pushed with each list after the stand-in was replaced, and whose
// image takes longer to read than a look may be old.
class SlowPushesTest : public ApplyWaitsTest {
 protected:
  void push_with_each_list(int pushes) {
    original_ = registry_->add_image(kRepo, "v1");
    stand_in_ = stand_in_on("v1", *original_).digest();
    registry_->on_request([this, pushes](const SeenRequest& request) {
      if (registry_->count("PUT") == 1 && is_tag_list(request) && pushed_ < pushes) {
        ++pushed_;
        registry_->add_image(kRepo, "new" + std::to_string(pushed_), std::to_string(pushed_));
      }
      if (pushed_ > 0 && request.target.ends_with("/manifests/new" + std::to_string(pushed_))) {
        clock_->advance(11s);
        if (tags_it_) registry_->set_tag(kRepo, "copied", *stand_in_);
      }
      return std::optional<http::Outcome>();
    });
  }

  std::optional<Digest> original_;
  std::optional<Digest> stand_in_;
  int pushed_ = 0;
  bool tags_it_ = false;
};

// A-77, A-92
TEST_F(SlowPushesTest, ListsTheTagsAgainWhereTheListIsOldByTheTimeThatAStandInGoes) {
  for (const bool tagged : {false, true}) {
    SCOPED_TRACE(tagged);
    use({});
    pushed_ = 0;
    tags_it_ = tagged;
    push_with_each_list(1);
    auto report = prune_patiently({kRepo + ":v1"});
    ASSERT_THAT(report, IsOk());
    ASSERT_EQ(pushed_, 1);
    EXPECT_EQ(registry_->tag(kRepo, "v1"), original_);
    EXPECT_EQ(registry_->has(kRepo, *stand_in_), tagged);
  }
}

// A-77, A-92
TEST_F(SlowPushesTest, LeavesAStandInWhereTheRegistryIsTooSlowForAFreshLook) {
  push_with_each_list(100);
  auto report = prune_patiently({kRepo + ":v1"});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(registry_->has(kRepo, *stand_in_));
  EXPECT_THAT(report->warnings, Contains(AllOf(HasSubstr("a stand-in that nothing uses was left"),
                                               HasSubstr("too slowly"))));
  pushed_ = 100;
  ASSERT_THAT(prune_patiently({kRepo + ":v1"}), IsOk());
  EXPECT_FALSE(registry_->has(kRepo, *stand_in_)) << "the next run tries again";
}

// A-3: where such a name points cannot be asked, and it may be at what is to go.
TEST_F(ApplyWaitsTest, LeavesARepositoryWithATagThatCannotBeAskedFor) {
  const Digest doomed = registry_->add_image(kRepo, "doomed");
  registry_->add_image(kRepo, "kept");
  int lists = 0;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    if (!is_tag_list(request) || ++lists < 3) return std::nullopt;
    return http::Response{200, {}, R"({"tags":["doomed","kept","sha256:0"]})"};
  });
  auto report = prune_patiently({kRepo + ":kept"});
  ASSERT_THAT(report, IsOk());
  ASSERT_GE(lists, 3);
  EXPECT_EQ(registry_->count("DELETE", std::string(doomed.hex())), 0u);
  EXPECT_EQ(report->tags_skipped, 1u);
  EXPECT_THAT(report->tags.front().detail, HasSubstr("not valid tags"));
  EXPECT_FALSE(report->complete());
}

}  // namespace
}  // namespace purser
