#include "purser/snapshot.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "purser/stand_in.h"
#include "testing/fake_registry.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using ::testing::AllOf;
using testing::FakeRegistry;
using testing::FakeRegistryOptions;
using ::testing::HasSubstr;
using testing::IsOk;

const std::string kRepo = "team/app";

class SnapshotTest : public ::testing::Test {
 protected:
  Client client() const {
    ClientOptions options;
    options.registry = registry_->host();
    options.transport = registry_;
    options.retry.max_attempts = 1;
    options.read_limits = limits_;
    return *Client::create(std::move(options));
  }
  Snapshot take(SnapshotOptions options = {}) const {
    return *take_snapshot(client(), repository_, options);
  }

  std::shared_ptr<FakeRegistry> registry_ = std::make_shared<FakeRegistry>();
  Digest add_referrer(const Digest& subject, const std::string& tag) {
    const std::string bytes = fmt::format(
        R"({{"schemaVersion":2,"mediaType":"{0}","config":{{"mediaType":"a/b","digest":"{1}",)"
        R"("size":2}},"layers":[],"subject":{{"mediaType":"{0}","digest":"{1}","size":1}}}})",
        media_type::kOciManifest, subject.str());
    return registry_->put(kRepo, tag, bytes, std::string(media_type::kOciManifest));
  }

  Repository repository_ = *Repository::of(registry_->host(), kRepo);
  ReadLimits limits_ = {};
};

TEST_F(SnapshotTest, ReadsEachTagOnceAndEachManifestOnce) {
  const Digest child = registry_->add_image(kRepo, "child", "one");
  registry_->set_tag(kRepo, "same", child);
  registry_->add_index(kRepo, "multi", {child});
  const Snapshot snapshot = take();
  EXPECT_TRUE(snapshot.gaps.empty());
  EXPECT_EQ(snapshot.tags.size(), 3u);
  EXPECT_EQ(snapshot.manifests.size(), 2u);
  EXPECT_EQ(registry_->count("HEAD"), 3u);
  EXPECT_EQ(registry_->count("GET", "/manifests/"), 2u);
}

TEST_F(SnapshotTest, HasNoTagsWhereTheRegistryKnowsNoSuchRepository) {
  const Snapshot snapshot = take();
  EXPECT_TRUE(snapshot.tags.empty());
  EXPECT_TRUE(snapshot.gaps.empty());
}

TEST_F(SnapshotTest, RecordsAListedTagWithoutAManifestAsAGhost) {
  const Digest lost = registry_->add_image(kRepo, "ghost");
  registry_->remove_manifest(kRepo, lost);
  const Snapshot snapshot = take();
  EXPECT_EQ(snapshot.tags.at("ghost").state, SnapshotTag::State::ghost);
  EXPECT_TRUE(snapshot.gaps.empty());
}

// A-88: a proxy's 404 is no answer of the registry.
TEST_F(SnapshotTest, RecordsA404WithoutTheRegistrysErrorAsAGap) {
  registry_->add_image(kRepo, "v1");
  registry_->fail(
      {.contains = "/manifests/v1", .times = -1, .status = 404, .body = "<html>no route</html>"});
  const Snapshot snapshot = take();
  EXPECT_EQ(snapshot.gaps.size(), 1u);
  EXPECT_NE(snapshot.tags.at("v1").state, SnapshotTag::State::ghost);
}

// A digest that was deleted, on a registry that keeps a manifest for each of its names.
TEST_F(SnapshotTest, ReadsByItsTagWhatItsDigestDoesNotServeAnyMore) {
  registry_ = std::make_shared<FakeRegistry>(FakeRegistryOptions{.tags_hold_manifests = true});
  const Digest child = registry_->add_image(kRepo, "", "child");
  const Digest index = registry_->add_index(kRepo, "multi", {child});
  registry_->set_tag(kRepo, "same", index);
  ASSERT_THAT(client().delete_manifest(repository_, index), IsOk());
  const Snapshot snapshot = take();
  EXPECT_TRUE(snapshot.gaps.empty());
  EXPECT_TRUE(snapshot.missing.empty());
  EXPECT_EQ(snapshot.tags.at("same").digest, index);
  ASSERT_TRUE(snapshot.manifests.contains(index));
  EXPECT_TRUE(snapshot.manifests.contains(child)) << "what it leads to is read as well";
}

