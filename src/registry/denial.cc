#include "registry/denial.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "net/challenge.h"
#include "net/server_errors.h"

namespace purser {
namespace {

bool names_error(const http::Response& response, std::string_view error) {
  const auto challenges = net::parse_challenges(response.headers);
  return std::any_of(challenges.begin(), challenges.end(), [&](const net::Challenge& challenge) {
    return challenge.get("error") == error;
  });
}

std::string user_of(const net::Driver::Identity& identity) {
  return identity.username.empty() ? "the stored token" : fmt::format("user {}", identity.username);
}

// " of ~/.docker/config.json"
std::string source_of(const net::Driver::Identity& identity) {
  return identity.source.empty() ? std::string() : " of " + identity.source;
}

void tell(Error& error, ErrorCode code, std::string_view what, std::string hint) {
  error.code = code;
  error.message = sanitize_for_terminal(what);
  if (error.http) net::append_server_message(error.message, error.http->server_message);
  error.hint = std::move(hint);
}

}  // namespace

void explain_denial(Error& error, const http::Response& response, const Asker& asker) {
  if (error.code != ErrorCode::unauthorized && error.code != ErrorCode::forbidden) return;
  const auto& who = asker.identity;
  const int status = response.status;
  const std::string log_in = fmt::format("Log in with `purser login {}`", error.registry);
  if (who.anonymous) {
    return tell(error, error.code,
                fmt::format("the registry answered {} to a request without credentials", status),
                log_in);
  }
  if (status == 401 && names_error(response, "invalid_token")) {
    return tell(error, ErrorCode::unauthorized,
                fmt::format("the registry does not accept the token that its token server gave to "
                            "{} ({})",
                            user_of(who), status),
                "Check the registry's configuration of tokens, and the clocks of both servers");
  }
  const bool lacks_scope = names_error(response, "insufficient_scope");
  if (status == 401 && asker.scheme == "basic" && !lacks_scope) {
    const std::string user = who.username.empty() ? "" : " (" + user_of(who) + ")";
    return tell(error, ErrorCode::unauthorized,
                fmt::format("the registry did not accept the user name and password{}{}",
                            source_of(who), user),
                "Check them" + (who.remedy.empty() ? "" : ", and " + who.remedy));
  }
  // The password was accepted, and gives less than was asked for.
  const std::string right = asker.scope.empty() ? "the right to this" : asker.scope;
  tell(error, ErrorCode::forbidden,
       fmt::format("authenticated as {}, but lacks {} ({})", user_of(who), right, status),
       who.remedy.empty() ? log_in + " as somebody who has the right"
                          : "Use a login that has the right: " + who.remedy);
}

}  // namespace purser
