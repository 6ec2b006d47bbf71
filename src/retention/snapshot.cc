#include "purser/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/digest_tag.h"
#include "purser/stand_in.h"
#include "registry/read_budget.h"
#include "registry/registry_error.h"

namespace purser {
namespace {

SnapshotManifest node_of(const Manifest& manifest) {
  SnapshotManifest node;
  node.kind = manifest.kind();
  node.media_type = manifest.media_type();
  node.size = static_cast<std::int64_t>(manifest.raw().size());
  for (const Descriptor& child : manifest.children()) node.children.push_back(child.digest);
  if (manifest.subject()) node.subject = manifest.subject()->digest;
  node.artifact_type = manifest.artifact_type();
  node.manifest = manifest;
  return node;
}

// How often each digest is pointed at by a tag, or by another manifest.
std::map<Digest, std::size_t> count_uses(const Snapshot& snapshot) {
  std::map<Digest, std::size_t> uses;
  for (const auto& [tag, entry] : snapshot.tags) {
    if (entry.digest) ++uses[*entry.digest];
  }
  for (const auto& [digest, node] : snapshot.manifests) {
    if (node.subject) ++uses[*node.subject];
    for (const Digest& child : node.children) ++uses[child];
  }
  return uses;
}

// Reads into a snapshot: first where tags point, then the graph of manifests behind them.
class SnapshotBuilder {
 public:
  using Progress = std::function<void(std::size_t read, std::size_t tags)>;

  SnapshotBuilder(const Reader& reader, Snapshot& snapshot, const CallOptions& options,
                  const Progress& progress = {})
      : reader_(reader), snapshot_(snapshot), options_(options), progress_(progress) {}

  Status read_tag_list();
  Status resolve(std::vector<std::string> tags);
  // To be read for its own sake: a tag points at it, or somebody asked for it.
  void want(const Digest& digest);
  // To be read because `from` leads to it; the budget ends that.
  void want_part(const Digest& digest, const Digest& from);
  // Everything reachable from what is wanted, each manifest once, then the stand-ins among the
  // tags.
  Status read_graph();

 private:
  void note_head(const std::string& tag, Result<Descriptor> head);
  void note_manifest(const Digest& digest, Result<Manifest> manifest);
  ReadBudget& budget();
  using Root = std::size_t;  // a place in bills_
  Root root_of(const Digest& digest);
  bool is_known(const Digest& digest) const;
  Status drain_queue();
  Status read_what_tags_alone_serve();
  void note_what_was_left_out();
  std::string name_of(const Digest& digest) const;
  void want_originals_of_stand_ins();
  void recognise_stand_ins();
  void gap(std::string what, const Error& error) {
    snapshot_.gaps.push_back({std::move(what), to_string(error)});
  }

