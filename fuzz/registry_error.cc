// What a registry's refusal means: whatever the body says, only a 404 or a named code in a
// 400 becomes an absence, and a person is shown a bounded line without control characters. The
// first line of the input is the status, then come header fields up to an empty line, then the
// body.
#include "registry/registry_error.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "core/text.h"
#include "fuzz/fuzz.h"

using purser::ErrorCode;
using purser::fuzz::is_terminal_safe;

namespace {

purser::http::Response response_of(std::string_view input) {
  purser::http::Response response;
  const std::string_view status = purser::fuzz::take_line(input);
  std::from_chars(status.data(), status.data() + status.size(), response.status);
  while (!input.empty()) {
    const std::string_view line = purser::fuzz::take_line(input);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    response.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
  }
  response.body = std::string(input);
  return response;
}

void check_server_errors(const purser::ServerErrors& errors) {
  FUZZ_CHECK(is_terminal_safe(errors.message) && errors.message.size() <= 300);
  FUZZ_CHECK(errors.codes.size() <= 16);
  for (const std::string& code : errors.codes) {
    FUZZ_CHECK(is_terminal_safe(code) && code.size() <= 64);
  }
  FUZZ_CHECK(errors.codes.empty() || errors.structured);
}

// What may be called absent, by the status and then by what a 400 names.
bool may_be_absent(int status, const purser::ServerErrors& errors) {
  if (status == 404) return true;
  if (status != 400) return false;
  const bool vague = errors.has("UNKNOWN") &&
                     purser::to_lower(errors.message).find("not found") != std::string::npos;
  return errors.has("NAME_UNKNOWN") || errors.has("MANIFEST_UNKNOWN") || vague;
}

void check_by_status(int status, ErrorCode code) {
  const auto is_one_of = [code](std::initializer_list<ErrorCode> codes) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  };
  if (status == 401) FUZZ_CHECK(is_one_of({ErrorCode::unauthorized, ErrorCode::forbidden}));
  if (status == 403) FUZZ_CHECK(code == ErrorCode::forbidden);
  if (status == 429) FUZZ_CHECK(code == ErrorCode::rate_limited);
  if (status >= 500) FUZZ_CHECK(is_one_of({ErrorCode::unreachable, ErrorCode::unsupported}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const purser::http::Response response = response_of(purser::fuzz::text_of(data, size));
  const purser::ServerErrors errors = purser::read_error_body(response);
  check_server_errors(errors);

  const purser::Operation operation{
      .verb = "read the tags of", .registry = "registry.example.com", .subject = "team/app"};
  const purser::Error error = error_from(operation, "GET", "https://u:pw@h.io/v2/x?sig=s3cret",
                                         response, std::chrono::system_clock::time_point());
  const bool absent = error.code == ErrorCode::not_found;
  FUZZ_CHECK(!absent || may_be_absent(response.status, errors));
  check_by_status(response.status, error.code);
  // What a removal or a restore rests on is the registry's own word, and no proxy's.
  const bool confirmed = purser::is_confirmed_absence(response);
  FUZZ_CHECK(!confirmed || (absent && response.status == 404 && errors.structured));
  FUZZ_CHECK(!purser::is_confirmed_absence(error) || confirmed);

  const std::string text = to_string(error);
  FUZZ_CHECK(is_terminal_safe(text) && text.size() < 1000);
  FUZZ_CHECK(error.http.has_value());
  FUZZ_CHECK(error.http->status == response.status);
  FUZZ_CHECK(error.http->url.find("s3cret") == std::string::npos);
  FUZZ_CHECK(error.http->url.find("pw") == std::string::npos);
  // Only an answer that asks to wait has a time, and only a 429 is known not to have acted.
  const bool limited = response.status == 429 || response.status == 503;
  FUZZ_CHECK(!error.retry_after || (limited && error.retry_after->count() > 0));
  FUZZ_CHECK(error.not_done == (response.status == 429));
  return 0;
}
