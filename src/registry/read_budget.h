// How much one look at a repository reads at most: ReadLimits, counted down (C.1-23).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "purser/client.h"
#include "purser/manifest.h"

namespace purser {

// Thread rule: one thread at a time.
class ReadBudget {
 public:
  // `tags`: how many the look is about. What they point at themselves is not counted.
  ReadBudget(const ReadLimits& limits, std::size_t tags);

  // One more manifest that another one leads to. False: that would be one too many; it is not read.
  bool take_manifest();
  // A document that was read and is held from now on, with what was made of it.
  void take_document(const Manifest& manifest);

  // Nothing more may be read at all, not even what tags point at.
  bool is_full() const noexcept { return memory_ > memory_limit_; }
  // Something was left out, or will be.
  bool is_spent() const noexcept { return left_out_ || is_full(); }
  // What there was too much of, as half a sentence.
  std::string reason() const;
  // What to do about it: "allow more with --max-manifests".
  std::string remedy() const;

 private:
  std::size_t manifest_limit_;
  std::size_t manifests_ = 0;
  bool left_out_ = false;
  std::int64_t memory_limit_;
  std::int64_t memory_ = 0;
};

}  // namespace purser