TEST_F(SnapshotTest, TakesNothingElseForWhatATagPointedAt) {
  const Digest image = registry_->add_image(kRepo, "v1");
  registry_->on_request([&](const testing::SeenRequest& seen) -> std::optional<http::Outcome> {
    if (seen.method == "GET" && seen.target.ends_with(image.str())) {
      registry_->remove_manifest(kRepo, image);
      registry_->add_image(kRepo, "v1", "pushed meanwhile");
    }
    return std::nullopt;
  });
  const Snapshot snapshot = take();
  EXPECT_FALSE(snapshot.manifests.contains(image));
  EXPECT_TRUE(snapshot.missing.contains(image));
}

TEST_F(SnapshotTest, RecordsAChildThatIsNotThereAsMissing) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "sparse", {child});
  registry_->remove_manifest(kRepo, child);
  const Snapshot snapshot = take();
  EXPECT_TRUE(snapshot.missing.contains(child));
  EXPECT_TRUE(snapshot.gaps.empty());
}

TEST_F(SnapshotTest, RecordsWhatCouldNotBeReadAsAGapAndNeverLeavesItOut) {
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "multi", {child});
  for (const int status : {401, 403, 500, 503}) {
    registry_->clear_faults();
    registry_->fail({.contains = child.str(), .times = -1, .status = status});
    const Snapshot snapshot = take();
    ASSERT_EQ(snapshot.gaps.size(), 1u) << status;
    EXPECT_EQ(snapshot.gaps[0].what, child.str());
    EXPECT_FALSE(snapshot.missing.contains(child)) << status;
  }
}

// A-44: nothing is decided on a prefix.
TEST_F(SnapshotTest, HasAGapAndNoTagsWhenAPageOfTheListFails) {
  testing::FakeRegistryOptions paged;
  paged.tags_page = 2;
  registry_->set_options(paged);
  for (const char* tag : {"a", "b", "c"}) registry_->add_image(kRepo, tag);
  registry_->fail({.contains = "last=", .times = -1, .status = 500});
  const Snapshot snapshot = take();
  EXPECT_TRUE(snapshot.tags.empty());
  ASSERT_EQ(snapshot.gaps.size(), 1u);
  EXPECT_EQ(snapshot.gaps[0].what, "the tag list");
}

TEST_F(SnapshotTest, ReadsTheSubjectOfADigestTag) {
  const Digest subject = registry_->add_image(kRepo, "", "subject");
  registry_->add_image(kRepo, "sha256-" + std::string(subject.hex()) + ".sig");
  EXPECT_TRUE(take().manifests.contains(subject));
  registry_->remove_manifest(kRepo, subject);
  EXPECT_TRUE(take().missing.contains(subject));
}

TEST_F(SnapshotTest, ReadsDigestsThatItIsAskedFor) {
  const Digest untagged = registry_->add_image(kRepo, "", "untagged");
  EXPECT_TRUE(take({.asked = {untagged}}).manifests.contains(untagged));
  EXPECT_TRUE(take({.leftovers = {untagged}}).leftovers.contains(untagged));
}

std::vector<Digest> nowhere(std::size_t count) {
  std::vector<Digest> digests;
  for (std::size_t i = 0; i < count; ++i) digests.push_back(Digest::of(std::to_string(i)));
  return digests;
}

