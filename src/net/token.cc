#include "net/token.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/base64.h"
#include "core/json.h"
#include "core/text.h"
#include "net/url.h"
#include "net/withhold.h"

namespace purser::net {
namespace {

constexpr std::int64_t kShortestLife = 60;           // what the token specification guarantees
constexpr std::int64_t kLongestLife = 24 * 60 * 60;  // beyond it a server's number is not believed
constexpr std::chrono::seconds kRenewEarly{10};

Error token_error(ErrorCode code, const std::string& realm, std::string_view what) {
  Error error;
  error.code = code;
  error.message = "the token server " + redacted_url(realm) + " " + std::string(what);
  return error;
}

// A token goes into a header as it is: a line break in it would be a header of the server's own.
bool is_header_safe(std::string_view token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool only_reads(const std::vector<std::string>& scopes) {
  return !scopes.empty() && std::all_of(scopes.begin(), scopes.end(), [](const std::string& scope) {
    return scope.ends_with(":pull");
  });
}

// Broken JSON around a token, or a bare one: the words of people are shorter.
bool may_hold_a_token(std::string_view text) {
  constexpr std::size_t kLongestWord = 24;
  if (text.starts_with('{') || text.starts_with('[')) return true;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > kLongestWord) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

bool refuses_identity_tokens(int status) {
  return status == 404 || status == 405 || status == 400 || status == 401;
}

}  // namespace

std::string describe(const Credential& credential) {
  const bool token = credential.password.empty() && !credential.identity_token.empty();
  std::string text = token ? "the identity token" : "the user name and password";
  if (!credential.source.empty()) text += " of " + credential.source;
  if (!token && !credential.username.empty()) text += " (user " + credential.username + ")";
  return sanitize_for_terminal(text);
}

std::string basic_authorization(const Credential& credential) {
  return "Basic " + encode_base64(credential.username + ":" + credential.password.reveal());
}

std::string TokenRequest::family() const {
  return origin + '\n' + realm + '\n' + service + '\n' + std::to_string(identity);
}

std::string TokenRequest::key() const {
  auto sorted = scopes;
  std::sort(sorted.begin(), sorted.end());
  std::string key = family();
  for (const std::string& scope : sorted) key += '\n' + scope;
  return key;
}

TokenFetch::TokenFetch(TokenRequest request, std::shared_ptr<const Credential> credential,
                       std::string registry)
    : request_(std::move(request)), registry_(std::move(registry)) {
  if (request_.identity != 0) credential_ = std::move(credential);
  posting_ = credential_ && !credential_->identity_token.empty();
}

http::Request TokenFetch::first() const { return posting_ ? post() : get(); }

http::Request TokenFetch::empty_request() const {
  http::Request request;
  request.max_body_bytes = kMaxTokenAnswerBytes;
  request.innermost_peer = request_.innermost_peer;
  request.headers.add("Accept", "application/json");
  request.headers.add("Accept-Encoding", "identity");
  return request;
}

http::Request TokenFetch::get() const {
  std::string query;
  const auto add = [&](std::string_view name, std::string_view value) {
    query += (query.empty() ? "" : "&") + std::string(name) + '=' + percent_encode(value);
  };
  if (!request_.service.empty()) add("service", request_.service);
  for (const std::string& scope : request_.scopes) add("scope", scope);
  add("client_id", "purser");
  http::Request request = empty_request();
  if (credential_) {
    add("account", credential_->username);
    request.headers.add("Authorization", basic_authorization(*credential_));
  }
  const auto realm = Url::parse(request_.realm);
  request.url = realm ? realm->with_query(query) : std::string();
  return request;
}

http::Request TokenFetch::post() const {
  std::string form = "grant_type=refresh_token&client_id=purser";
  if (!request_.service.empty()) form += "&service=" + percent_encode(request_.service);
  std::string scopes;
  for (const std::string& scope : request_.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  if (!scopes.empty()) form += "&scope=" + percent_encode(scopes);
  form += "&refresh_token=" + percent_encode(credential_->identity_token.reveal());
  http::Request request = empty_request();
  request.method = "POST";
  request.url = request_.realm;
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.body = std::make_shared<const std::string>(std::move(form));
  return request;
}

std::variant<http::Request, Result<Token>> TokenFetch::on_answer(
    const http::Response& response, std::chrono::steady_clock::time_point now) {
  if (response.status == 200) {
    auto token = parse_token(response.body, request_.realm, now);
    if (!token) return Result<Token>(Unexpected(not_a_token(std::move(token).error(), response)));
    return token;
  }
  const bool has_password = credential_ && !credential_->password.empty();
  if (posting_ && has_password && refuses_identity_tokens(response.status)) {
    posting_ = false;
    return get();
  }
  return Result<Token>(Unexpected(refused_by_server(response)));
}

Error TokenFetch::refused_by_server(const http::Response& response) const {
  const int status = response.status;
  const ServerErrors said = read_error_body(response);
  const std::string answered = "answered " + std::to_string(status);
  Error error = token_error(ErrorCode::bad_response, request_.realm, answered);
  if (status == 401 || status == 403) {
    error = credential_ ? refused_credential(status, said) : refused_nobody(status);
  } else if (status == 429) {
    error.code = ErrorCode::rate_limited;
    error.hint = "Try again later, or with fewer requests in flight";
  } else if (status >= 500) {
    error.code = ErrorCode::unreachable;
    error.hint = "Try again later; the token server's own log may say more";
  } else {
    if (status / 100 == 3) {
      error.message += ", a redirect; a token request is not sent on to another place";
    }
    error.hint = "Check the realm in the configuration of " + registry_;
  }
  append_server_message(error.message, said.message);
  error.http = HttpFailure{.status = status,
                           .method = posting_ ? "POST" : "GET",
                           .url = redacted_url(request_.realm),
                           .codes = said.codes,
                           .server_message = said.message};
  return error;
}

Error TokenFetch::refused_nobody(int status) const {
  Error error = token_error(ErrorCode::unauthorized, request_.realm,
                            "gives no token without credentials (" + std::to_string(status) + ")");
  error.hint = "Log in with `purser login " + registry_ + "`, or give -u and a password";
  return error;
}

Error TokenFetch::refused_credential(int status, const ServerErrors& said) const {
  const std::string tail = " (" + std::to_string(status) + ")";
  // A server that says why it forbids something has nothing against the password.
  const bool forbids = status == 403 && !said.message.empty();
  Error error = token_error(
      forbids ? ErrorCode::forbidden : ErrorCode::unauthorized, request_.realm,
      (forbids ? "gives no token for " : "did not accept ") + describe(*credential_) + tail);
  const std::string& remedy = credential_->remedy;
  if (forbids) {
    error.hint = remedy.empty()
                     ? "Log in with `purser login " + registry_ + "` as somebody who has the right"
                     : "Use a login that has the right: " + remedy;
  } else {
    error.hint =
        remedy.empty() ? "Check what was given for " + registry_ : "Check them, and " + remedy;
  }
  // tried without by the user alone, who may not want it; and only where that is to be had.
  if (only_reads(request_.scopes) && !credential_->logout.empty()) {
    error.hint +=
        "; if the repository is public, log out with `" + credential_->logout + "` and try without";
  }
  return error;
}

// A 200 that has no token in it.
Error TokenFetch::not_a_token(Error error, const http::Response& response) const {
  // The answer of a success, in which nobody has looked for secrets yet.
  http::Response shown = response;
  shown.body = SecretFilter::of(posting_ ? post() : get()).apply(shown.body);
  ServerErrors said = read_error_body(shown);
  if (may_hold_a_token(said.message)) said = {};
  append_server_message(error.message, said.message);
  error.hint = "Check what is at the realm that " + registry_ +
               " names: a login page or a proxy may stand before its token server";
  error.http = HttpFailure{.status = response.status,
                           .method = posting_ ? "POST" : "GET",
                           .url = redacted_url(request_.realm),
                           .codes = said.codes,
                           .server_message = said.message};
  return error;
}

Result<Token> parse_token(const std::string& body, const std::string& realm,
                          std::chrono::steady_clock::time_point now) {
  const auto bad = [&](std::string_view what) {
    return Unexpected(token_error(ErrorCode::bad_response, realm, what));
  };
  const auto document = json::parse_strict(body);
  if (!document || !document->is_object())
    return bad("answered 200 with something that is not JSON");
  std::string text;
  for (const char* name : {"token", "access_token"}) {
    const auto member = json::find_string(*document, name);
    if (!member) return bad("answered 200 with a token that is not a string");
    if (text.empty() && *member) text = **member;
  }
  if (text.empty()) return bad("answered 200 without a token");
  if (!is_header_safe(text)) return bad("answered 200 with a token that cannot stand in a header");
  const auto life = json::find_int64(*document, "expires_in");
  const std::int64_t seconds =
      std::clamp(life ? life->value_or(kShortestLife) : kShortestLife, kShortestLife, kLongestLife);
  return Token{Secret(std::move(text)), now + std::chrono::seconds(seconds) - kRenewEarly};
}

}  // namespace purser::net
