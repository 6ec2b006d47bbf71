#include "retention/removal_order.h"

#include <map>
#include <set>

namespace purser {
namespace {

// Takes what nothing waits for, the smallest digest first.
class Sorter {
 public:
  explicit Sorter(const Graph& graph) : graph_(graph) {
    for (const auto& [digest, manifest] : graph.snapshot().manifests) waits_[digest];
    for (const auto& [digest, manifest] : graph.snapshot().manifests) {
      for (const Digest& child : graph.children_of(digest)) count(child, &Waits::parents, 1);
      for (const Digest& next : followers_of(digest)) count(next, &Waits::subjects, 1);
    }
    for (const auto& [digest, waits] : waits_) note(digest, waits);
  }

  std::vector<Digest> sort() {
    std::vector<Digest> order;
    while (!waits_.empty()) {
      const Digest next = !free_.empty()         ? *free_.begin()
                          : !parentless_.empty() ? *parentless_.begin()
                                                 : waits_.begin()->first;
      take(next);
      order.push_back(next);
    }
    return order;
  }

 private:
  struct Waits {
    int parents = 0;
    int subjects = 0;
  };

  // Referrers, and what the digest tags point at.
  std::set<Digest> followers_of(const Digest& digest) const {
    const auto& referrers = graph_.referrers_of(digest);
    std::set<Digest> followers(referrers.begin(), referrers.end());
    for (const std::string& tag : graph_.digest_tags_of(digest)) {
      if (const auto& target = graph_.snapshot().tags.at(tag).digest) followers.insert(*target);
    }
    followers.erase(digest);
    return followers;
  }

  void count(const Digest& digest, int Waits::*kind, int change) {
    auto found = waits_.find(digest);
    if (found == waits_.end()) return;
    found->second.*kind += change;
    if (change < 0) note(digest, found->second);
  }

  void note(const Digest& digest, const Waits& waits) {
    if (waits.parents != 0) return;
    parentless_.insert(digest);
    if (waits.subjects == 0) free_.insert(digest);
  }

  void take(const Digest& digest) {
    waits_.erase(digest);
    free_.erase(digest);
    parentless_.erase(digest);
    for (const Digest& child : graph_.children_of(digest)) count(child, &Waits::parents, -1);
    for (const Digest& next : followers_of(digest)) count(next, &Waits::subjects, -1);
  }

  const Graph& graph_;
  std::map<Digest, Waits> waits_;
  std::set<Digest> parentless_;
  std::set<Digest> free_;
};

}  // namespace

std::vector<Digest> removal_order(const Graph& graph) { return Sorter(graph).sort(); }

}  // namespace purser
