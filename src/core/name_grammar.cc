#include "core/name_grammar.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "purser/reference.h"

namespace purser {
namespace {

constexpr std::size_t kMaxPathBytes = 255;  // many servers refuse more (2.8.2 answers 500)
constexpr std::size_t kMaxHostBytes = 253;  // of a DNS name
constexpr std::size_t kMaxTagBytes = 128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }

bool is_label(std::string_view label) {
  return !label.empty() && is_alnum(label.front()) && is_alnum(label.back()) &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

// Calls `check` with each piece between separators, until one is false.
template <class Check>
bool all_pieces(std::string_view text, char separator, Check check) {
  while (true) {
    const std::size_t end = text.find(separator);
    if (!check(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_dns_name(std::string_view host) {
  return host.size() <= kMaxHostBytes && all_pieces(host, '.', is_label);
}

// Hex digits and colons only, as the grammar has it: no zone, no embedded IPv4.
bool is_ipv6(std::string_view address) {
  if (address.find_first_not_of("0123456789abcdefABCDEF:") != std::string_view::npos) return false;
  std::array<unsigned char, sizeof(in6_addr)> parsed{};
  return inet_pton(AF_INET6, std::string(address).c_str(), parsed.data()) == 1;
}

// Components are runs of lower-case letters and digits; between two runs stands one '.', one or two
// '_', or any number of '-'.
bool is_path_component(std::string_view text) {
  const auto is_word = [](char c) { return is_lower(c) || is_digit(c); };
  if (text.empty() || !is_word(text.front()) || !is_word(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    if (is_word(text[i])) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    while (i < text.size() && !is_word(text[i])) ++i;
    const std::string_view separator = text.substr(start, i - start);
    const bool dashes = separator.find_first_not_of('-') == std::string_view::npos;
    if (!dashes && separator != "." && separator != "_" && separator != "__") return false;
  }
  return true;
}

Result<std::string> normalize_port(std::string_view port) {
  if (port.empty() || !std::all_of(port.begin(), port.end(), is_digit)) {
    return invalid_name("the port is not a number");
  }
  port.remove_prefix(std::min(port.find_first_not_of('0'), port.size()));
  if (port.empty() || port.size() > 5 || std::stoi(std::string(port)) > 65535) {
    return invalid_name("the port is not within 1 to 65535");
  }
  return std::string(port);
}

// Where the last '@' stands that does not begin a digest, else 0: in `user:password@host/path` the
// text before it is a secret.
std::size_t end_of_secret(std::string_view text) {
  while (true) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) return 0;
    const std::string_view after = text.substr(at + 1);
    if (!after.starts_with("sha") || after.find('/') != std::string_view::npos) return at;
    text = text.substr(0, at);
  }
}

std::string quoted(std::string_view text) {
  return fmt::format("'{}'", shorten(sanitize_for_terminal(text), 80));
}

}  // namespace

Unexpected invalid_name(std::string message, std::string hint) {
  return Unexpected(Error{
      .code = ErrorCode::invalid_argument, .message = std::move(message), .hint = std::move(hint)});
}

Unexpected in_context(Error error, std::string_view operation, std::string_view text) {
  const std::size_t at = end_of_secret(text);
  error.operation = operation;
  error.subject = (at == 0 ? "" : "***") + sanitize_for_terminal(shorten(text.substr(at), 300));
  return Unexpected(std::move(error));
}

Status check_characters(std::string_view text) {
  const auto is_graphic = [](char c) { return c > 0x20 && c < 0x7F; };
  const auto bad = std::find_if_not(text.begin(), text.end(), is_graphic);
  if (bad == text.end()) return {};
  if (static_cast<unsigned char>(*bad) >= 0x80) {
    return invalid_name("it has a character that is not ASCII",
                        "Write an international host name in its xn-- form");
  }
  return invalid_name("it has white space or a control character in it");
}

std::string_view host_of(std::string_view host_port) {
  const std::size_t bracket = host_port.rfind(']');
  const std::size_t colon = host_port.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return host_port.substr(0, colon);
}

Result<std::string> normalize_host_port(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const std::string_view host = host_of(text);
  const bool ok =
      bracketed ? host.size() > 2 && host.ends_with(']') && is_ipv6(host.substr(1, host.size() - 2))
                : is_dns_name(host);
  if (!ok) {
    if (bracketed) return invalid_name(quoted(host) + " is not an IPv6 address");
    if (std::count(text.begin(), text.end(), ':') > 1 && is_ipv6(text)) {
      return invalid_name(quoted(text) + " is not a host name",
                          "Write an IPv6 address in brackets: [" + std::string(text) + "]");
    }
    return invalid_name(quoted(host) +
                        " is not a host name: letters, digits and inner dashes, joined by dots");
  }
  std::string normal = to_lower(host);
  if (host.size() < text.size()) {
    if (text[host.size()] != ':') return invalid_name(quoted(text) + " is not a host and port");
    auto port = normalize_port(text.substr(host.size() + 1));
    if (!port) return Unexpected(std::move(port).error());
    normal += ':' + *port;
  }
  if (normal == "index.docker.io") return std::string(kDockerHub);
  return normal;
}

bool reads_as_host(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:") != std::string_view::npos ||
         std::any_of(first.begin(), first.end(), is_upper);
}

bool is_valid_tag(std::string_view tag) {
  const auto is_tag_start = [](char c) { return is_alnum(c) || c == '_'; };
  return !tag.empty() && tag.size() <= kMaxTagBytes && is_tag_start(tag.front()) &&
         std::all_of(tag.begin(), tag.end(),
                     [&](char c) { return is_tag_start(c) || c == '.' || c == '-'; });
}

bool is_valid_repository_path(std::string_view path) {
  return path.size() <= kMaxPathBytes && all_pieces(path, '/', is_path_component);
}

Status check_repository_path(std::string_view path) {
  if (is_valid_repository_path(path)) return {};
  if (path.size() > kMaxPathBytes) {
    return invalid_name("its repository path is longer than " + std::to_string(kMaxPathBytes) +
                        " bytes");
  }
  if (const std::string lower = to_lower(path); is_valid_repository_path(lower)) {
    return invalid_name("its repository path must be lower case", "Did you mean " + lower + "?");
  }
  std::string_view bad;
  all_pieces(path, '/', [&](std::string_view piece) {
    bad = piece;
    return is_path_component(piece);
  });
  if (bad.empty()) return invalid_name("its repository path has an empty component");
  return invalid_name(quoted(bad) +
                      " is not a path component: lower-case letters and digits, with '.', '_', "
                      "'__' or dashes between them");
}

}  // namespace purser
