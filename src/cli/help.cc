#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace purser::cli {
namespace {

constexpr std::string_view kExitCodes =
    "Exit status:\n"
    "  0 done; 1 failed; 2 usage, or a malformed reference; 3 partly done; 4 not authorised;\n"
    "  5 not found; 6 unreachable, overloaded or rate limited; 7 refused by a safety check;\n"
    "  130 interrupted\n";

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, change});
    }
  }
  return row.back();
}

}  // namespace

std::string program_help(const OptionSet& options) {
  std::string text =
      "Purser looks into container registries and clears them out, without losing an image that\n"
      "somebody still needs.\n"
      "\n"
      "Usage: purser [options] VERB [options] [--] NAME...\n"
      "\n"
      "Verbs:\n";
  for (const VerbInfo& verb : all_verbs()) {
    text += fmt::format("  {:<10}{}\n", verb.name, verb.purpose);
  }
  text +=
      "\n"
      "A REGISTRY is host[:port]; a REPO is [REGISTRY/]path, on Docker Hub without a REGISTRY; a\n"
      "REF is REPO[:tag][@digest]. `purser VERB --help` explains a verb.\n"
      "\n"
      "Examples:\n"
      "  purser catalog registry.example.com\n"
      "  purser tags registry.example.com/team/app --sort semver\n"
      "  purser prune registry.example.com --keep-file keep.txt\n"
      "\n";
  return text + options.help() + std::string(kExitCodes);
}

std::string verb_help(const VerbInfo& verb, const OptionSet& options) {
  std::string text =
      fmt::format("{}\n\nUsage: purser {} {}\n\n", verb.purpose, verb.name, verb.usage);
  if (!verb.text.empty()) text += fmt::format("{}\n\n", verb.text);
  text += fmt::format("Examples:\n{}\n\n", verb.examples);
  return text + options.help() + std::string(kExitCodes);
}

std::string_view nearest_verb(std::string_view name) {
  constexpr std::size_t kTypingErrors = 2;
  std::string_view nearest;
  std::size_t best = kTypingErrors + 1;
  for (const VerbInfo& verb : all_verbs()) {
    const std::size_t d = distance(name, verb.name);
    if (d < best) {
      best = d;
      nearest = verb.name;
    }
  }
  return nearest;
}

}  // namespace purser::cli
