// What an untag tells its log, passed on to the journal and remembered.
#pragma once

#include <optional>

#include "purser/journal.h"

namespace purser {

// Of one untag. Thread rule: one thread at a time.
class WatchedLog : public ChangeLog {
 public:
  explicit WatchedLog(Journal& journal) : journal_(journal) {}

  Status before(const Change& change) override {
    if (change.kind == Change::Kind::untag) digest_ = change.original.digest();
    return journal_.before(change);
  }
  Status after(const Change& change, const Status& outcome) override {
    if (!outcome) left_open_ = outcome.error();
    return journal_.after(change, outcome);
  }

  // That the tag had; known once its removal was begun.
  const std::optional<Digest>& digest() const noexcept { return digest_; }
  // Why the next run has to look, although the tag may be gone: its stand-in may not be.
  const std::optional<Error>& left_open() const noexcept { return left_open_; }

 private:
  Journal& journal_;
  std::optional<Digest> digest_ = {};
  std::optional<Error> left_open_ = {};
};

}  // namespace purser
