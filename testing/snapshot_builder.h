// Snapshots made by hand, with names in place of digests.
//
//   SnapshotBuilder app;
//   app.image("amd64").image("arm64").index("both", {"amd64", "arm64"}).tag("v1", "both");
//   RepositoryPlan plan = plan_repository(app.snapshot(), policy);
//
// Names that are tags' targets, children or subjects must be made, or said to be missing, somewhere
// in the chain: what is not is a loose end, as in a snapshot that could not be read whole.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "purser/snapshot.h"

namespace purser::testing {

inline constexpr std::string_view kTestRegistry = "registry.test:5000";

// The digest that stands for a name, always the same.
Digest digest_named(std::string_view name);

class SnapshotBuilder {
 public:
  using Names = std::vector<std::string>;

  explicit SnapshotBuilder(std::string_view path = "app");

  SnapshotBuilder& image(const std::string& name);
  SnapshotBuilder& index(const std::string& name, const Names& children);
  SnapshotBuilder& referrer(const std::string& name, const std::string& subject);
  SnapshotBuilder& unknown(const std::string& name);
  SnapshotBuilder& missing(const std::string& name);
  SnapshotBuilder& leftover(const std::string& name);
  // What the referrers API says about a manifest that was made before.
  SnapshotBuilder& api_referrers(const std::string& name, const Names& referrers);

  SnapshotBuilder& tag(const std::string& tag, const std::string& name);
  // `sha256-<hex of subject><suffix>`
  SnapshotBuilder& digest_tag(const std::string& subject, const std::string& suffix,
                              const std::string& name);
  SnapshotBuilder& ghost(const std::string& tag);
  SnapshotBuilder& schema1(const std::string& tag);
  SnapshotBuilder& stand_in(const std::string& tag, const std::string& original,
                            const std::string& stand_in);
  SnapshotBuilder& gap(const std::string& what);

  const Snapshot& snapshot() const { return snapshot_; }
  Digest digest(const std::string& name);
  // The name that a digest of this snapshot has; a tag is its own name, a digest tag
  // "subject.suffix".
  std::string name_of(const Digest& digest) const { return names_.at(digest); }
  std::string name_of_tag(const std::string& tag) const;

 private:
  SnapshotManifest& add(const std::string& name, Manifest::Kind kind, std::string_view media_type);

  Snapshot snapshot_;
  std::map<Digest, std::string> names_;
  std::map<std::string, std::string> digest_tags_;
};

// The tag by which a manifest is named as a subject.
std::string digest_tag_of(const Digest& subject, std::string_view suffix);

}  // namespace purser::testing
