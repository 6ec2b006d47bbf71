#include "registry/registry_error.h"

#include <fmt/format.h>

#include "core/text.h"
#include "net/retry_after.h"
#include "net/url.h"
#include "registry/quirks.h"

namespace purser {
namespace {

ErrorCode refine(int status, const ServerErrors& errors) {
  if (errors.has("TOOMANYREQUESTS")) return ErrorCode::rate_limited;
  if (errors.has("UNAUTHORIZED")) return ErrorCode::unauthorized;
  if (errors.has("DENIED")) return ErrorCode::forbidden;
  if (errors.has("UNSUPPORTED")) return ErrorCode::unsupported;
  if (status == 404) return ErrorCode::not_found;
  const bool unknown =
      quirks::says_unknown_in_a_400(errors) || quirks::says_not_found_in_words(errors);
  if (unknown) return ErrorCode::not_found;
  return ErrorCode::bad_response;
}

std::string hint_for(ErrorCode code, int status, const std::string& registry) {
  switch (code) {
    case ErrorCode::unauthorized:
      return fmt::format(
          "Check the user name and password (`purser auth explain {}` says where they come from), "
          "and whether this account may do this",
          registry);
    case ErrorCode::forbidden:
      return fmt::format("Log in (`purser login {}`, or -u) with an account that has the right",
                         registry);
    case ErrorCode::rate_limited:
      return "Try again later, or with fewer requests in flight";
    case ErrorCode::unreachable:
      return status == 0 ? std::string() : "Try again later; the registry's own log may say more";
    default:
      return {};
  }
}

}  // namespace

ErrorCode classify(int status, const ServerErrors& errors) {
  switch (status) {
    case 400:
    case 404:
      return refine(status, errors);
    case 401:
      return ErrorCode::unauthorized;
    case 403:
      return ErrorCode::forbidden;
    case 405:
    case 501:
      return ErrorCode::unsupported;
    case 409:
    case 412:
    case 423:
      return ErrorCode::conflict;
    case 413:
      return ErrorCode::too_large;
    case 429:
      return ErrorCode::rate_limited;
    case 407:  // of a proxy that a plain http request went through
    case 408:
    case 425:
    case 499:
      return ErrorCode::unreachable;
    default:
      return status >= 500 ? ErrorCode::unreachable : ErrorCode::bad_response;
  }
}

bool is_confirmed_absence(const http::Response& response) {
  if (response.status != 404) return false;
  const ServerErrors errors = read_error_body(response);
  return errors.structured && classify(404, errors) == ErrorCode::not_found;
}

bool is_confirmed_absence(const Error& error) {
  return error.code == ErrorCode::not_found && error.http && error.http->status == 404 &&
         !error.http->codes.empty();
}

bool is_http_to_https_answer(const http::Response& response) {
  // The sentences of Go's server, of nginx and of Apache.
  return response.status == 400 &&
         (response.body.find("HTTP request to an HTTPS server") != std::string::npos ||
          response.body.find("plain HTTP request was sent to HTTPS port") != std::string::npos ||
          response.body.find("speaking plain HTTP to an SSL-enabled server") != std::string::npos);
}

Error make_error(const Operation& operation, ErrorCode code, std::string message,
                 std::string hint) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.operation = operation.verb;
  error.registry = operation.registry;
  error.subject = operation.subject;
  error.hint = std::move(hint);
  return error;
}

Error error_from(const Operation& operation, std::string_view method, std::string_view url,
                 const http::Response& response, std::chrono::system_clock::time_point now) {
  const ServerErrors errors = read_error_body(response);
  ErrorCode code = classify(response.status, errors);
  // Credentials that are right and a right that is missing.
  std::string hint;
  if (response.status == 401) {
    for (std::string_view challenge : response.headers.all("WWW-Authenticate")) {
      if (challenge.find("insufficient_scope") != std::string_view::npos) {
        code = ErrorCode::forbidden;
      }
    }
  }
  const bool limited = response.status == 429 || response.status == 503;
  const auto field = limited ? response.headers.get("Retry-After") : std::nullopt;
  const auto asked = field ? net::parse_retry_after(*field, now) : std::nullopt;
  std::string message = fmt::format("the registry answered {}", response.status);
  if (is_http_to_https_answer(response)) {
    message = "the registry speaks https on this port, and was asked in plain http";
    hint = fmt::format("Write https://{}, and leave out --plain-http", operation.registry);
  } else if (response.status == 407) {
    message = "a proxy answered 407: it wants a user of its own";
    hint = "Write USER:PASSWORD@ before the host in the proxy's URL";
  } else {
    if (asked) message += fmt::format(" and asks to wait {} s", asked->count());
    net::append_server_message(message, errors.message);
  }
  if (hint.empty()) hint = hint_for(code, response.status, operation.registry);
  Error error = make_error(operation, code, std::move(message), std::move(hint));
  HttpFailure& http = error.http.emplace();
  http.status = response.status;
  http.method = std::string(method);
  http.url = net::redacted_url(url);
  http.codes = errors.codes;
  http.server_message = errors.message;
  error.retry_after = asked;
  error.not_done = response.status == 429;
  return error;
}

Error in_context(Error error, const Operation& operation) {
  // What came from a document alone cannot know where it was read.
  const bool nowhere = error.registry.empty() && error.subject.empty();
  if (error.operation.empty() || nowhere) {
    error.operation = operation.verb;
    error.subject = operation.subject;
  }
  if (error.registry.empty()) error.registry = operation.registry;
  return error;
}

}  // namespace purser
