// What apply sends, whatever the server: looked at request by request.
#include <algorithm>
#include <set>
#include <string>

#include "retention/apply_servers_fixture.h"

namespace purser {
namespace {

using testing::IsOk;
using TagDelete = testing::FakeRegistryOptions::TagDelete;

// An image of each kind to go, and a tag to go off a kept one.
void fill(testing::FakeRegistry& registry, const std::string& repo) {
  const Digest kept = registry.add_image(repo, "kept");
  registry.set_tag(repo, "sibling", kept);
  const Digest part = registry.add_image(repo, "part");
  const Digest own = registry.add_image(repo, "", "own");
  registry.add_index(repo, "old-index", {part, own});
  registry.set_tag(repo, "old-index-too", *registry.tag(repo, "old-index"));
  const Digest old = registry.add_image(repo, "old");
  std::string name = old.str();
  std::ranges::replace(name, ':', '-');
  registry.add_image(repo, name + ".sig", "signature");
}

constexpr TagDelete kTagDeletes[] = {TagDelete::unsupported, TagDelete::conforming,
                                     TagDelete::deletes_manifest, TagDelete::deletes_siblings,
                                     TagDelete::ignored};

//
TEST_F(ServersTest, DeletesNoDigestThatItDidNotReadWithTheFullAccept) {
  for (const TagDelete kind : kTagDeletes) {
    use({.tag_delete = kind});
    fill(*registry_, kRepo);
    std::set<std::string> read;  // the hashes of bodies
    registry_->after_request([&](const SeenRequest& request, http::Outcome& outcome) {
      const auto& response = std::get<http::Response>(outcome);
      if (request.method != "GET" || response.status != 200) return;
      const std::string accept(request.headers.get("Accept").value_or(""));
      for (std::string_view type : {media_type::kOciIndex, media_type::kOciManifest,
                                    media_type::kDockerList, media_type::kDockerManifest}) {
        if (accept.find(type) == std::string::npos) return;
      }
      read.insert(Digest::of(response.body).str());
    });
    ASSERT_THAT(prune_patiently({kRepo + ":kept"}), IsOk());
    std::size_t deleted = 0;
    for (const SeenRequest& request : registry_->log()) {
      if (request.method == "PUT") read.insert(Digest::of(request.body).str());  // a stand-in
      const std::size_t at = request.target.find("sha256:");
      if (request.method != "DELETE" || request.status != 202 || at == std::string::npos) continue;
      EXPECT_TRUE(read.contains(request.target.substr(at))) << request.target;
      ++deleted;
    }
    EXPECT_GE(deleted, 5u);
  }
}

// Artifactory answers 406 to a DELETE with an Accept (containers/image #1009).
TEST_F(ServersTest, SendsNoAcceptWithADelete) {
  fill(*registry_, kRepo);
  ASSERT_THAT(prune_patiently({kRepo + ":kept"}), IsOk());
  std::size_t deletes = 0;
  for (const SeenRequest& request : registry_->log()) {
    if (request.method != "DELETE") continue;
    EXPECT_FALSE(request.headers.get("Accept"));
    ++deletes;
  }
  EXPECT_GE(deletes, 6u);
}

//
TEST_F(ServersTest, DeletesNothingButManifests) {
  for (const TagDelete kind : kTagDeletes) {
    use({.tag_delete = kind});
    fill(*registry_, kRepo);
    ASSERT_THAT(prune_patiently({kRepo + ":kept"}), IsOk());
    EXPECT_GE(registry_->count("DELETE"), 6u);
    EXPECT_EQ(registry_->count("DELETE"), registry_->count("DELETE", kRepo + "/manifests/"));
  }
}

}  // namespace
}  // namespace purser
