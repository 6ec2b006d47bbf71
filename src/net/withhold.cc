#include "net/withhold.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base64.h"
#include "core/text.h"
#include "net/url.h"

namespace purser::net {
namespace {

// A shorter one would occur by chance, and what is left out would tell it.
constexpr std::size_t kShortest = 6;

void add_authorization(std::string_view field, std::vector<std::string>& secrets) {
  const auto space = field.find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view credentials = field.substr(space + 1);
  secrets.emplace_back(credentials);
  if (!equals_ignoring_case(field.substr(0, space), "basic")) return;
  const auto pair = decode_base64(credentials);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon != std::string::npos) secrets.push_back(pair->substr(colon + 1));
}

// The form of a token request, as the form has it; TokenFetch wrote it.
void add_form(std::string_view form, std::vector<std::string>& secrets) {
  constexpr std::string_view kName = "refresh_token=";
  const auto begin = form.find(kName);
  if (begin == std::string_view::npos) return;
  const std::string_view value = form.substr(begin + kName.size());
  const std::string encoded(value.substr(0, value.find('&')));
  secrets.push_back(encoded);
  int length = 0;
  const std::unique_ptr<char, decltype(&curl_free)> plain(
      curl_easy_unescape(nullptr, encoded.data(), static_cast<int>(encoded.size()), &length),
      &curl_free);
  if (plain) secrets.emplace_back(plain.get(), static_cast<std::size_t>(length));
}

void replace_all(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 3)) {
    text.replace(at, what.size(), "***");
  }
}

}  // namespace

void withhold_secrets(const http::Request& request, http::Response& response) {
  if (response.status >= 400) withhold_secrets_always(request, response);
}

void withhold_secrets_always(const http::Request& request, http::Response& response) {
  std::vector<std::string> secrets;
  if (const auto field = request.headers.get("Authorization")) add_authorization(*field, secrets);
  if (request.body && request.method == "POST") add_form(*request.body, secrets);
  // A secret may be a part of another one.
  std::sort(secrets.begin(), secrets.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const std::string& secret : secrets) {
    if (secret.size() < kShortest) continue;
    for (const std::string& form : {secret, percent_encode(secret)}) {
      replace_all(response.body, form);
      http::Headers clean;
      for (auto [name, value] : response.headers.fields()) {
        replace_all(value, form);
        clean.add(std::move(name), std::move(value));
      }
      response.headers = std::move(clean);
    }
  }
}

}  // namespace purser::net
