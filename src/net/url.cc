#include "net/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "core/text.h"
#include "net/ascii.h"

namespace purser::net {
namespace {

struct CurluDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurluHandle = std::unique_ptr<CURLU, CurluDeleter>;

std::optional<std::string> part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  return std::string(text);
}

// Longer ones are nobody's address, and some servers cut them: two readers would disagree (C.1-25).
constexpr std::size_t kMaxUrlBytes = 8 * 1024;

bool is_unsafe(std::string_view text) {
  return text.size() > kMaxUrlBytes || std::any_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           // Browsers read a backslash as a slash, others do not: no two readers of a URL must
           // disagree about its host.
           return byte <= 0x20 || byte == 0x7f || c == '\\';
         });
}

bool is_slash(char c) { return c == '/' || c == '\\'; }

// "https://" of a URL, however many slashes stand there, and whichever way they lean.
std::string_view scheme_and_slashes(std::string_view url) {
  std::size_t end = 0;
  while (end < url.size() && (is_letter(url[end]) || is_digit(url[end]))) ++end;
  const bool has_scheme = end + 1 < url.size() && url[end] == ':' && is_slash(url[end + 1]);
  end = has_scheme ? end + 1 : 0;
  while (end < url.size() && is_slash(url[end])) ++end;
  return url.substr(0, end);
}

// A reference that begins with its path.
bool is_path(std::string_view url) {
  return url.starts_with('/') && scheme_and_slashes(url).size() == 1;
}

// Whatever is no URL of the usual form may be one with user info that was mistyped.
bool may_have_user_info(std::string_view url) {
  const auto fragment = url.find('#');
  return (fragment != std::string_view::npos &&
          url.find('@', fragment) != std::string_view::npos) ||
         !Url::parse(url);
}

}  // namespace

bool Origin::is_loopback() const {
  if (host == "localhost" || host == "[::1]") return true;
  // The parser has turned every numeric form into four numbers; a name may begin with "127." too.
  return host.starts_with("127.") &&
         std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
}

std::string Origin::str() const {
  const bool usual = port == (scheme == "https" ? 443 : 80);
  return scheme + "://" + host + (usual ? "" : ":" + std::to_string(port));
}

std::optional<Url> Url::parse(std::string_view text) {
  if (is_unsafe(text)) return std::nullopt;
  const std::string copy(text.substr(0, text.find('#')));
  const CurluHandle handle(curl_url());
  if (!handle ||
      curl_url_set(handle.get(), CURLUPART_URL, copy.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK) {
    return std::nullopt;
  }
  Url url;
  const auto scheme = part(handle.get(), CURLUPART_SCHEME);
  const auto host = part(handle.get(), CURLUPART_HOST);
  const auto port = part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const auto whole = part(handle.get(), CURLUPART_URL);
  if (!scheme || !host || host->empty() || !port || !whole) return std::nullopt;
  url.origin_.scheme = to_lower(*scheme);
  url.origin_.host = to_lower(*host);
  std::from_chars(port->data(), port->data() + port->size(), url.origin_.port);
  if (url.origin_.scheme != "http" && url.origin_.scheme != "https") return std::nullopt;
  if (url.origin_.port <= 0 || url.origin_.port > 65535) return std::nullopt;
  url.query_ = part(handle.get(), CURLUPART_QUERY).value_or("");
  url.text_ = *whole;
  return url;
}

std::optional<Url> Url::resolve(std::string_view reference) const {
  if (is_unsafe(reference)) return std::nullopt;
  const std::string copy(reference.substr(0, reference.find('#')));
  if (copy.empty()) return *this;
  const CurluHandle handle(curl_url());
  if (!handle || curl_url_set(handle.get(), CURLUPART_URL, text_.c_str(), 0) != CURLUE_OK ||
      curl_url_set(handle.get(), CURLUPART_URL, copy.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK) {
    return std::nullopt;
  }
  const auto whole = part(handle.get(), CURLUPART_URL);
  if (!whole) return std::nullopt;
  return parse(*whole);
}

std::string Url::with_query(std::string_view more) const {
  std::string result = text_;
  if (more.empty()) return result;
  if (query_.empty()) {
    if (result.empty() || result.back() != '?') result += '?';
  } else if (query_.back() != '&') {
    result += '&';
  }
  return result.append(more);
}

std::string redacted_url(std::string_view url) {
  std::string result;
  std::string_view rest = url.substr(0, url.find('#'));
  const auto path_end = std::min(url.find_first_of("?#"), url.size());
  if (may_have_user_info(url)) {
    result = scheme_and_slashes(url);
    // A password with '?' or '#' in it: where it ends and a query begins, nobody can tell.
    if (!is_path(url) && url.find('@', path_end) != std::string_view::npos) {
      return sanitize_for_terminal(result) + "***";
    }
    const auto at = url.substr(0, path_end).rfind('@');
    rest.remove_prefix(at == std::string_view::npos ? result.size() : at + 1);
  }
  const auto query = rest.find('?');
  result += rest.substr(0, query);
  if (query != std::string_view::npos) {
    rest.remove_prefix(query + 1);
    char separator = '?';
    while (!rest.empty()) {
      const auto pair = rest.substr(0, rest.find('&'));
      result += separator;
      // A part without '=' may be a secret as a whole.
      const auto equals = pair.find('=');
      if (equals != std::string_view::npos) result.append(pair.substr(0, equals + 1));
      result += "***";
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      separator = '&';
    }
  }
  return shorten(sanitize_for_terminal(result), 500);
}

std::string_view origin_text(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    if (is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result += '%';
      result += kHex[byte >> 4];
      result += kHex[byte & 15];
    }
  }
  return result;
}

}  // namespace purser::net
