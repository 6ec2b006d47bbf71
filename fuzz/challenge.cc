// WWW-Authenticate, and who may be shown a password because of it (C.1-2). Each line
// of the input is one such header of one answer.
#include "net/challenge.h"
#include "fuzz/fuzz.h"
#include "net/realm_rules.h"

using purser::net::Challenge;
using purser::net::Origin;
using purser::net::parse_challenges;
using purser::net::Url;

namespace {

constexpr std::string_view kTokenChars =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";  // RFC 9110, 5.6.2, lower-case

bool is_lower_token(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kTokenChars) == std::string_view::npos;
}

std::string quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

std::string written(const Challenge& challenge) {
  std::string text = challenge.scheme;
  if (!challenge.token68.empty()) text += " " + challenge.token68;
  for (const auto& [name, value] : challenge.params) {
    const bool first = challenge.token68.empty() && &name == &challenge.params.front().first;
    text += (first ? " " : ", ") + name + "=" + quoted(value);
  }
  return text;
}

// What was read, written out in the plainest form, must read the same.
void check_round_trip(const std::vector<Challenge>& challenges) {
  std::string field;
  for (const Challenge& challenge : challenges) {
    field += (field.empty() ? "" : ", ") + written(challenge);
  }
  if (field.size() > purser::net::kMaxChallengeBytes) return;
  const auto again = parse_challenges({{"WWW-Authenticate", field}});
  FUZZ_CHECK(again.size() == challenges.size());
  for (std::size_t i = 0; i < again.size(); ++i) {
    FUZZ_CHECK(again[i].scheme == challenges[i].scheme);
    FUZZ_CHECK(again[i].token68 == challenges[i].token68);
    FUZZ_CHECK(again[i].params == challenges[i].params);
  }
}

// A password goes over https to the registry itself or to the one host that the user allowed.
void check_realm(std::string_view realm) {
  const auto registry = purser::RegistryName::parse("registry.example.com").value();
  const Origin own{.scheme = "https", .host = "registry.example.com", .port = 443};
  const Origin allowed{.scheme = "https", .host = "auth.example.com", .port = 443};
  const std::string text(realm);
  const auto status =
      purser::net::check_realm(registry, own, text, {"auth.example.com"}, /*with_credential=*/true);
  if (!status) {
    FUZZ_CHECK(purser::fuzz::is_terminal_safe(to_string(status.error())));
    return;
  }
  const auto url = Url::parse(text);
  FUZZ_CHECK(url && (url->origin() == own || url->origin() == allowed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  purser::http::Headers headers;
  for (const std::string_view line : purser::fuzz::lines_of(purser::fuzz::text_of(data, size))) {
    headers.add("WWW-Authenticate", std::string(line));
  }
  const std::vector<Challenge> challenges = parse_challenges(headers);
  FUZZ_CHECK(challenges.size() <= purser::net::kMaxChallenges);
  for (const Challenge& challenge : challenges) {
    FUZZ_CHECK(is_lower_token(challenge.scheme));
    for (const auto& [name, value] : challenge.params) {
      FUZZ_CHECK(is_lower_token(name));
      FUZZ_CHECK(challenge.get(name).has_value());
    }
    if (const auto realm = challenge.get("realm")) check_realm(*realm);
  }
  check_round_trip(challenges);
  return 0;
}