  const Reader& reader_;
  Snapshot& snapshot_;
  const CallOptions& options_;
  const Progress progress_;
  std::optional<ReadBudget> budget_;  // once the tags are known
  std::deque<Digest> queue_;
  std::map<Digest, Root> queued_;  // and from where it was come to
  // What was wanted for its own sake, with how many manifests it led to, those left out among them.
  std::vector<std::pair<Digest, std::size_t>> bills_;
};

Status SnapshotBuilder::read_tag_list() {
  NamePager pages = reader_.tag_pages(snapshot_.repository);
  for (;;) {
    auto page = pages.next(options_);
    if (!page) {
      if (page.error().code == ErrorCode::cancelled) return Unexpected(std::move(page).error());
      if (page.error().code == ErrorCode::not_found)
        return {};  // the registry knows no such repository
      snapshot_.tags.clear();
      gap("the tag list", page.error());
      return {};
    }
    if (!*page) break;
    for (std::string& tag : **page) snapshot_.tags.emplace(std::move(tag), SnapshotTag{});
  }
  // A name that is none by the grammar cannot be asked for, so where it points is unknown.
  if (pages.skipped() > 0) {
    snapshot_.gaps.push_back(
        {"the tag list",
         fmt::format("it has {} entries that are not valid tags", pages.skipped())});
  }
  return {};
}

Status SnapshotBuilder::resolve(std::vector<std::string> tags) {
  auto next = [this, at = std::size_t{0}, &tags]() mutable -> std::optional<Reference> {
    while (at < tags.size()) {
      auto reference = Reference::with_tag(snapshot_.repository, tags[at]);
      ++at;
      if (reference) return std::move(*reference);
      gap("tag " + tags[at - 1], reference.error());
    }
    return std::nullopt;
  };
  return reader_.head_each(
      next,
      [this, read = std::size_t{0}, &tags](const Reference& reference,
                                           Result<Descriptor> head) mutable {
        note_head(*reference.tag(), std::move(head));
        if (progress_) progress_(++read, tags.size());
      },
      options_);
}

void SnapshotBuilder::note_head(const std::string& tag, Result<Descriptor> head) {
  SnapshotTag& entry = snapshot_.tags[tag];
  entry = {};
  if (head) {
    if (media_type::is_schema1(head->media_type)) {
      entry.state = SnapshotTag::State::schema1;
      return;
    }
    entry.digest = head->digest;
    want(head->digest);
    return;
  }
  if (is_confirmed_absence(head.error())) {
    entry.state = SnapshotTag::State::ghost;
    return;
  }
  gap("tag " + tag, head.error());
}

bool SnapshotBuilder::is_known(const Digest& digest) const {
  return snapshot_.manifests.contains(digest) || snapshot_.missing.contains(digest) ||
         queued_.contains(digest);
}

SnapshotBuilder::Root SnapshotBuilder::root_of(const Digest& digest) {
  const auto [found, is_new] = queued_.try_emplace(digest, bills_.size());
  if (is_new) bills_.emplace_back(digest, 0);
  return found->second;
}

void SnapshotBuilder::want(const Digest& digest) {
  if (is_known(digest)) return;
  root_of(digest);
  queue_.push_back(digest);
}

void SnapshotBuilder::want_part(const Digest& digest, const Digest& from) {
  if (is_known(digest)) return;
  const Root root = root_of(from);
  ++bills_[root].second;
  if (!budget().take_manifest()) return;
  queued_.emplace(digest, root);
  queue_.push_back(digest);
}

ReadBudget& SnapshotBuilder::budget() {
  if (!budget_) budget_.emplace(reader_.options().read_limits, snapshot_.tags.size());
  return *budget_;
}

void SnapshotBuilder::note_manifest(const Digest& digest, Result<Manifest> manifest) {
  if (!manifest) {
    if (is_confirmed_absence(manifest.error())) {
      snapshot_.missing.insert(digest);
    } else {
      gap(digest.str(), manifest.error());
    }
    return;
  }
  SnapshotManifest node = node_of(*manifest);
  budget().take_document(*manifest);
  for (const Digest& child : node.children) want_part(child, digest);
  // Whether a subject is still there decides about its signatures, so it is read like a child.
  if (node.subject) want_part(*node.subject, digest);
  snapshot_.manifests.insert_or_assign(digest, std::move(node));
}

Status SnapshotBuilder::drain_queue() {
  auto next = [this]() -> std::optional<Reference> {
    if (queue_.empty() || budget().is_full()) return std::nullopt;
    Digest digest = std::move(queue_.front());
    queue_.pop_front();
    return Reference::with_digest(snapshot_.repository, std::move(digest));
  };
  return reader_.manifest_each(
      next,
      [this](const Reference& reference, Result<Manifest> manifest) {
        note_manifest(*reference.digest(), std::move(manifest));
      },
      options_);
}

Status SnapshotBuilder::read_graph() {
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (auto subject = subject_of_digest_tag(tag)) want(*subject);
  }
  if (Status read = drain_queue(); !read) return read;
  if (Status read = read_what_tags_alone_serve(); !read) return read;
  if (Status read = drain_queue(); !read) return read;
  want_originals_of_stand_ins();
  if (Status read = drain_queue(); !read) return read;
  note_what_was_left_out();
  recognise_stand_ins();
  return {};
}

// Some registries keep a manifest for each of its names: one that was deleted by its digest is
// served by its tags all the same. What came onto such a tag meanwhile is not what it pointed at.
Status SnapshotBuilder::read_what_tags_alone_serve() {
  std::vector<Reference> tags;
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (!entry.digest || !snapshot_.missing.contains(*entry.digest)) continue;
    if (auto reference = Reference::with_tag(snapshot_.repository, tag)) tags.push_back(*reference);
  }
  auto next = [&, at = tags.begin()]() mutable -> std::optional<Reference> {
    return at == tags.end() ? std::nullopt : std::optional(*at++);
  };
  return reader_.manifest_each(
      next,
      [this](const Reference& reference, Result<Manifest> manifest) {
        const Digest digest = *snapshot_.tags.at(*reference.tag()).digest;
        if (!manifest || manifest->digest() != digest) return;
        if (snapshot_.missing.erase(digest) > 0) note_manifest(digest, std::move(manifest));
      },
      options_);
}

// C.1-23: whoever may push could otherwise make everybody read without end.
void SnapshotBuilder::note_what_was_left_out() {
  if (!budget().is_spent()) return;
  std::string why = budget().reason() + ", and the rest was not read";
  const auto most =
      std::ranges::max_element(bills_, {}, [](const auto& bill) { return bill.second; });
  if (!budget().is_full() && most != bills_.end()) {
    why += fmt::format("; most of them, {}, by {}. Untag that if it should not be there, or",
                       most->second, name_of(most->first));
  } else {
    why += ";";
  }
  snapshot_.gaps.push_back({"all that the tags lead to", why + " " + budget().remedy()});
}

