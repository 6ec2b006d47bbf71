#include "net/link_header.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/text.h"
#include "net/ascii.h"
#include "net/field_scanner.h"

namespace purser::net {
namespace {

bool names_next(std::string_view relations) {
  while (!relations.empty()) {
    const auto word = relations.substr(0, relations.find_first_of(" \t"));
    if (equals_ignoring_case(word, "next")) return true;
    relations.remove_prefix(std::min(relations.size(), word.size() + 1));
  }
  return false;
}

struct Link {
  std::string target;
  bool is_next = false;
};

// One link-value; no value where it is malformed.
std::optional<Link> read_link(FieldScanner& in) {
  if (!in.accept('<')) return std::nullopt;
  Link link;
  link.target = trim_ows(in.until('>'));
  if (!in.accept('>')) return std::nullopt;
  bool has_rel = false;
  in.skip_ows();
  while (in.accept(';')) {
    in.skip_ows();
    const auto name = in.token();
    in.skip_ows();
    std::string value;
    if (in.accept('=')) {
      in.skip_ows();
      value = in.value(",;");
    }
    in.skip_ows();
    // The first rel counts (RFC 8288, 3.3).
    if (equals_ignoring_case(name, "rel") && !std::exchange(has_rel, true)) {
      link.is_next = names_next(value);
    }
  }
  if (!in.at_end() && in.peek() != ',') return std::nullopt;
  return link;
}

}  // namespace

Result<std::optional<std::string>> next_link(const http::Headers& headers) {
  for (const std::string_view field : headers.all("Link")) {
    FieldScanner in(field);
    while (true) {
      in.skip_separators();
      if (in.at_end()) break;
      auto link = read_link(in);
      if (!link) {
        Error error;
        error.code = ErrorCode::bad_response;
        error.message = "the Link header of the list is malformed: " +
                        shorten(sanitize_for_terminal(field), 200);
        return Unexpected(std::move(error));
      }
      if (link->is_next) return std::optional<std::string>(std::move(link->target));
    }
  }
  return std::optional<std::string>();
}

}  // namespace purser::net
