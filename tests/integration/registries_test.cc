// The same verbs and the same prune against every registry that can be run here. What differs
// between them stands in the table below and in docs/registries.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "testing/skopeo.h"
#include "tests/integration/fill.h"
#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Kind {
  const char* name;
  RegistryOptions options = {};
  bool tag_delete = false;     // takes a DELETE of a tag
  bool referrers_api = false;  // lists what refers to a manifest
  bool in_memory = false;      // forgets all when it ends
};

// For the message of a failure.
void PrintTo(const Kind& kind, std::ostream* stream) { *stream << kind.name; }

class RegistriesTest : public PruneTest, public ::testing::WithParamInterface<Kind> {
 protected:
  RegistriesTest() : PruneTest(GetParam().options) {}

  std::string name(const std::string& rest) const { return host() + "/" + rest; }
  // stdout of a run that succeeds.
  std::string answer(const std::vector<std::string>& arguments) {
    const PurserRun run = purser(arguments);
    EXPECT_EQ(run.exit_code(), 0) << run;
    return run.out();
  }
  void expect_pulled(const std::string& reference) {
    const ProcessResult pulled =
        pull_with_skopeo(registry.host() + "/" + reference,
                         directory / ("pull-" + reference.substr(reference.find(':') + 1)));
    EXPECT_TRUE(pulled.ok()) << reference << ": " << pulled.describe();
  }
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST_P(RegistriesTest, IsARegistryThatTakesDeletes) {
  pusher.push("team/app", image_named("one"), "v1");
  EXPECT_THAT(answer({"ping", host()}), HasSubstr("/v2/"));
  EXPECT_THAT(answer({"ping", name("team/app"), "--check-delete"}), HasSubstr("enabled"));
}

TEST_P(RegistriesTest, ListsRepositoriesAndTagsWhateverTheSizeOfAPage) {
  const std::vector<std::string> repositories = numbered("team/app", 5);
  const std::vector<std::string> tags = numbered("v", 12);
  push_into_each(registry.url(), repositories, image_named("each"), "only");
  push_under_each(registry.url(), "team/many", image_named("many"), tags);
  EXPECT_THAT(lines_of(answer({"catalog", host(), "--match", "team/app"})),
              ElementsAreArray(repositories));
  for (const char* size : {"3", "12", "1000"}) {
    EXPECT_THAT(lines_of(answer({"tags", name("team/many"), "--page-size", size})),
                ElementsAreArray(tags))
        << size;
  }
  EXPECT_EQ(purser({"tags", name("team/nobody")}).exit_code(), 5);
}

TEST_P(RegistriesTest, ShowsImagesIndexesAndTheirConfigs) {
  for (const MediaTypes types : {MediaTypes::oci, MediaTypes::docker}) {
    const BuiltManifest amd64 = build_image({.types = types, .labels = {{"who", "amd64"}}});
    const BuiltManifest arm64 =
        build_image({.types = types, .architecture = "arm64", .labels = {{"who", "arm64"}}});
    const BuiltManifest index = build_index({amd64, arm64}, {.types = types});
    pusher.push("team/app", index, "multi");
    EXPECT_THAT(answer({"digest", name("team/app:multi")}), HasSubstr(index.digest));
    EXPECT_EQ(answer({"manifest", "--raw", name("team/app:multi")}), index.bytes);
    EXPECT_EQ(answer({"manifest", "--raw", name("team/app@" + arm64.digest)}), arm64.bytes);
    EXPECT_THAT(answer({"manifest", name("team/app:multi"), "--platform", "linux/arm64"}),
                HasSubstr("layers"));
    EXPECT_THAT(answer({"inspect", name("team/app:multi"), "--platform", "linux/arm64"}),
                HasSubstr("arm64"));
    EXPECT_THAT(answer({"config", name("team/app:multi"), "--platform", "linux/amd64"}),
                AllOf(HasSubstr("\"who\""), HasSubstr("amd64")));
  }
  EXPECT_EQ(purser({"digest", name("team/app:nobody")}).exit_code(), 5);
}

TEST_P(RegistriesTest, PutsAndTags) {
  const BuiltManifest image = image_named("image");
  pusher.push("team/app", image, "v1");
  const BuiltManifest index = build_index({image});
  const std::string file = directory.write("index.json", index.bytes).string();
  EXPECT_THAT(answer({"put", name("team/app:multi"), file}), HasSubstr(index.digest));
  answer({"tag", name("team/app:v1"), "v2", "v3"});
  EXPECT_EQ(lost("team/app", "multi", index), "");
  for (const char* tag : {"v1", "v2", "v3"}) EXPECT_EQ(lost("team/app", tag, image), "");
  EXPECT_NE(purser({"put", name("team/app@" + image.digest), file}).exit_code(), 0);
}

// A-76, A-77: by its own delete of a tag, or by a stand-in.
TEST_P(RegistriesTest, RemovesATagAloneAndItsImageStays) {
  const BuiltManifest image = image_named("image");
  const BuiltManifest index = build_index({image}, {.types = MediaTypes::docker});
  for (const char* tag : {"a", "b", "c", "d"}) pusher.push("team/app", image, tag);
  for (const char* tag : {"x", "y"}) pusher.push("team/app", index, tag);
  proxy.server().forget_requests();

  answer({"untag", name("team/app:a"), name("team/app:x"), name("team/app:b")});

  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("c", "d", "y"));
  for (const char* tag : {"c", "d"}) EXPECT_EQ(lost("team/app", tag, image), "");
  EXPECT_EQ(lost("team/app", "y", index), "");
  std::set<std::string> by_name;
  for (const WireRequest& request : proxy.server().requests()) {
    if (request.method != "DELETE" || request.path().find("sha256:") != std::string::npos) continue;
    by_name.insert(request.path().substr(request.path().rfind('/') + 1));
  }
  if (GetParam().tag_delete) {
    EXPECT_THAT(by_name, ElementsAre("a", "b", "x"));
  } else {
    EXPECT_THAT(by_name, ElementsAre("a")) << "asked once";
  }
}

