#include "registry/ping.h"

#include <fmt/format.h>

#include <utility>

#include "core/text.h"
#include "net/url.h"
#include "purser/client.h"

namespace purser {
namespace {

// A registry answers {} or nothing; a captive portal or another web server answers a page.
bool is_registry_body(const http::Response& response) {
  const std::size_t start = response.body.find_first_not_of(" \t\r\n");
  return start == std::string::npos || response.body[start] == '{';
}

Error not_a_registry(const ClientCore& core, const Ask& ask, const http::Response& response) {
  Error error = core.failure(ask, response);
  error.code = ErrorCode::bad_response;
  error.message =
      fmt::format("this is not a registry: GET /v2/ was answered with {}{}", response.status,
                  is_registry_body(response) ? "" : " and something that is no JSON");
  error.hint = "Check the host and the port";
  return error;
}

}  // namespace

Ask base_ask(const ClientCore& core) {
  Ask ask;
  ask.target = "/v2/";
  ask.operation = core.operation("ping");
  return ask;
}

Result<PingInfo> Reader::ping(const CallOptions& options) const {
  const Ask ask = base_ask(*core_);
  Result<http::Response> answer = core_->send(ask, options);
  if (!answer) return Unexpected(std::move(answer).error());
  const net::Driver::AuthSeen auth = core_->driver().auth_seen();
  const int status = answer->status;
  if (status == 401 || status == 403 || status == 429 || status >= 500 ||
      is_http_to_https_answer(*answer)) {
    return Unexpected(core_->failure(ask, *answer));
  }
  if (status != 200 || !is_registry_body(*answer)) {
    return Unexpected(not_a_registry(*core_, ask, *answer));
  }
  PingInfo info;
  info.url = core_->url_of(ask);
  info.scheme = info.url.substr(0, info.url.find(':'));
  info.status = status;
  info.auth = auth.scheme;
  info.realm = net::redacted_url(
      core_->driver().withheld(auth.realm));  // its query is part of it, and may be secret
  if (auth.scheme != "none") {
    // It asked for credentials and answered 200: it has accepted them, if there were any.
    const auto who = core_->driver().identity({});
    info.authenticated = who && !who->anonymous;
  }
  if (const auto version = answer->headers.get("Docker-Distribution-API-Version")) {
    info.api_version = sanitize_for_terminal(core_->driver().withheld(*version));
  }
  return info;
}

}  // namespace purser
