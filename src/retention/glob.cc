#include "retention/glob.h"

#include <cstddef>

namespace purser {
namespace {

// Where to go on when a guess about how much a star covers turns out wrong.
struct Retry {
  std::size_t pattern = std::string_view::npos;  // behind the star; npos: no star was seen
  std::size_t text = 0;                          // where what follows the star was tried last
  bool possible() const { return pattern != std::string_view::npos; }
};

}  // namespace

// Only the last `*` and the last `**` need to be tried again. A match of the part before a star
// that ends as early as it can leaves the star every choice that a later end would leave it: for
// `**` always, for `*` because both ends are then in the same component.
bool glob_matches(std::string_view pattern, std::string_view text) {
  Retry star;
  Retry double_star;
  std::size_t p = 0;
  std::size_t t = 0;
  while (true) {
    if (pattern.substr(p).starts_with("**")) {
      p += 2;
      double_star = {p, t};
      star = {};
      continue;
    }
    if (p < pattern.size() && pattern[p] == '*') {
      ++p;
      star = {p, t};
      continue;
    }
    if (t == text.size() && p == pattern.size()) return true;
    if (t < text.size() && p < pattern.size() &&
        (pattern[p] == text[t] || (pattern[p] == '?' && text[t] != '/'))) {
      ++p;
      ++t;
      continue;
    }
    if (star.possible() && star.text < text.size() && text[star.text] != '/') {
      t = ++star.text;
      p = star.pattern;
    } else if (double_star.possible() && double_star.text < text.size()) {
      t = ++double_star.text;
      p = double_star.pattern;
      star = {};
    } else {
      return false;
    }
  }
}

bool is_glob(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

}  // namespace purser
