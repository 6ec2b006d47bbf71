// After a prune: the registry's own garbage collection, other clients' pulls, and a large
// repository.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <chrono>
#include <iostream>

#include "testing/skopeo.h"
#include "tests/integration/prune_fixture.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// Everything kept pulls as a whole, and the blobs of what went are gone.
TEST_F(PruneTest, LeavesARegistryWhosePlainGarbageCollectionKeepsEverythingKept) {  // H5, D.2
  const BusyboxImage busybox;
  push_with_skopeo(busybox, registry.host() + "/team/base:oci");
  push_with_skopeo(busybox, registry.host() + "/team/base:docker", {.types = MediaTypes::docker});
  push_with_skopeo(busybox, registry.host() + "/team/base:unlisted");
  const BuiltManifest kept_child = image_named("kept child");
  const BuiltManifest kept_index = build_index({kept_child, image_named("kept child 2")});
  const BuiltManifest old = image_named("old");
  const BuiltManifest old_child = image_named("old child");
  const BuiltManifest old_index = build_index({kept_child, old_child});
  pusher.push("team/app", kept_index, "kept");
  pusher.push("team/app", kept_child, "child");
  pusher.push("team/app", old_index, "old-multi");
  pusher.push("team/app", old, "old");

  const PurserRun run = prune({"team/app:kept", "team/base:oci", "team/base:docker"});
  ASSERT_EQ(run.exit_code(), 0) << run;
  registry.stop();
  registry.garbage_collect();
  registry.restart();

  for (const std::string name : {"team/base:oci", "team/base:docker", "team/app:kept"}) {
    const ProcessResult pulled =
        pull_with_skopeo(registry.host() + "/" + name, directory / ("pulled-" + name.substr(5)));
    EXPECT_TRUE(pulled.ok()) << name << ": " << pulled.describe();
  }
  EXPECT_EQ(lost("team/app", "kept", kept_index), "");
  EXPECT_THAT(pusher.tags("team/app"), ElementsAre("kept"));
  EXPECT_THAT(pusher.tags("team/base"), ElementsAre("docker", "oci"));
  // Of each: the layer of its own and the config; the layer "base" is shared with what is kept.
  for (const BuiltManifest& gone : {old, old_child}) {
    EXPECT_EQ(pusher.blob_status("team/app", gone.blobs[0].digest), 404);
    EXPECT_EQ(pusher.blob_status("team/app", gone.blobs[1].digest), 200);
    EXPECT_EQ(pusher.blob_status("team/app", gone.blobs[2].digest), 404);
  }
}

// The same again, for an image that was untagged under the index that it is in: distribution 2.x
// marks only one level, so what a nested index needs must still have its manifests' links (D.2).
TEST_F(PruneTest, LeavesANestedIndexWholeThroughAPlainGarbageCollection) {
  const BuiltManifest leaf = image_named("leaf");
  const BuiltManifest outer = build_index({build_index({leaf}, {.annotations = {{"level", "1"}}})});
  pusher.push("team/app", outer, "release");
  pusher.push("team/app", leaf, "leaf");
  ASSERT_EQ(prune({"team/app:release"}).exit_code(), 0);
  registry.stop();
  registry.garbage_collect();
  registry.restart();
  EXPECT_EQ(lost("team/app", "release", outer), "");
}

// Of all the programs that were waited for.
double cpu_seconds_of_children() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// How long it takes is printed, not asserted: a DELETE and a tag list both cost the registry time
// for every tag that there is.
TEST_F(PruneTest, TakesAThousandTagsToTen) {
  const BuiltManifest base = build_image();
  pusher.push("team/big", base, "v0");
  std::vector<BuiltManifest> images;
  for (int i = 0; i < 1000; ++i) {
    // The same blobs in all: the pushes are then one request each.
    BuiltManifest image = build_image({.annotations = {{"build", std::to_string(i)}}});
    pusher.put("team/big", image, "v" + std::to_string(i));
    images.push_back(std::move(image));
  }
  const double cpu_before = cpu_seconds_of_children();
  const auto began = std::chrono::steady_clock::now();
  // Past the proxy: the time is that of the program and the registry.
  ProcessOptions patient = environment();
  patient.time_limit = kPatience * std::chrono::minutes(4);  // for a busy machine
  const PurserRun run = {testing::run(
      command({"prune", registry.host(), "--keep", "team/big:v99?", "--yes", "-o", "json"}),
      patient)};
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;

  EXPECT_EQ(run.exit_code(), 0) << run;
  std::cout << "1000 tags pruned to 10 in " << took.count() << " s, of which "
            << cpu_seconds_of_children() - cpu_before << " s in the program itself\n";
  EXPECT_EQ(run.report().tags_removed, 990u);
  EXPECT_THAT(pusher.tags("team/big"), SizeIs(10));
  for (int i = 990; i < 1000; ++i) {
    EXPECT_EQ(lost("team/big", "v" + std::to_string(i), images[static_cast<std::size_t>(i)]), "");
  }
}

// Neither order nor company matters: a hundred repositories are done side by side.
TEST_F(PruneTest, PrunesAHundredRepositoriesInOneRun) {
  const BuiltManifest kept = image_named("kept");
  const BuiltManifest old = image_named("old");
  for (int i = 0; i < 100; ++i) {
    const std::string repository = "fleet/app-" + std::to_string(i);
    pusher.push(repository, kept, "kept");
    pusher.push(repository, old, "old");
  }
  const PurserRun run = prune({"fleet/*:kept"});
  EXPECT_EQ(run.exit_code(), 0) << run;
  EXPECT_EQ(run.report().tags_removed, 100u);
  for (int i = 0; i < 100; ++i) {
    const std::string repository = "fleet/app-" + std::to_string(i);
    EXPECT_THAT(pusher.tags(repository), ElementsAre("kept"));
    EXPECT_EQ(pusher.digest(repository, "kept"), kept.digest);
  }
}

}  // namespace
}  // namespace purser::testing