// C.1-23: an index of 3 MiB that anybody with the right to push can make.
TEST_F(SnapshotTest, DoesNotFollowAnIndexOfTwentyThousandEntriesToItsEnd) {
  const Digest index = registry_->add_index(kRepo, "poison", nowhere(20'000));
  registry_->add_image(kRepo, "v1");
  const Snapshot snapshot = take();
  EXPECT_EQ(registry_->count("GET", "/manifests/"), 2u + 10'000u + 2u * 100u);
  EXPECT_EQ(snapshot.tags.at("poison").digest, index);
  EXPECT_TRUE(snapshot.manifests.contains(*snapshot.tags.at("v1").digest));
  ASSERT_EQ(snapshot.gaps.size(), 1u);
  EXPECT_THAT(snapshot.gaps[0].why, AllOf(HasSubstr("more than 10200 manifests"),
                                          HasSubstr("most of them, 20000, by the tag poison"),
                                          HasSubstr("Untag"), HasSubstr("--max-manifests")));
}

// C.1-23
TEST_F(SnapshotTest, CountsWhatIndexesAndSubjectsLeadToAndNotWhatTagsPointAt) {
  limits_.manifests = 2;
  for (const char* tag : {"a", "b", "c", "d"}) registry_->add_image(kRepo, tag);
  const Digest child = registry_->add_image(kRepo, "", "child");
  registry_->add_index(kRepo, "one", {child, *registry_->tag(kRepo, "a")});
  registry_->add_index(kRepo, "two", {child, registry_->add_image(kRepo, "", "other")});
  EXPECT_TRUE(take().gaps.empty());
  registry_->add_index(kRepo, "three", {registry_->add_image(kRepo, "", "third")});
  const Snapshot snapshot = take();
  EXPECT_EQ(snapshot.gaps.size(), 1u);
  EXPECT_EQ(snapshot.manifests.size(), 9u) << "the tags' own, and two more";
}

// C.1-23
TEST_F(SnapshotTest, FollowsAChainOfReferrersNoFurtherThanItsLimit) {
  limits_.manifests = 10;
  Digest last = registry_->add_image(kRepo, "");
  for (int i = 0; i < 20; ++i) last = add_referrer(last, i == 19 ? "end" : "");
  const Snapshot snapshot = take();
  EXPECT_EQ(snapshot.manifests.size(), 11u);
  EXPECT_EQ(snapshot.gaps.size(), 1u);
}

// C.1-23
TEST_F(SnapshotTest, HoldsNoMoreBytesThanItsLimit) {
  for (int i = 0; i < 50; ++i) {
    registry_->add_index(kRepo, "v" + std::to_string(i),
                         nowhere(100 + static_cast<std::size_t>(i)));
  }
  limits_.memory = 1024 * 1024;
  const Snapshot snapshot = take();
  EXPECT_LT(snapshot.manifests.size(), 50u);
  EXPECT_EQ(snapshot.tags.size(), 50u);
  ASSERT_EQ(snapshot.gaps.size(), 1u);
  EXPECT_THAT(snapshot.gaps[0].why, AllOf(HasSubstr("more than 1 MiB"), HasSubstr("--max-memory")));
}

// C.1-23: many short indexes within each other weigh more than one that is long and right.
TEST_F(SnapshotTest, NamesTheTagThatLeadsToMostOfWhatWasLeftOut) {
  limits_.manifests = 12;
  std::vector<Digest> nested;
  for (int i = 0; i < 4; ++i) {
    nested.push_back(registry_->add_index(
        kRepo, "", {Digest::of(fmt::format("a{}", i)), Digest::of(fmt::format("b{}", i))}));
  }
  registry_->add_index(kRepo, "a-release", nowhere(6));
  registry_->add_index(kRepo, "poison", nested);
  const Snapshot snapshot = take();
  ASSERT_EQ(snapshot.gaps.size(), 1u);
  EXPECT_THAT(snapshot.gaps[0].why, HasSubstr("by the tag poison"));
}

// C.1-23: as deep as somebody cared to push, and within the limit.
TEST_F(SnapshotTest, ReadsAnIndexThatIsNestedAThousandDeep) {
  Digest inner = registry_->add_image(kRepo, "");
  for (int i = 0; i < 1'000; ++i)
    inner = registry_->add_index(kRepo, i == 999 ? "deep" : "", {inner});
  const Snapshot snapshot = take();
  EXPECT_TRUE(snapshot.gaps.empty());
  EXPECT_EQ(snapshot.manifests.size(), 1'001u);
}

class StandInSnapshotTest : public SnapshotTest {
 protected:
  StandInSnapshotTest() {
    original_ = registry_->add_image(kRepo, "v1");
    const Manifest original =
        *Manifest::parse(*registry_->manifest(kRepo, *original_), media_type::kOciManifest);
    const Manifest stand_in = *make_stand_in(original, "v1");
    stand_in_ = registry_->put(kRepo, "v1", stand_in.raw(), stand_in.media_type());
  }
  std::optional<Digest> original_;
  std::optional<Digest> stand_in_;
};

// A-77: by what it says of itself, without a journal.
TEST_F(StandInSnapshotTest, RecognisesAStandInThatARunLeftBehind) {
  const Snapshot snapshot = take();
  EXPECT_EQ(snapshot.tags.at("v1").digest, original_);
  EXPECT_EQ(snapshot.tags.at("v1").stand_in, stand_in_);
  EXPECT_FALSE(snapshot.manifests.contains(*stand_in_));
}

TEST_F(StandInSnapshotTest, TakesItForAnImageWhereAnotherTagOrAnIndexUsesItToo) {
  registry_->set_tag(kRepo, "copy", *stand_in_);
  EXPECT_FALSE(take().tags.at("v1").stand_in);
  registry_->remove_tag(kRepo, "copy");
  registry_->add_index(kRepo, "index", {*stand_in_});
  EXPECT_FALSE(take().tags.at("v1").stand_in);
}

TEST_F(StandInSnapshotTest, TakesItForAnImageWhereTheOriginalIsGone) {
  registry_->remove_manifest(kRepo, *original_);
  const Snapshot snapshot = take();
  EXPECT_EQ(snapshot.tags.at("v1").digest, stand_in_);
  EXPECT_FALSE(snapshot.tags.at("v1").stand_in);
}

TEST_F(StandInSnapshotTest, TakesItForAnImageOnATagThatItDoesNotName) {
  registry_->remove_tag(kRepo, "v1");
  registry_->set_tag(kRepo, "v2", *stand_in_);
  EXPECT_FALSE(take().tags.at("v2").stand_in);
}

// A-85: a registry that answers for one manifest has the API, so a 404 for another says nothing.
TEST_F(SnapshotTest, TakesAMissingListOfReferrersForAGapWhereAnotherWasGiven) {
  FakeRegistryOptions with_api;
  with_api.referrers_api = true;
  registry_->set_options(with_api);
  const Digest one = registry_->add_image(kRepo, "one");
  const Digest two = registry_->add_image(kRepo, "two");
  const Digest three = registry_->add_image(kRepo, "three");
  Snapshot snapshot = take();
  registry_->fail({.contains = "/referrers/" + two.str(), .times = -1, .status = 404});
  ASSERT_THAT(read_referrers(client(), snapshot, {one, two, three}), IsOk());
  EXPECT_TRUE(snapshot.manifests.at(one).referrers);
  EXPECT_TRUE(snapshot.manifests.at(three).referrers);
  ASSERT_EQ(snapshot.gaps.size(), 1u);
  EXPECT_THAT(snapshot.gaps.front().what, HasSubstr(two.str()));
}

TEST_F(SnapshotTest, AsksARegistryWithoutReferrersForOneListAlone) {
  const Digest one = registry_->add_image(kRepo, "one");
  const Digest two = registry_->add_image(kRepo, "two");
  Snapshot snapshot = take();
  ASSERT_THAT(read_referrers(client(), snapshot, {one, two}), IsOk());
  EXPECT_TRUE(snapshot.gaps.empty());
  EXPECT_EQ(registry_->count("GET", "/referrers/"), 1u);
}

}  // namespace
}  // namespace purser
