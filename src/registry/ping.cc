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

PingInfo asked_by(const ClientCore& core, const Ask& ask, const net::Driver::AuthSeen& auth,
                  int status) {
  PingInfo info;
  info.url = core.url_of(ask);
  info.scheme = info.url.substr(0, info.url.find(':'));
  info.status = status;
  info.auth = auth.scheme;
  // Its query is part of it, and may be secret.
  info.realm = net::redacted_url(core.driver().withheld(auth.realm));
  return info;
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
  // Who it was cannot be asked any more either: it may be what took so long.
  if (!answer && answer.error().code == ErrorCode::cancelled) {
    return Unexpected(std::move(answer).error());
  }
  const net::Driver::AuthSeen auth = core_->driver().auth_seen();
  // Credentials that it did not ask for are not looked for: they were not sent, and are not wrong.
  const Result<net::Driver::Identity> who =
      auth.scheme == "none" ? net::Driver::Identity{} : core_->driver().identity({});
  const bool nobody = who && who->anonymous;
  if (!answer) {
    const bool wants_a_login =
        answer.error().code == ErrorCode::unauthorized && auth.scheme != "none";
    if (nobody && wants_a_login) return asked_by(*core_, ask, auth, 401);
    return Unexpected(std::move(answer).error());
  }
  const int status = answer->status;
  const bool refuses_credentials = status == 401 && !nobody;
  if (refuses_credentials || status == 403 || status == 429 || status >= 500 ||
      is_http_to_https_answer(*answer)) {
    return Unexpected(core_->failure(ask, *answer));
  }
  const bool registry = status == 401 || (status == 200 && is_registry_body(*answer));
  if (!registry) return Unexpected(not_a_registry(*core_, ask, *answer));
  PingInfo info = asked_by(*core_, ask, auth, status);
  // It asked for credentials and answered 200: it has accepted them, if there were any.
  info.authenticated = status == 200 && who && !nobody;
  if (const auto version = answer->headers.get("Docker-Distribution-API-Version")) {
    info.api_version = sanitize_for_terminal(core_->driver().withheld(*version));
  }
  return info;
}

// docs.docker.com, "Docker Hub pull usage and limits": the repository and the HEAD.
std::optional<RateLimit> Reader::rate_limit(const CallOptions& options) const {
  if (const auto told = core_->driver().rate_limit()) return told;
  if (core_->name().str() != "docker.io") return std::nullopt;
  const Repository repository = *Repository::of(core_->name().str(), "ratelimitpreview/test");
  CallOptions once = options;
  once.once = true;
  // The headers count, also those of a refusal.
  static_cast<void>(head(*Reference::with_tag(repository, "latest"), once));
  return core_->driver().rate_limit();
}

}  // namespace purser
