// A prune of a fake registry that deletes in a way of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "retention/apply_fixture.h"

namespace purser {

class ServersTest : public ApplyTest {
 protected:
  void change(const std::function<void(FakeRegistryOptions&)>& how) {
    FakeRegistryOptions options = registry_->options();
    how(options);
    registry_->set_options(std::move(options));
  }

  Result<Report> prune_patiently(const std::vector<std::string>& entries,
                                 std::stop_token stop = {}) {
    Client with = patient();
    PruneOptions how = options();
    how.apply.call.stop = stop;
    return prune(with, keep(entries), how);
  }

  // "sha256-<hex>.sig", the tag by which it is found.
  static std::string digest_tag(const Digest& digest, const std::string& suffix) {
    std::string name = digest.str();
    std::ranges::replace(name, ':', '-');
    return name + suffix;
  }

  std::size_t deletes_sent(const std::string& reference) const {
    return registry_->count("DELETE", "/manifests/" + reference);
  }

  static const TagReport& tag_of(const Report& report, const std::string& tag) {
    return *std::ranges::find_if(report.tags,
                                 [&](const TagReport& t) { return t.decision.tag == tag; });
  }
  static const ManifestReport& manifest_of(const Report& report, const Digest& digest) {
    return *std::ranges::find_if(
        report.manifests, [&](const ManifestReport& m) { return m.decision.digest == digest; });
  }
};

}  // namespace purser
