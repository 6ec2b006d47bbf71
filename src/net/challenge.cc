#include "net/challenge.h"

#include <algorithm>

#include "core/text.h"
#include "net/ascii.h"
#include "net/field_scanner.h"

namespace purser::net {
namespace {

bool is_token68_char(char c) {
  return is_letter(c) || is_digit(c) ||
         std::string_view("-._~+/").find(c) != std::string_view::npos;
}

// After a scheme: `abc==` up to a comma or the end is token68; `realm="x"` is not.
std::string take_token68(FieldScanner& in) {
  const auto rest = in.rest();
  std::size_t length = 0;
  while (length < rest.size() && is_token68_char(rest[length])) ++length;
  if (length == 0) return {};
  while (length < rest.size() && rest[length] == '=') ++length;
  FieldScanner after(rest.substr(length));
  after.skip_ows();
  if (!after.at_end() && after.peek() != ',') return {};
  in.skip(length);
  return std::string(rest.substr(0, length));
}

void parse_field(std::string_view field, std::vector<Challenge>& challenges) {
  FieldScanner in(field);
  bool inside = false;  // a challenge of this field is open for parameters
  while (true) {
    in.skip_separators();
    if (in.at_end()) return;
    const auto word = in.token();
    if (word.empty()) {  // not a token: what follows cannot be told apart any more
      in.skip(1);
      continue;
    }
    in.skip_ows();
    if (inside && in.accept('=')) {
      in.skip_ows();
      challenges.back().params.emplace_back(to_lower(word), in.value(","));
      continue;
    }
    if (challenges.size() == kMaxChallenges) return;
    challenges.push_back({.scheme = to_lower(word)});
    inside = true;
    challenges.back().token68 = take_token68(in);
  }
}

}  // namespace

std::optional<std::string_view> Challenge::get(std::string_view name) const {
  const auto found = std::find_if(params.begin(), params.end(),
                                  [&](const auto& param) { return param.first == name; });
  if (found == params.end()) return std::nullopt;
  return found->second;
}

std::vector<Challenge> parse_challenges(const http::Headers& headers) {
  std::vector<Challenge> challenges;
  std::size_t left = kMaxChallengeBytes;
  for (std::string_view field : headers.all("WWW-Authenticate")) {
    field = field.substr(0, left);
    left -= field.size();
    parse_field(field, challenges);
  }
  return challenges;
}

}  // namespace purser::net
