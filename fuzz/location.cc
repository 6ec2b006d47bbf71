// Where a Location leads (A-33 to A-37, C.1-3, C.1-25). The first line of the input says how it was
// asked and answered ("GET 307 https://registry.example.com/v2/x"), the rest is the Location.
#include <charconv>

#include "core/text.h"
#include "fuzz/fuzz.h"
#include "net/redirect.h"
#include "net/upload_location.h"
#include "net/url.h"

using purser::fuzz::is_terminal_safe;
using purser::fuzz::is_wire_safe;
using purser::net::Url;

namespace {

std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size() < line.size() ? word.size() + 1 : line.size());
  return word;
}

// What is longer is refused (C.1-25).
constexpr std::size_t kLongestUrl = 8 * 1024;

// The query of a reference as it was sent, for comparison byte by byte.
std::string_view query_of(std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  const auto mark = reference.find('?');
  return mark == std::string_view::npos ? std::string_view() : reference.substr(mark + 1);
}

// Bytes that no URL may have: libcurl encodes them when it resolves a reference.
std::string encoded(std::string_view query) {
  std::string text;
  for (const char c : query) {
    char code[4] = {c};
    if (static_cast<unsigned char>(c) >= 0x80) {
      std::snprintf(code, sizeof code, "%%%02x", static_cast<unsigned char>(c));
    }
    text += code;
  }
  return text;
}

// Reading a URL that was read changes nothing, and adding to its query adds nothing else.
void check_url(const Url& url) {
  FUZZ_CHECK(is_wire_safe(url.str()));
  FUZZ_CHECK(url.str().find('#') == std::string::npos);
  FUZZ_CHECK(url.origin().scheme == "http" || url.origin().scheme == "https");
  const auto again = Url::parse(url.str());
  FUZZ_CHECK(again && again->str() == url.str() && again->origin() == url.origin());
  FUZZ_CHECK(again->query() == url.query());

  const std::string more = "digest=sha256%3Aabc";
  const std::string with_more = url.with_query(more);
  if (with_more.size() > kLongestUrl) return;
  const auto longer = Url::parse(with_more);
  FUZZ_CHECK(longer && longer->origin() == url.origin());
  const bool joined = url.query().empty() || url.query().back() == '&';
  FUZZ_CHECK(longer->query() == url.query() + (joined ? "" : "&") + more);
  FUZZ_CHECK(is_terminal_safe(purser::net::redacted_url(url.str())));
}

// Whatever stands behind it, and however it begins, user info is not shown (C.1-15).
void check_user_info(std::string_view rest) {
  if (purser::sanitize_for_terminal(rest).find("k3pt-back") != std::string::npos) return;
  for (const char* begin : {"https://", "https:/", "https:///", "https:\\\\", "https:", "//", ""}) {
    const std::string url = std::string(begin) + "user:k3pt-back@" + std::string(rest);
    FUZZ_CHECK(purser::net::redacted_url(url).find("k3pt-back") == std::string::npos);
  }
}

void check_redirect(const std::string& method, const Url& from, const Url& to, bool same_origin) {
  FUZZ_CHECK(same_origin == (from.origin() == to.origin()));
  FUZZ_CHECK(!(from.origin().scheme == "https" && to.origin().scheme == "http"));
  if (method != "GET" && method != "HEAD") FUZZ_CHECK(same_origin);
  check_url(to);
}

// Where an upload goes on: never from https to http, and with the digest and all else kept (A-37).
void check_upload(const Url& from, std::string_view location) {
  const auto next = purser::net::resolve_upload_location(from.str(), location);
  if (!next) {
    FUZZ_CHECK(is_terminal_safe(to_string(next.error())));
    return;
  }
  const auto to = Url::parse(next->url);
  FUZZ_CHECK(to.has_value());
  FUZZ_CHECK(next->same_origin == (from.origin() == to->origin()));
  FUZZ_CHECK(from.origin().scheme == "http" || to->origin().scheme == "https");
  FUZZ_CHECK(!next->was_upgraded || next->same_origin);
  const auto end =
      Url::parse(purser::net::with_digest(*next, purser::Digest::of("")).substr(0, kLongestUrl));
  FUZZ_CHECK(end && end->origin() == to->origin());
  FUZZ_CHECK(end->query().starts_with(to->query()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view location = purser::fuzz::text_of(data, size);
  std::string_view asked = purser::fuzz::take_line(location);
  const std::string method(take_word(asked));
  const std::string_view status_text = take_word(asked);
  int status = 0;
  std::from_chars(status_text.data(), status_text.data() + status_text.size(), status);
  FUZZ_CHECK(is_terminal_safe(purser::net::redacted_url(location)));
  check_user_info(location);
  const auto from = Url::parse(asked);
  if (!from) return 0;
  check_url(*from);

  if (const auto to = from->resolve(location)) {
    check_url(*to);
    // An empty reference is the URL itself, with its query (RFC 3986, 5.2.2).
    if (!location.substr(0, location.find('#')).empty()) {
      const std::string_view sent = query_of(location);
      FUZZ_CHECK(to->query() == sent || to->query() == encoded(sent));
    }
  }
  check_upload(*from, location);
  purser::http::Response response;
  response.status = status;
  response.headers.add("Location", std::string(location));
  const auto redirect = purser::net::redirect_of(method, from->str(), response);
  if (!redirect) {
    FUZZ_CHECK(is_terminal_safe(to_string(redirect.error())));
  } else if (*redirect) {
    const auto to = Url::parse((*redirect)->url);
    FUZZ_CHECK(to.has_value());
    check_redirect(method, *from, *to, (*redirect)->same_origin);
  }
  return 0;
}