// The last tag of an image: its digest still answers.
TEST_P(RegistriesTest, RemovesTheLastTagOfAnImageThatStays) {
  const BuiltManifest image = image_named("image");
  pusher.push("team/app", image, "only");
  pusher.push("team/app", image_named("other"), "other");
  answer({"untag", name("team/app:only")});
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("other"));
  EXPECT_EQ(pusher.missing_part_of("team/app", image), "");
}

TEST_P(RegistriesTest, DeletesWhatIsNamedAndNothingThatAnotherTagNeeds) {
  const BuiltManifest image = image_named("image");
  const BuiltManifest shared = image_named("shared");
  pusher.push("team/app", image, "old");
  pusher.push("team/app", shared, "one");
  pusher.push("team/app", shared, "two");
  EXPECT_EQ(purser({"delete", name("team/app:one")}).exit_code(), 7);
  answer({"delete", name("team/app:old")});
  EXPECT_EQ(pusher.status("team/app", image.digest), 404);
  EXPECT_EQ(lost("team/app", "one", shared), "");
  answer({"delete", "--all-tags", name("team/app:one")});
  EXPECT_EQ(pusher.status("team/app", shared.digest), 404);
  EXPECT_THAT(pusher.tags("team/app"), IsEmpty());
}

// A-79, A-85, A-87: everything at once, and afterwards every kept tag is pulled by another client.
TEST_P(RegistriesTest, PrunesAndEveryKeptTagPulls) {
  const BusyboxImage busybox;
  push_with_skopeo(busybox, registry.host() + "/team/app:busybox");
  const BuiltManifest shared = image_named("shared");
  const BuiltManifest amd64 = image_named("amd64");
  const BuiltManifest arm64 = image_named("arm64");
  const BuiltManifest multi = build_index({amd64, arm64});
  const BuiltManifest old_child = image_named("old child");
  const BuiltManifest old_multi = build_index({amd64, old_child});
  const BuiltManifest old = image_named("old");
  const BuiltManifest signature = build_signature(multi.digest);
  const BuiltManifest old_signature = build_signature(old.digest);
  for (const char* tag : {"kept", "unlisted"}) pusher.push("team/app", shared, tag);
  pusher.push("team/app", multi, "multi");
  pusher.push("team/app", arm64, "arm64-too");
  for (const char* tag : {"old-multi", "old-multi-too"}) pusher.push("team/app", old_multi, tag);
  for (const char* tag : {"old-1", "old-2"}) pusher.push("team/app", old, tag);
  pusher.push("team/app", signature, digest_tag(multi.digest, ".sig"));
  pusher.push("team/app", old_signature, digest_tag(old.digest, ".sig"));
  // With the API found by that, without by the fallback tag.
  const BuiltManifest sbom = build_artifact(amd64);
  pusher.push("team/app", sbom);
  if (!GetParam().referrers_api) {
    pusher.push("team/app", build_index({sbom}), digest_tag(amd64.digest));
  }

  const PurserRun run = prune({"team/app:kept", "team/app:multi", "team/app:busybox"});

  ASSERT_EQ(run.exit_code(), 0) << run;
  EXPECT_TRUE(run.report().complete) << run;
  std::vector<std::string> left = {"busybox", "kept", "multi", digest_tag(multi.digest, ".sig")};
  if (!GetParam().referrers_api) left.push_back(digest_tag(amd64.digest));
  std::sort(left.begin(), left.end());
  EXPECT_THAT(pusher.tags("team/app"), ElementsAreArray(left));
  EXPECT_EQ(lost("team/app", "kept", shared), "");
  EXPECT_EQ(lost("team/app", "multi", multi), "");
  EXPECT_EQ(lost("team/app", digest_tag(multi.digest, ".sig"), signature), "");
  EXPECT_EQ(pusher.missing_part_of("team/app", sbom), "");
  for (const BuiltManifest& gone : {old, old_multi, old_child, old_signature}) {
    EXPECT_EQ(pusher.status("team/app", gone.digest), 404);
  }
  for (const char* tag : {"kept", "multi", "busybox"}) {
    expect_pulled(std::string("team/app:") + tag);
  }
  proxy.server().forget_requests();
  const PurserRun again = prune({"team/app:kept", "team/app:multi", "team/app:busybox"});
  EXPECT_EQ(again.exit_code(), 0) << again;
  EXPECT_THAT(changes(), IsEmpty());
}

