#include "net/authenticator.h"

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "net/reach.h"
#include "net/realm_rules.h"
#include "net/scope.h"

namespace purser::net {
namespace {

std::string login_hint(const RegistryName& registry) {
  return "Log in with `purser login " + registry.str() + "`, or give a user name and a password";
}

Error no_known_scheme(const Challenge& challenge) {
  Error error;
  error.code = ErrorCode::unsupported;
  error.message = "the registry asks for authentication by " +
                  shorten(sanitize_for_terminal(challenge.scheme), 40) +
                  "; only Basic and Bearer are known";
  return error;
}

std::string text_of(const Challenge& challenge, std::string_view parameter) {
  return std::string(challenge.get(parameter).value_or(""));
}

std::vector<std::string> both(std::vector<std::string> some, const std::vector<std::string>& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

}  // namespace

Authorization bearer(const Token& token, TokenRequest request) {
  return {"Bearer " + token.text.reveal(), std::move(request), token.expires};
}

Authenticator::Authenticator(RegistryName registry,
                             std::shared_ptr<const CredentialSource> credentials,
                             std::vector<std::string> allowed_realms,
                             std::vector<std::string> inner_hosts)
    : registry_(registry),
      allowed_realms_(std::move(allowed_realms)),
      inner_hosts_(both(std::move(inner_hosts), allowed_realms_)),
      credentials_(std::move(registry), std::move(credentials)) {}

std::optional<Authenticator::Answer> Authenticator::at_hand(
    const Need& need, std::chrono::steady_clock::time_point now) {
  Asked asked;
  {
    const std::lock_guard lock(mutex_);
    asked = asked_;
  }
  const auto url = Url::parse(need.url);
  if (!url || asked.origin.empty() || url->origin().str() != asked.origin) return std::nullopt;
  const auto known = credentials_.find(need.repository, need.patience);
  if (!known) return std::nullopt;  // told when the registry asks
  const auto& credential = known->credential;
  if (asked.how.scheme == "basic") {
    if (!credential || credential->password.empty()) return std::nullopt;
    return Authorization{basic_authorization(*credential)};
  }
  if (credential && !credential->registry_token.empty()) {
    return Authorization{"Bearer " + credential->registry_token.reveal()};
  }
  auto expected = expected_request(asked, need);
  if (!expected) return std::nullopt;
  expected->identity = known->identity;
  auto request = checked(*url, *std::move(expected), asked.connected);
  if (!request) return std::nullopt;
  if (const auto token = tokens_.peek(*request, now)) return bearer(*token, *std::move(request));
  return *std::move(request);
}

std::optional<TokenRequest> Authenticator::expected_request(const Asked& asked,
                                                            const Need& need) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = learnt_.find(need.scope); found != learnt_.end()) return found->second;
  if (!one_realm_ || need.scope.empty()) return std::nullopt;
  TokenRequest request;
  request.realm = asked.how.realm;
  request.service = asked.service;
  request.scopes = union_of_scopes("", need.scope);
  return request;
}

Result<std::optional<Authenticator::Answer>> Authenticator::answer(
    const Need& need, const std::vector<Challenge>& challenges,
    const std::optional<http::Zone>& connected) {
  const auto url = Url::parse(need.url);
  if (!url || !is_origin_of(registry_, url->origin())) return std::optional<Answer>();
  if (challenges.empty()) return std::optional<Answer>();
  const auto known = credentials_.find(need.repository, need.patience);
  if (!known) return Unexpected(known.error());

  // Bearer before Basic: a token is worth less to whoever steals it. The first that can be
  // answered is; if none can, the first one's reason is told.
  std::optional<Error> reason;
  for (const std::string_view scheme : {"bearer", "basic"}) {
    for (const Challenge& challenge : challenges) {
      if (challenge.scheme != scheme) continue;
      auto answered = scheme == "bearer" ? answer_bearer(*url, need, challenge, connected, *known)
                                         : answer_basic(*url, challenge, *known);
      if (answered) return answered;
      if (!reason) reason = std::move(answered).error();
    }
  }
  if (!reason) reason = no_known_scheme(challenges.front());
  return Unexpected(*std::move(reason));
}

