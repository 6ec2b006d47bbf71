// The Content-Range of a 206 (RFC 9110, 14.4; A-61): which bytes of a body these are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace purser::net {

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;                   // the last byte itself, not the one after it
  std::optional<std::uint64_t> total = {};  // none: the server does not know it

  std::uint64_t size() const { return last - first + 1; }
};

// `bytes 0-9/100`, or `/*` in place of the total. No value for anything else: another unit, an
// unsatisfied range (`bytes */100`), ends that do not fit each other, numbers that nothing can
// have.
std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace purser::net