// "the tag v1", or the digest where no tag points at it.
std::string SnapshotBuilder::name_of(const Digest& digest) const {
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (entry.digest == digest) return "the tag " + tag;
  }
  return digest.str();
}

void SnapshotBuilder::want_originals_of_stand_ins() {
  for (const auto& [tag, entry] : snapshot_.tags) {
    if (!entry.digest || entry.stand_in) continue;
    auto node = snapshot_.manifests.find(*entry.digest);
    if (node == snapshot_.manifests.end() || !node->second.manifest) continue;
    auto claim = stand_in_claim(*node->second.manifest);
    if (claim && claim->tag == tag) want(claim->original);
  }
}

void SnapshotBuilder::recognise_stand_ins() {
  std::set<Digest> stand_ins;
  std::map<Digest, std::size_t> uses = count_uses(snapshot_);
  for (auto& [tag, entry] : snapshot_.tags) {
    if (!entry.digest || entry.stand_in) continue;
    auto found = snapshot_.manifests.find(*entry.digest);
    if (found == snapshot_.manifests.end() || !found->second.manifest) continue;
    auto claim = stand_in_claim(*found->second.manifest);
    if (!claim || claim->tag != tag) continue;
    auto original = snapshot_.manifests.find(claim->original);
    if (original == snapshot_.manifests.end() || !original->second.manifest) continue;
    if (!is_stand_in_for(*found->second.manifest, tag, *original->second.manifest)) continue;
    // A stand-in that something else uses as well is an image like any other: deleting it would
    // take that along.
    if (uses[*entry.digest] != 1) continue;
    --uses[*entry.digest];
    ++uses[claim->original];
    stand_ins.insert(*entry.digest);
    entry.stand_in = entry.digest;
    entry.digest = claim->original;
  }
  // Not a part of the graph: what it lists, its original lists too.
  for (const Digest& stand_in : stand_ins) snapshot_.manifests.erase(stand_in);
}

}  // namespace

Result<Snapshot> take_snapshot(const Reader& reader, const Repository& repository,
                               const SnapshotOptions& options) {
  Snapshot snapshot{.repository = repository, .leftovers = options.leftovers};
  SnapshotBuilder builder(reader, snapshot, options.call, options.progress);
  if (Status list = builder.read_tag_list(); !list) return Unexpected(std::move(list).error());
  if (!snapshot.gaps.empty() && snapshot.tags.empty()) return snapshot;
  std::vector<std::string> names;
  names.reserve(snapshot.tags.size());
  for (const auto& [tag, entry] : snapshot.tags) names.push_back(tag);
  if (Status heads = builder.resolve(std::move(names)); !heads) {
    return Unexpected(std::move(heads).error());
  }
  for (const Digest& digest : options.asked) builder.want(digest);
  for (const Digest& digest : options.leftovers) builder.want(digest);
  if (Status graph = builder.read_graph(); !graph) return Unexpected(std::move(graph).error());
  return snapshot;
}

Status refresh_tags(const Reader& reader, Snapshot& snapshot, const std::vector<std::string>& tags,
                    const CallOptions& options) {
  SnapshotBuilder builder(reader, snapshot, options);
  // What was missing may have been pushed since.
  snapshot.missing.clear();
  if (Status heads = builder.resolve(tags); !heads) return heads;
  for (const auto& [digest, node] : snapshot.manifests) {
    for (const Digest& child : node.children) builder.want_part(child, digest);
    if (node.subject) builder.want_part(*node.subject, digest);
  }
  return builder.read_graph();
}

Status read_referrers(const Reader& reader, Snapshot& snapshot, const std::vector<Digest>& digests,
                      const CallOptions& options) {
  bool has_api = std::ranges::any_of(
      snapshot.manifests, [](const auto& entry) { return entry.second.referrers.has_value(); });
  for (const Digest& digest : digests) {
    auto node = snapshot.manifests.find(digest);
    if (node == snapshot.manifests.end()) continue;
    auto referrers = reader.referrers(snapshot.repository, digest, options);
    if (referrers) {
      has_api = true;
      node->second.referrers.emplace();
      for (const Descriptor& referrer : *referrers) {
        node->second.referrers->push_back(referrer.digest);
      }
      continue;
    }
    if (referrers.error().code == ErrorCode::cancelled) {
      return Unexpected(std::move(referrers).error());
    }
    // No such API there: nobody else will answer either. Who answered for one manifest has it.
    if (referrers.error().code == ErrorCode::unsupported && !has_api) return {};
    snapshot.gaps.push_back({"the referrers of " + digest.str(), to_string(referrers.error())});
  }
  return {};
}

}  // namespace purser
