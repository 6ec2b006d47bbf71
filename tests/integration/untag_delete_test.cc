// untag and delete on the real registry, which can only delete by digest (A-77).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

struct Kind {
  std::string name;
  BuiltManifest manifest;
};

class UntagTest : public PruneTest, public ::testing::WithParamInterface<Kind> {};

INSTANTIATE_TEST_SUITE_P(
    Kinds, UntagTest,
    ::testing::Values(Kind{"DockerImage", image_named("docker", MediaTypes::docker)},
                      Kind{"OciImage", image_named("oci")},
                      Kind{"OciIndex", build_index({image_named("child")})},
                      Kind{"DockerList", build_index({image_named("child", MediaTypes::docker)},
                                                     {.types = MediaTypes::docker})}),
    [](const auto& of) { return of.param.name; });

TEST_P(UntagTest, TakesThatTagAloneAndLeavesTheImageAsItWas) {
  const BuiltManifest& original = GetParam().manifest;
  pusher.push("team/app", original, "one");
  pusher.push("team/app", original, "two");
  pusher.push("team/app", image_named("beside"), "beside");

  const PurserRun run = purser({"untag", host() + "/team/app:one"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(pusher.status("team/app", "one"), 404);
  EXPECT_EQ(lost("team/app", "two", original), "");
  EXPECT_THAT(pusher.tags("team/app"), UnorderedElementsAre("beside", "two"));
  // No stand-in is left behind: every digest that was deleted answers 404.
  for (const WireRequest& request : proxy.server().requests()) {
    if (request.method != "PUT") continue;
    EXPECT_EQ(pusher.status("team/app", digest_of(request.body)), 404);
  }
}

// Of all its tags: the manifest stays, to be had by its digest.
TEST_P(UntagTest, LeavesTheManifestOfALastTag) {
  const BuiltManifest& original = GetParam().manifest;
  pusher.push("team/app", original, "only");

  const PurserRun run = purser({"untag", host() + "/team/app:only"});

  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(pusher.status("team/app", "only"), 404);
  EXPECT_EQ(pusher.missing_part_of("team/app", original), "");
}

// At every moment the tag pulls the same image (A-77).
TEST_P(UntagTest, IsPutBackWhereTheStandInCannotBeDeleted) {
  const BuiltManifest& original = GetParam().manifest;
  pusher.push("team/app", original, "one");
  pusher.push("team/app", original, "two");
  // The probe passes; the deletes of this run do not.
  proxy.answer({.method = "DELETE", .skip = 1}, {.status = 405});

  const PurserRun run = purser({"untag", host() + "/team/app:one"});

  EXPECT_NE(run.exit_code(), 0) << run;
  EXPECT_EQ(lost("team/app", "one", original), "");
  EXPECT_EQ(lost("team/app", "two", original), "");
}

// Another client pushes and deletes in the same repository all the while. Two writers side by side
// are what 2.8.2 answers with 500s and ghosts (A-92): whatever comes of it, no image is lost, and
// what is said to be done is done.
TEST_F(PruneTest, UntagHoldsBesideAnotherWriterInTheRepository) {
  const BuiltManifest image = image_named("shared by all");
  pusher.push("team/app", image, "stays");
  std::vector<std::string> references;
  for (int i = 0; i < 12; ++i) {
    const std::string tag = "go-" + std::to_string(i);
    pusher.push("team/app", image, tag);
    references.push_back(host() + "/team/app:" + tag);
  }
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    Pusher other(registry.url());
    for (int i = 0; !stop; ++i) {
      // Whatever it is answered: this client is only here to be in the way.
      const std::string tag = "noise-" + std::to_string(i % 3);
      other.put_status("team/app", tag, image.media_type, image.bytes);
      other.put_status("team/app", "kept-by-other", image.media_type, image.bytes);
    }
  });
  std::vector<std::string> arguments = {"untag"};
  arguments.insert(arguments.end(), references.begin(), references.end());
  const PurserRun run = purser(arguments);
  stop = true;
  writer.join();

  EXPECT_EQ(lost("team/app", "stays", image), "") << run;
  EXPECT_EQ(lost("team/app", "kept-by-other", image), "");
  ASSERT_EQ(run.exit_code(), 0) << run;
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(pusher.status("team/app", "go-" + std::to_string(i)), 404);
  }
}

class DeleteTest : public PruneTest {
 protected:
  DeleteTest() {
    pusher.push("team/app", image, "one");
    pusher.push("team/app", image_named("beside"), "beside");
  }
  std::string reference(const std::string& rest) const { return host() + "/team/app" + rest; }

  const BuiltManifest image = image_named("to go");
};

TEST_F(DeleteTest, TakesTheManifestAndItsSignature) {
  const std::string signature = digest_tag(image.digest, ".sig");
  pusher.push("team/app", build_signature(image.digest), signature);
  const PurserRun run = purser({"delete", reference(":one")});
  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(pusher.status("team/app", image.digest), 404);
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("beside"));
}

TEST_F(DeleteTest, RefusesWhileATagThatWasNotNamedHasIt) {  // H2, A-75
  pusher.push("team/app", image, "two");
  const PurserRun refused = purser({"delete", reference(":one")});
  EXPECT_EQ(refused.exit_code(), 7) << refused;
  EXPECT_THAT(refused.err(), HasSubstr("--all-tags"));
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_EQ(lost("team/app", "two", image), "");

  EXPECT_EQ(purser({"delete", reference(":one"), reference(":two")}).exit_code(), 0);
  EXPECT_EQ(pusher.status("team/app", image.digest), 404);
}

TEST_F(DeleteTest, RefusesWhileAnIndexLists) {
  const BuiltManifest index = build_index({image, image_named("sibling")});
  pusher.push("team/app", index, "multi");
  const PurserRun refused = purser({"delete", reference(":one")});
  EXPECT_EQ(refused.exit_code(), 7) << refused;
  EXPECT_THAT(refused.err(), HasSubstr("--with-parents"));
  EXPECT_EQ(lost("team/app", "multi", index), "");

  const PurserRun allowed =
      purser({"delete", reference(":one"), "--with-parents", "--all-tags", "--with-children"});
  EXPECT_EQ(allowed.exit_code(), 0) << allowed;
  for (const std::string& digest : {image.digest, index.digest, image_named("sibling").digest}) {
    EXPECT_EQ(pusher.status("team/app", digest), 404);
  }
  EXPECT_EQ(lost("team/app", "beside", image_named("beside")), "");
}

// A-2: a tag with a digest beside it goes only while it points there.
TEST_F(DeleteTest, RefusesATagThatIsNotOnTheDigestBesideIt) {
  const PurserRun run = purser({"delete", reference(":one@" + image_named("beside").digest)});
  EXPECT_EQ(run.exit_code(), 7) << run;
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_EQ(lost("team/app", "one", image), "");
}

TEST_F(DeleteTest, OfWhatIsNotThereIsExit5) {
  EXPECT_EQ(purser({"delete", reference(":nowhere")}).exit_code(), 5);
  EXPECT_EQ(purser({"delete", reference("@" + digest_of("nothing"))}).exit_code(), 5);
  EXPECT_THAT(changes(), IsEmpty());
}

// By digest, and of one that has no tag.
TEST_F(DeleteTest, TakesAManifestWithoutATag) {
  const BuiltManifest untagged = image_named("untagged");
  pusher.push("team/app", untagged);
  const PurserRun run = purser({"delete", reference("@" + untagged.digest)});
  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(pusher.status("team/app", untagged.digest), 404);
  EXPECT_EQ(lost("team/app", "one", image), "");
}

}  // namespace
}  // namespace purser::testing
