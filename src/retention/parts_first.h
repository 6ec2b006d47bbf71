// The order in which manifests are put back: none before what it needs.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "purser/digest.h"

namespace purser {

// All of `digests`, each after those of them that `needs(digest)` names. How deep they are nested
// is in the hands of who may push, so nothing here calls itself.
template <class Needs>
std::vector<Digest> parts_first(std::set<Digest> digests, const Needs& needs) {
  std::vector<Digest> order;
  order.reserve(digests.size());
  struct Visit {
    Digest digest;
    bool parts_are_done;
  };
  std::vector<Visit> ahead;
  while (!digests.empty()) {
    ahead.push_back({*digests.begin(), false});
    while (!ahead.empty()) {
      Visit at = std::move(ahead.back());
      ahead.pop_back();
      if (at.parts_are_done) {
        order.push_back(std::move(at.digest));
      } else if (digests.erase(at.digest) > 0) {
        const std::vector<Digest> parts = needs(at.digest);
        ahead.push_back({std::move(at.digest), true});
        for (const Digest& part : parts) {
          if (digests.contains(part)) ahead.push_back({part, false});
        }
      }
    }
  }
  return order;
}

}  // namespace purser
