// Absolute http and https URLs, read by the same parser that libcurl connects with: what is checked
// here is where the request goes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace purser::net {

// Who is spoken to. Credentials are kept apart by it.
struct Origin {
  std::string scheme = {};  // "http" or "https"
  std::string host = {};    // lower-case; IPv6 in brackets
  int port = 0;             // the scheme's own where the URL has none

  // localhost, 127.0.0.0/8 or [::1], by name.
  bool is_loopback() const;
  std::string str() const;  // "https://host:port", without a default port

  friend bool operator==(const Origin&, const Origin&) = default;
};

// Thread rule: a value.
class Url {
 public:
  // No value: not an absolute http or https URL, or one with user info, control characters or
  // spaces, or one of more than 8 KiB. A fragment is dropped: it never goes on the wire.
  static std::optional<Url> parse(std::string_view text);
  // A reference as Location and Link carry it (RFC 3986, section 5). No value: as above.
  std::optional<Url> resolve(std::string_view reference) const;

  const std::string& str() const noexcept { return text_; }
  const Origin& origin() const noexcept { return origin_; }
  const std::string& query() const noexcept { return query_; }  // without '?', bytes as given
  // The same with one more part of the query; what is there stays byte for byte.
  std::string with_query(std::string_view more) const;

 private:
  std::string text_;
  Origin origin_;
  std::string query_;
};

// For errors and logs: no user info, query values replaced. Any text, valid URL or not.
std::string redacted_url(std::string_view url);
// What stands before the path: equal texts are the same origin. For URLs that were built here.
std::string_view origin_text(std::string_view url);
std::string percent_encode(std::string_view text);

}  // namespace purser::net
