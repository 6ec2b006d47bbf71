#include "net/withhold.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base64.h"
#include "core/secret_lines.h"
#include "core/text.h"
#include "net/readings.h"

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

// What the run goes on by. A password that is part of a repository's name would end a list early.
bool is_followed(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"Location", "Link", "WWW-Authenticate",
                                                      "ETag"};
  constexpr std::array<std::string_view, 4> kFamilies = {"content-", "docker-content-", "oci-",
                                                         "docker-upload-"};
  const std::string lower = to_lower(name);
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view other) { return equals_ignoring_case(name, other); }) ||
         std::any_of(kFamilies.begin(), kFamilies.end(),
                     [&](std::string_view family) { return lower.starts_with(family); });
}

using Range = std::pair<std::size_t, std::size_t>;  // of offsets: from, to before

std::string without(std::string_view text, std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::string result;
  std::size_t done = 0;
  for (const auto& [begin, end] : ranges) {
    // A secret may be a part of another one.
    if (begin >= done) result.append(text.substr(done, begin - done)).append("***");
    done = std::max(done, end);
  }
  return result.append(text.substr(done));
}

}  // namespace

SecretFilter::SecretFilter(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  for (std::size_t i = secrets_.size(); i > 0; --i) {
    for (std::string& line : lines_of_secret(secrets_[i - 1])) secrets_.push_back(std::move(line));
  }
  std::erase_if(secrets_, [](const std::string& secret) { return secret.size() < kShortest; });
}

SecretFilter SecretFilter::of(const http::Request& request) {
  std::vector<std::string> secrets;
  if (const auto field = request.headers.get("Authorization")) add_authorization(*field, secrets);
  if (request.body && request.method == "POST") add_form(*request.body, secrets);
  return SecretFilter(std::move(secrets));
}

std::string SecretFilter::apply(std::string_view text) const {
  if (secrets_.empty()) return std::string(text);
  std::vector<Range> found;
  for_each_reading(text, [&](const Reading& reading) {
    for (const std::string& secret : secrets_) {
      for (auto at = reading.bytes.find(secret); at != std::string::npos;
           at = reading.bytes.find(secret, at + secret.size())) {
        found.emplace_back(reading.at[at], reading.at[at + secret.size()]);
      }
    }
  });
  return without(text, std::move(found));
}

http::Headers SecretFilter::apply(const http::Headers& headers) const {
  http::Headers clean;
  for (const auto& [name, value] : headers.fields()) clean.add(name, apply(value));
  return clean;
}

void withhold_secrets(const http::Request& request, http::Response& response) {
  const auto filter = SecretFilter::of(request);
  if (response.status >= 400) response.body = filter.apply(response.body);
  http::Headers clean;
  for (const auto& [name, value] : response.headers.fields()) {
    clean.add(name, is_followed(name) ? value : filter.apply(value));
  }
  response.headers = std::move(clean);
}

}  // namespace purser::net
