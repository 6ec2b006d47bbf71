// A prune of random repositories over a way on which requests fail, and what a run without faults
// makes of the same: for the tests of faults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "purser/prune.h"
#include "testing/fake_registry.h"
#include "testing/manual_clock.h"
#include "testing/random_images.h"
#include "testing/registry_content.h"
#include "testing/temp_dir.h"

namespace purser::testing {

class FlakyPrune {
 public:
  // `most_runs`: so many a server takes at most until all is done, where nothing fails.
  FlakyPrune(std::uint64_t seed, const FakeRegistryOptions& server, int most_runs = 1);

  // With one in `one_in` requests failing; 0: none. Each run draws other faults. While it goes on,
  // what is kept is looked at after each request.
  Result<Report> run(int one_in);
  // Without faults, until all is done, at most so often.
  Result<Report> finish(int most_runs);

  RegistryContent content() const;
  RegistryContent content_without_left_stand_ins() const;  // but with those that are on a tag
  // What a run without any fault makes of the same registry.
  const RegistryContent& goal() const { return goal_; }
  // The first kept tag or manifest that was seen to be gone; empty: none was.
  const std::string& lost() const { return lost_; }
  std::size_t faults() const { return faults_; }
  // As if the next run were on another machine.
  void forget_journals();
  // Does the manifest on this tag pull the same image: the digest itself, or a stand-in for it?
  bool pulls(const std::string& repository, const std::string& tag, const Digest& digest) const;
  bool has(const std::string& repository, const Digest& digest) const {
    return registry_->has(repository, digest);
  }
  std::optional<Digest> tag(const std::string& repository, const std::string& name) const {
    return registry_->tag(repository, name);
  }

 private:
  std::shared_ptr<FakeRegistry> filled(const FakeRegistryOptions& server) const;
  Result<Report> prune_once(const std::shared_ptr<http::Transport>& transport, int attempts,
                            const std::filesystem::path& state) const;
  void watch();

  const std::uint64_t seed_;
  const RandomImages images_;
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  TempDir directory_{TempDir::Medium::memory};
  std::shared_ptr<FakeRegistry> registry_;
  RegistryContent goal_;
  std::string lost_;
  std::size_t faults_ = 0;
  std::uint64_t runs_ = 0;
  std::uint64_t machines_ = 0;
};

}  // namespace purser::testing