Result<std::optional<Authenticator::Answer>> Authenticator::answer_bearer(
    const Url& url, const Need& need, const Challenge& challenge,
    const std::optional<http::Zone>& connected, const CredentialBook::Known& known) {
  Asked asked{{"bearer", text_of(challenge, "realm")}, url.origin().str(), {}, connected};
  asked.service = text_of(challenge, "service");
  const auto& credential = known.credential;
  if (credential && !credential->registry_token.empty()) {
    remember(std::move(asked));
    return std::optional<Answer>(Authorization{"Bearer " + credential->registry_token.reveal()});
  }
  if (asked.how.realm.empty()) {
    Error error;
    error.code = ErrorCode::bad_response;
    error.message = "the registry's WWW-Authenticate header asks for a token and names no realm";
    return Unexpected(std::move(error));
  }
  TokenRequest request;
  request.realm = asked.how.realm;
  request.service = asked.service;
  request.scopes = union_of_scopes(challenge.get("scope").value_or(""), need.scope);
  request.identity = known.identity;
  auto allowed = checked(url, std::move(request), connected);
  if (!allowed) return Unexpected(std::move(allowed).error());
  remember(std::move(asked));
  learn(need.scope, *allowed);
  return std::optional<Answer>(*std::move(allowed));
}

// Kept only where it cannot be foreseen: most runs learn nothing here, however many repositories
// they read.
void Authenticator::learn(const std::string& scope, const TokenRequest& request) {
  const std::lock_guard lock(mutex_);
  if (one_realm_ && !scope.empty() && request.scopes == union_of_scopes("", scope)) {
    learnt_.erase(scope);
  } else {
    learnt_.insert_or_assign(scope, request);
  }
}

Result<std::optional<Authenticator::Answer>> Authenticator::answer_basic(
    const Url& url, const Challenge& challenge, const CredentialBook::Known& known) {
  remember({{"basic", text_of(challenge, "realm")}, url.origin().str(), {}, {}});
  if (!known.credential || known.credential->password.empty()) {
    Error error;
    error.code = ErrorCode::unauthorized;
    error.message = "the registry asks for a user name and a password, and there are none for it";
    error.hint = login_hint(registry_);
    return Unexpected(std::move(error));
  }
  return std::optional<Answer>(Authorization{basic_authorization(*known.credential)});
}

Result<TokenRequest> Authenticator::checked(const Url& url, TokenRequest request,
                                            const std::optional<http::Zone>& connected) const {
  const bool with_credential = request.identity != 0;
  const auto status =
      check_realm(registry_, url.origin(), request.realm, allowed_realms_, with_credential);
  if (!status) return Unexpected(status.error());
  request.origin = url.origin().str();
  const auto realm = Url::parse(request.realm);
  request.innermost_peer = innermost_for(url.origin(), connected, realm->origin(), inner_hosts_);
  return request;
}

void Authenticator::remember(Asked asked) {
  const std::lock_guard lock(mutex_);
  const bool again = asked_.origin == asked.origin && asked_.how.scheme == asked.how.scheme;
  if (again && (asked_.how.realm != asked.how.realm || asked_.service != asked.service)) {
    one_realm_ = false;
  }
  asked_ = std::move(asked);
}

std::size_t Authenticator::delete_form() const {
  const std::lock_guard lock(mutex_);
  return delete_form_;
}

void Authenticator::note_delete_form(std::size_t form) {
  const std::lock_guard lock(mutex_);
  delete_form_ = form;
}

bool Authenticator::may_widen(const std::string& repository) const {
  const std::lock_guard lock(mutex_);
  return !widened_in_vain_.contains(repository);
}

void Authenticator::note_widening_in_vain(const std::string& repository) {
  const std::lock_guard lock(mutex_);
  widened_in_vain_.insert(repository);
}

Authenticator::Seen Authenticator::seen() const {
  const std::lock_guard lock(mutex_);
  return asked_.how;
}

}  // namespace purser::net
