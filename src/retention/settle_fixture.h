// Journals of runs that were interrupted, for the tests of what the next run makes of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "purser/journal.h"
#include "retention/apply_fixture.h"

namespace purser {

// Writes journals as a run would have that was killed after the last line.
class SettleTest : public ApplyTest {
 protected:
  Repository repository(const std::string& path = kRepo) const {
    return *Repository::of(registry_->host(), path);
  }
  Manifest manifest(const Digest& digest) const {
    return *Manifest::parse(*registry_->manifest(kRepo, digest), "");
  }
  std::unique_ptr<Journal> begin(const std::map<std::string, Digest>& kept,
                                 const std::vector<Digest>& to_delete) const {
    auto journal = *Journal::create(state_.path(), registry_->host());
    EXPECT_THAT(journal->begin_repository(repository(), kept, to_delete), testing::IsOk());
    return journal;
  }
  Change untag_of(const std::string& tag, const Manifest& original,
                  const std::string& path = kRepo) const {
    return {.kind = Change::Kind::untag,
            .repository = repository(path),
            .tag = tag,
            .original = original};
  }
  Change deletion_of(const Manifest& original, const std::vector<std::string>& tags = {}) const {
    return {.kind = Change::Kind::delete_manifest,
            .repository = repository(),
            .original = original,
            .tags = tags};
  }
  std::vector<std::string> settle_now() const {
    Client with = client();
    Settled settled = settle(with, {.state_directory = state_.path()});
    EXPECT_THAT(settled.status, testing::IsOk());
    return settled.messages;
  }
  std::vector<Unfinished> open_entries() const {
    auto open = find_unfinished(state_.path(), registry_->host());
    EXPECT_THAT(open, testing::IsOk());
    return open ? *open : std::vector<Unfinished>();
  }
};

}  // namespace purser
