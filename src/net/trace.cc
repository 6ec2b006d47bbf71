#include "net/trace.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/text.h"
#include "net/challenge.h"
#include "net/url.h"

namespace purser::net {
namespace {

constexpr std::size_t kMaxValueBytes = 200;

constexpr std::array<std::string_view, 10> kHarmlessParameters = {
    "artifactType", "client_id", "digest", "from", "last", "mount", "n", "ns", "scope", "service"};

constexpr std::array<std::string_view, 18> kHarmlessFields = {"Accept",
                                                              "Accept-Ranges",
                                                              "Content-Length",
                                                              "Content-Range",
                                                              "Content-Type",
                                                              "Docker-Content-Digest",
                                                              "Docker-Distribution-API-Version",
                                                              "Docker-RateLimit-Source",
                                                              "Docker-Upload-UUID",
                                                              "If-None-Match",
                                                              "OCI-Filters-Applied",
                                                              "OCI-Subject",
                                                              "Range",
                                                              "RateLimit-Limit",
                                                              "RateLimit-Remaining",
                                                              "Retry-After",
                                                              "Server",
                                                              "Warning"};

template <class List>
bool is_in(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(),
                     [&](std::string_view other) { return equals_ignoring_case(other, name); });
}

std::string traced_challenges(const http::Headers& headers) {
  std::string text;
  for (const Challenge& challenge : parse_challenges(headers)) {
    text += (text.empty() ? "" : ", ") + challenge.scheme;
    for (const std::string_view name : {"realm", "service", "scope", "error"}) {
      const auto value = challenge.get(name);
      if (!value) continue;
      // Any realm is treated as a URL: one that is not a good one may have a password in it, too.
      text += " " + std::string(name) + "=" +
              (name == "realm" ? traced_url(*value) : std::string(*value));
    }
  }
  return text;
}

// `</v2/_catalog?last=x>; rel="next"`
std::string traced_link(std::string_view field) {
  const auto begin = field.find('<');
  const auto end = field.find('>');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return "***";
  return "<" + traced_url(field.substr(begin + 1, end - begin - 1)) + ">";
}

// What is shown of a field's value; empty: the field is not shown.
std::string traced_value(std::string_view name, std::string_view value) {
  if (is_in(kHarmlessFields, name)) return std::string(value);
  if (equals_ignoring_case(name, "Location")) return traced_url(value);
  if (equals_ignoring_case(name, "Link")) return traced_link(value);
  if (equals_ignoring_case(name, "Authorization")) {
    const auto space = value.find(' ');
    // Without a scheme all of it may be the secret.
    return space == std::string_view::npos ? "***" : std::string(value.substr(0, space)) + " ***";
  }
  return {};
}

void append(std::vector<std::string>& parts, std::string_view name, const std::string& value) {
  if (value.empty()) return;
  parts.push_back(std::string(name) + ": " + shorten(value, kMaxValueBytes));
}

std::vector<std::string> traced_fields(const http::Headers& headers) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : headers.fields()) append(parts, name, traced_value(name, value));
  append(parts, "WWW-Authenticate", traced_challenges(headers));
  return parts;
}

std::string in_parentheses(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? " (" : "; ") + part;
  return text.empty() ? text : text + ")";
}

}  // namespace

std::string traced_url(std::string_view url) {
  // What is no URL of the usual form may have user info in it, and a '?' in that.
  if (url.find('@') != std::string_view::npos && !Url::parse(url)) return redacted_url(url);
  url = url.substr(0, url.find('#'));
  const auto question = url.find('?');
  std::string text = redacted_url(url.substr(0, question));
  if (question == std::string_view::npos) return text;
  char separator = '?';
  for (std::string_view rest = url.substr(question + 1); !rest.empty();) {
    const auto pair = rest.substr(0, rest.find('&'));
    const auto equals = pair.find('=');
    const auto name = pair.substr(0, equals);
    text += separator;
    if (equals == std::string_view::npos) {
      text += "***";  // perhaps a secret as a whole
    } else if (is_in(kHarmlessParameters, name)) {
      text += pair;
    } else {
      text.append(name).append("=***");
    }
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    separator = '&';
  }
  return shorten(sanitize_for_terminal(text), 500);
}

std::string traced_request(const http::Request& request, int attempt) {
  std::vector<std::string> parts = traced_fields(request.headers);
  if (request.body) parts.push_back("body: " + std::to_string(request.body->size()) + " bytes");
  if (attempt > 1) parts.push_back("attempt " + std::to_string(attempt));
  return in_parentheses(parts);
}

std::string traced_outcome(const http::Outcome& outcome, std::chrono::milliseconds took,
                           const SecretFilter& secrets) {
  const std::string time = std::to_string(took.count()) + " ms";
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) {
    return ": no answer after " + time + ": " + failure->message;
  }
  const auto& response = std::get<http::Response>(outcome);
  std::vector<std::string> parts = traced_fields(secrets.apply(response.headers));
  if (response.peer) parts.push_back("from " + response.peer->address);
  return ": " + std::to_string(response.status) + " in " + time + ", " +
         std::to_string(response.body.size()) + " bytes" + in_parentheses(parts);
}

}  // namespace purser::net
