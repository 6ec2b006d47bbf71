// A snapshot: everything that a decision about a repository may rest on, read once, gaps recorded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "purser/client.h"
#include "purser/manifest.h"
#include "purser/reference.h"
#include "purser/result.h"

namespace purser {

// Something that could not be read. While a repository has one, nothing is removed in it.
struct Gap {
  std::string what = {};  // "tag v1", "sha256:9f86…", "the tag list"
  std::string why = {};   // the error, for people
};

struct SnapshotTag {
  enum class State {
    resolved,  // points at `digest`
    ghost,  // listed, and its GET is 404 MANIFEST_UNKNOWN: broken on the server, nothing to lose or
            // to delete
    schema1,  // a Docker schema 1 manifest: Purser does not read those; the tag is kept
  };
  State state = State::resolved;
  std::optional<Digest> digest = {};  // set when resolved
  // The tag is on a stand-in that an interrupted untag left behind (purser/stand_in.h): `digest` is
  // the original's, this is the digest that the tag really points at.
  std::optional<Digest> stand_in = {};
};

// A manifest that was read whole and hashed.
struct SnapshotManifest {
  Manifest::Kind kind = Manifest::Kind::image;
  std::string media_type = {};
  std::int64_t size = 0;              // bytes of the document
  std::vector<Digest> children = {};  // of an index
  std::optional<Digest> subject = {};
  std::string artifact_type = {};
  // Digests that the referrers API named for this one; no value: not asked, or no such API there.
  std::optional<std::vector<Digest>> referrers = {};
  // The document; no value in snapshots that were made by hand, or for a plan alone.
  std::optional<Manifest> manifest = {};
};

// Thread rule: a value.
struct Snapshot {
  Repository repository;
  std::map<std::string, SnapshotTag> tags = {};
  // Every manifest reachable from a tag, from `asked`, or as the subject of a digest tag.
  std::map<Digest, SnapshotManifest> manifests = {};
  // Confirmed absent (404 to GET): children of sparse indexes, subjects of orphans, digests asked
  // for.
  std::set<Digest> missing = {};
  // Manifests that an interrupted run, or the run that asks, was about to delete. They are removed
  // even where no tag leads to them any more, unless something kept needs them.
  std::set<Digest> leftovers = {};
  // Unread: not absent. Not empty: nothing may be removed here.
  std::vector<Gap> gaps = {};
};

struct SnapshotOptions {
  std::set<Digest> asked = {};  // to read besides what tags reach: digests that the policy names
  std::set<Digest> leftovers = {};  // as in Snapshot; read as well
  // Told how many of the tags were read, after each.
  std::function<void(std::size_t read, std::size_t tags)> progress = {};
  CallOptions call = {};
};

// Reads the tag list whole, the digest of each tag, and every manifest that they reach, each once:
// at most one HEAD a tag and one GET for each distinct manifest. What could not be read is a Gap,
// never left out: the function itself fails only when it is cancelled. A repository that the
// registry does not know (404 NAME_UNKNOWN) has no tags.
Result<Snapshot> take_snapshot(const Reader& reader, const Repository& repository,
                               const SnapshotOptions& options = {});

// Reads the given tags, which were not there when the snapshot was taken or may have moved since,
// into it.
Status refresh_tags(const Reader& reader, Snapshot& snapshot, const std::vector<std::string>& tags,
                    const CallOptions& options = {});

// Asks the referrers API for each of the digests and records the answer. Where the registry has no
// such API that is no gap: referrers are then found by their tags and `subject` fields, which the
// snapshot has.
Status read_referrers(const Reader& reader, Snapshot& snapshot, const std::vector<Digest>& digests,
                      const CallOptions& options = {});

}  // namespace purser
