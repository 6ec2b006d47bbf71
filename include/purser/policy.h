// What is to be kept, or what is to be removed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "purser/digest.h"
#include "purser/reference.h"
#include "purser/result.h"

namespace purser {

// One line of a keep list: `repo:tag`, `repo@digest`, or a glob of the first. In the repository
// part `*` and
// `?` stop at '/', `**` does not; in the tag part there is no '/' to stop at. Everything is
// relative to the registry. Of Docker Hub a name without '/' keeps what is below library/ as well
// `ubuntu:22.04` keeps what `docker.io/ubuntu:22.04` is everywhere else. Thread rule: a
// value.
class KeepEntry {
 public:
  // `registry` is the host[:port] whose prefix, exactly that and a slash, is cut off.
  // Errors: invalid_argument; for a bare `repo` with the hint to write `repo:*`.
  static Result<KeepEntry> parse(std::string_view text, std::string_view registry);

  const std::string& text() const noexcept { return text_; }  // as written
  const std::optional<Digest>& digest() const noexcept { return digest_; }
  bool matches_repository(std::string_view path) const;
  // Does it keep this tag by its name? Never for an entry with a digest.
  bool matches_tag(std::string_view path, std::string_view tag) const;

 private:
  std::string text_;
  std::string repository_glob_;
  bool short_of_hub_ = false;  // a name of Docker Hub that may leave out its library/
  std::string tag_glob_;
  std::optional<Digest> digest_;
};

// Keeps what is listed; everything else in the repositories of the run is removed.
struct KeepPolicy {
  std::vector<KeepEntry> entries = {};
  bool keep_referrers = false;  // digest tags (.sig, .att, …) of what is removed stay
};

// A keep list as a file has it: an entry a line, `#` starts a comment, blank lines count for
// nothing. `source` names the file in errors, which carry the line number. Errors:
// invalid_argument.
Result<std::vector<KeepEntry>> parse_keep_list(std::string_view text, std::string_view registry,
                                               std::string_view source);

// Removes what is named; everything else is kept.
struct RemovePolicy {
  struct Target {
    std::string repository = {};  // path
    std::optional<std::string> tag = {};
    std::optional<Digest> digest = {};  // with a tag: the tag must point at it
  };
  std::vector<Target> targets = {};
  bool all_tags = false;       // the manifest's other tags go too
  bool with_parents = false;   // indexes that list it go too
  bool with_children = false;  // children that nothing else needs go too
  bool keep_referrers = false;
};

using Policy = std::variant<KeepPolicy, RemovePolicy>;

// The checks of a whole run: when one fails, nothing at all is changed.
struct MaxRemovals {
  std::uint64_t count = 0;  // tags, or percent of the tags seen
  bool percent = false;
  // "N" or "P%". Errors: invalid_argument.
  static Result<MaxRemovals> parse(std::string_view text);
  std::string str() const;
};
struct Guardrails {
  bool allow_missing = false;  // an entry that matches nothing is no reason to stop
  bool allow_empty = false;    // a repository may be left without tags
  std::optional<MaxRemovals> max_removals = {};
};

}  // namespace purser