// A-85: what refers to a kept image stays with it, and what refers to another goes with that.
TEST_P(RegistriesTest, KeepsTheReferrersOfWhatIsKept) {
  const BuiltManifest image = image_named("image");
  const BuiltManifest sbom = build_artifact(image);
  const BuiltManifest signed_sbom = build_artifact(sbom, {.content = "a signature of it"});
  const BuiltManifest old = image_named("old");
  const BuiltManifest old_sbom = build_artifact(old, {.content = "of the old"});
  pusher.push("team/app", image, "v1");
  pusher.push("team/app", old, "v0");
  pusher.push("team/app", sbom, "sbom");
  pusher.push("team/app", signed_sbom, "sbom-signature");
  pusher.push("team/app", old_sbom, "old-sbom");
  const PurserRun run = prune({"team/app:v1"});
  EXPECT_EQ(run.exit_code(), 0) << run;
  for (const BuiltManifest& kept : {image, sbom, signed_sbom}) {
    EXPECT_EQ(pusher.missing_part_of("team/app", kept), "");
  }
  EXPECT_EQ(pusher.status("team/app", old.digest), 404);
  EXPECT_EQ(pusher.status("team/app", old_sbom.digest), 404);
}

// Where nothing may be changed: everything can be read, and nothing is changed.
class ClosedTest : public RegistriesTest {
 protected:
  void expect_closed() {
    const std::map<std::string, std::string> before = tags_of("team/app");
    ASSERT_EQ(before.size(), 3u);
    for (const char* tag : {"kept", "other"}) {
      EXPECT_THAT(answer({"digest", name(std::string("team/app:") + tag)}), HasSubstr("sha256:"));
    }
    EXPECT_EQ(prune({"team/app:kept"}).exit_code(), 7);
    EXPECT_EQ(purser({"delete", name("team/app:other")}).exit_code(), 7);
    EXPECT_NE(purser({"untag", name("team/app:kept-too")}).exit_code(), 0);
    EXPECT_EQ(tags_of("team/app"), before);
  }
  void SetUp() override {
    for (const char* tag : {"kept", "kept-too"}) pusher.push("team/app", image_named("kept"), tag);
    pusher.push("team/app", image_named("other"), "other");
  }
};

