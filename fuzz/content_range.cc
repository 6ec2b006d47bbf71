// A body over several answers: whatever a server says of its parts, what comes out is
// the content that was asked for or is told, within its limit. The first line of the input is the
// content. Each other line is an answer: `c` where it broke off and `j` where it came whole, its
// status, its Content-Range, then a tab and its body.
#include "net/content_range.h"

#include <charconv>
#include <string>

#include "fuzz/fuzz.h"
#include "net/body_parts.h"

using purser::net::BodyParts;
using Verdict = purser::net::BodyParts::Verdict;

namespace {

constexpr std::size_t kLimit = 64;

void check_header(std::string_view text) {
  const auto range = purser::net::parse_content_range(text);
  if (!range) return;
  FUZZ_CHECK(range->first <= range->last);
  FUZZ_CHECK(!range->total || range->last < *range->total);
  FUZZ_CHECK(range->size() != 0);
  const std::string written = "bytes " + std::to_string(range->first) + "-" +
                              std::to_string(range->last) + "/" +
                              (range->total ? std::to_string(*range->total) : "*");
  const auto again = purser::net::parse_content_range(written);
  FUZZ_CHECK(again && again->first == range->first && again->last == range->last);
  FUZZ_CHECK(again->total == range->total);
}

struct Line {
  bool broke_off = false;
  purser::http::Response answer = {};
};

Line line_of(std::string_view text) {
  Line line;
  line.broke_off = text.starts_with('c');
  text.remove_prefix(std::min<std::size_t>(text.size(), 1));
  const std::string_view status = text.substr(0, 3);
  std::from_chars(status.data(), status.data() + status.size(), line.answer.status);
  text.remove_prefix(status.size());
  const std::string_view range = text.substr(0, text.find('\t'));
  text.remove_prefix(std::min(text.size(), range.size() + 1));
  check_header(range);
  line.answer.headers.add("Content-Range", std::string(range));
  line.answer.body = std::string(text);
  return line;
}

// How much is there already, by what is asked for next.
std::size_t kept(const BodyParts& parts) {
  purser::http::Request request;
  parts.ask(request);
  const std::string range(request.headers.get("Range").value_or("bytes=0-"));
  std::size_t size = 0;
  std::from_chars(range.data() + 6, range.data() + range.size(), size);
  FUZZ_CHECK(range == "bytes=" + std::to_string(size) + "-");
  FUZZ_CHECK(size != 0 || !request.headers.get("Range"));
  return size;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = purser::fuzz::text_of(data, size);
  const auto digest = purser::Digest::of(purser::fuzz::take_line(input));
  BodyParts parts(digest, kLimit);
  int starts = 0;
  for (const std::string_view text : purser::fuzz::lines_of(input)) {
    Line line = line_of(text);
    const std::size_t before = kept(parts);
    const std::string body = line.answer.body;
    if (line.broke_off) {
      parts.keep(std::move(line.answer));
      FUZZ_CHECK(kept(parts) <= before + body.size());
      // A refusal that broke off: a new start as well.
      if (before != 0 && kept(parts) == 0) ++starts;
      continue;
    }
    const int status = line.answer.status;
    const Verdict verdict = parts.join(line.answer);
    if (verdict == Verdict::start_over) {
      FUZZ_CHECK(starts++ == 0);
      FUZZ_CHECK(kept(parts) == 0);
    }
    if (verdict != Verdict::whole) continue;
    const bool joined = before != 0 && status == 206;
    if (!joined) {
      // What is no part of anything is handed on as it came.
      FUZZ_CHECK(line.answer.status == status && line.answer.body == body);
      continue;
    }
    FUZZ_CHECK(line.answer.status == 200);
    FUZZ_CHECK(line.answer.body.size() == before + body.size());
    FUZZ_CHECK(line.answer.body.ends_with(body) && line.answer.body.size() <= kLimit);
    // The wrong content only after the one new start that it is worth.
    FUZZ_CHECK(digest.matches(line.answer.body) || starts != 0);
  }
  return 0;
}
