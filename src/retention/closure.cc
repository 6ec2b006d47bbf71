#include "retention/closure.h"

#include <fmt/format.h>

#include <utility>

namespace purser {

std::string brief(const Digest& digest) {
  return fmt::format("{}:{}", digest.algorithm(), digest.short_hex());
}

void Closure::keep_tag(const std::string& tag, std::string reason) {
  tags_[tag].push_back(std::move(reason));
  auto entry = graph_.snapshot().tags.find(tag);
  if (entry == graph_.snapshot().tags.end() || !entry->second.digest) return;
  need(*entry->second.digest, "tag " + tag + " is kept");
}

void Closure::keep_manifest(const Digest& digest, std::string reason) {
  auto [entry, is_new] = manifests_.try_emplace(digest);
  entry->second.push_back(std::move(reason));
  if (is_new) unfollowed_.push_back(digest);
}

void Closure::keep_manifest_where_it_is(const Digest& digest, const std::string& reason) {
  keep_manifest(digest, reason);
  std::set<Digest> seen = {digest};
  std::vector<Digest> upward = {digest};
  while (!upward.empty()) {
    const Digest at = std::move(upward.back());
    upward.pop_back();
    for (const std::string& tag : graph_.tags_of(at)) {
      keep_tag(tag, at == digest ? fmt::format("points at {}: {}", brief(digest), reason)
                                 : fmt::format("its index contains {}: {}", brief(digest), reason));
    }
    for (const Digest& parent : graph_.parents_of(at)) {
      if (!seen.insert(parent).second) continue;
      need(parent, fmt::format("contains {}: {}", brief(digest), reason));
      upward.push_back(parent);
    }
  }
}

void Closure::need(const Digest& digest, const std::string& why) {
  if (!manifests_.contains(digest)) keep_manifest(digest, why);
}

void Closure::need_tag(const std::string& tag, const std::string& why) {
  if (!tags_.contains(tag)) keep_tag(tag, why);
}

void Closure::grow() {
  while (!unfollowed_.empty()) {
    const Digest digest = std::move(unfollowed_.back());
    unfollowed_.pop_back();
    follow(digest);
  }
}

void Closure::follow(const Digest& digest) {
  for (const Digest& child : graph_.children_of(digest)) {
    need(child, fmt::format("listed by {}, which is kept", brief(digest)));
  }
  const std::string refers = fmt::format("refers to {}, which is kept", brief(digest));
  for (const Digest& referrer : graph_.referrers_of(digest)) {
    if (named_.contains(referrer)) continue;
    need(referrer, refers);
    // Without its tag a referrer could not be found where there is no referrers API.
    for (const std::string& tag : graph_.tags_of(referrer)) need_tag(tag, refers);
  }
  for (const std::string& tag : graph_.digest_tags_of(digest)) {
    const auto& target = graph_.snapshot().tags.at(tag).digest;
    if (target && named_.contains(*target)) continue;
    need_tag(tag, fmt::format("names {}, which is kept", brief(digest)));
  }
}

}  // namespace purser