// A-73. 3.0.0 to 3.1.0 took deletes of tags although they were switched off (CVE-2026-41888).
TEST_P(ClosedTest, ChangesNothingWhereDeletesAreOff) {
  registry.restart_with_deletes(false);
  expect_closed();
}

// A-73: `maintenance.readonly`.
TEST_P(ClosedTest, ChangesNothingWhereTheRegistryIsReadOnly) {
  registry.restart_read_only();
  expect_closed();
}

// A pull-through cache shows what is behind it, and lets nothing be changed.
TEST_P(ClosedTest, ChangesNothingThroughAMirror) {
  RegistryOptions options = GetParam().options;
  options.mirror_of = registry.url();
  const RegistryServer mirror(options);
  const std::string app = mirror.host() + "/team/app";
  EXPECT_THAT(lines_of(answer({"tags", app})), ElementsAre("kept", "kept-too", "other"));
  EXPECT_THAT(answer({"digest", app + ":kept"}), HasSubstr(image_named("kept").digest));
  EXPECT_EQ(purser({"prune", app, "--keep", "team/app:kept", "--yes"}).exit_code(), 7);
  EXPECT_NE(purser({"untag", app + ":kept-too"}).exit_code(), 0);
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("kept", "kept-too", "other"));
}

const Kind kKinds2[] = {
    {.name = "distribution_2_cache"},
    {.name = "distribution_2_no_cache", .options = {.cache = false}},
};
const Kind kKindsFull[] = {
    {.name = "distribution_3",
     .options = {.kind = RegistryKind::distribution_3},
     .tag_delete = true},
    {.name = "distribution_3_no_cache",
     .options = {.kind = RegistryKind::distribution_3, .cache = false},
     .tag_delete = true},
    {.name = "go_containerregistry",
     .options = {.kind = RegistryKind::go_containerregistry},
     .tag_delete = true,
     .referrers_api = true,
     .in_memory = true},
    {.name = "go_containerregistry_no_referrers",
     .options = {.kind = RegistryKind::go_containerregistry, .referrers = false},
     .tag_delete = true,
     .in_memory = true},
};

bool keeps_its_content(const Kind& kind) { return !kind.in_memory; }

std::vector<Kind> kinds_that_can_be_closed() {
  std::vector<Kind> kinds;
  std::ranges::copy_if(kKindsFull, std::back_inserter(kinds), keeps_its_content);
  return kinds;
}

std::string name_of(const ::testing::TestParamInfo<Kind>& kind) { return kind.param.name; }

INSTANTIATE_TEST_SUITE_P(Here, RegistriesTest, ::testing::ValuesIn(kKinds2), name_of);
INSTANTIATE_TEST_SUITE_P(Full, RegistriesTest, ::testing::ValuesIn(kKindsFull), name_of);
INSTANTIATE_TEST_SUITE_P(Here, ClosedTest, ::testing::ValuesIn(kKinds2), name_of);
INSTANTIATE_TEST_SUITE_P(Full, ClosedTest, ::testing::ValuesIn(kinds_that_can_be_closed()),
                         name_of);

}  // namespace
}  // namespace purser::testing
