#include "net/authenticator.h"

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "net/realm_rules.h"
#include "net/scope.h"

namespace purser::net {
namespace {

std::string login_hint(const RegistryName& registry) {
  return "Log in with `purser login " + registry.str() + "`, or give a user name and a password";
}

// Docker's helpers and some files mark an identity token by this user name.
Credential normalised(Credential credential) {
  if (credential.username == "<token>" && credential.identity_token.empty()) {
    credential.identity_token = std::exchange(credential.password, Secret());
  }
  return credential;
}

}  // namespace

Authorization bearer(const Token& token, std::string key) {
  return {"Bearer " + token.text.reveal(), std::move(key)};
}

Authenticator::Authenticator(RegistryName registry,
                             std::shared_ptr<const CredentialSource> credentials,
                             std::vector<std::string> allowed_realms)
    : registry_(std::move(registry)),
      source_(std::move(credentials)),
      allowed_realms_(std::move(allowed_realms)) {}

std::optional<Authorization> Authenticator::at_hand(
    std::string_view url, const std::string& scope,
    std::chrono::steady_clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (origin_.empty() || origin_text(url) != origin_) return std::nullopt;
  if (!header_.empty()) return Authorization{header_, {}};
  const auto found = token_keys_.find(scope);
  if (found == token_keys_.end()) return std::nullopt;
  const auto token = tokens_.peek(found->second, now);
  if (!token) return std::nullopt;
  return bearer(*token, found->second);
}

Result<std::optional<Authenticator::Answer>> Authenticator::answer(
    std::string_view url_text, const std::vector<Challenge>& challenges, const std::string& scope) {
  const auto url = Url::parse(url_text);
  if (!url || !is_origin_of(registry_, url->origin())) return std::optional<Answer>();
  if (challenges.empty()) return std::optional<Answer>();
  {
    const std::lock_guard lock(mutex_);
    origin_ = origin_text(url_text);
  }
  const auto credential = find_credential();
  if (!credential) return Unexpected(credential.error());

  // Bearer before Basic: a token is worth less to whoever steals it. The first that can be
  // answered is; if none can, the first one's reason is told.
  std::optional<Error> reason;
  for (const std::string_view scheme : {"bearer", "basic"}) {
    for (const Challenge& challenge : challenges) {
      if (challenge.scheme != scheme) continue;
      auto answered = scheme == "bearer" ? answer_bearer(*url, challenge, scope, *credential)
                                         : answer_basic(challenge, *credential);
      if (answered) return answered;
      if (!reason) reason = std::move(answered).error();
    }
  }
  if (!reason) {
    Error error;
    error.code = ErrorCode::unsupported;
    error.message = "the registry asks for authentication by " +
                    shorten(sanitize_for_terminal(challenges.front().scheme), 40) +
                    "; only Basic and Bearer are known";
    reason = std::move(error);
  }
  return Unexpected(*std::move(reason));
}

Result<std::optional<Authenticator::Answer>> Authenticator::answer_bearer(
    const Url& url, const Challenge& challenge, const std::string& scope,
    const std::optional<Credential>& credential) {
  const std::string realm(challenge.get("realm").value_or(""));
  if (credential && !credential->registry_token.empty()) {
    remember({"bearer", realm});
    const std::lock_guard lock(mutex_);
    header_ = "Bearer " + credential->registry_token.reveal();
    return std::optional<Answer>(Authorization{header_, {}});
  }
  if (realm.empty()) {
    Error error;
    error.code = ErrorCode::bad_response;
    error.message = "the registry's WWW-Authenticate header asks for a token and names no realm";
    return Unexpected(std::move(error));
  }
  remember({"bearer", realm});
  const auto checked =
      check_realm(registry_, url.origin(), realm, allowed_realms_, credential.has_value());
  if (!checked) return Unexpected(checked.error());
  TokenRequest request;
  request.realm = realm;
  request.service = challenge.get("service").value_or("");
  request.scopes = union_of_scopes(challenge.get("scope").value_or(""), scope);
  request.with_credential = credential.has_value();
  const std::lock_guard lock(mutex_);
  token_keys_.insert_or_assign(scope, request.key());
  return std::optional<Answer>(std::move(request));
}

Result<std::optional<Authenticator::Answer>> Authenticator::answer_basic(
    const Challenge& challenge, const std::optional<Credential>& credential) {
  remember({"basic", std::string(challenge.get("realm").value_or(""))});
  if (!credential || credential->password.empty()) {
    Error error;
    error.code = ErrorCode::unauthorized;
    error.message = "the registry asks for a user name and a password, and there are none for it";
    error.hint = login_hint(registry_);
    return Unexpected(std::move(error));
  }
  const std::lock_guard lock(mutex_);
  header_ = basic_authorization(*credential);
  return std::optional<Answer>(Authorization{header_, {}});
}

// Asked once, and not before the registry wants it: most registries of tests and caches never do.
Result<std::optional<Credential>> Authenticator::find_credential() {
  {
    const std::lock_guard lock(mutex_);
    if (looked_up_ || !source_) return credential_;
  }
  auto found = source_->find(registry_, {});
  if (!found) return Unexpected(std::move(found).error());
  const std::lock_guard lock(mutex_);
  if (*found) credential_ = normalised(**std::move(found));
  looked_up_ = true;
  return credential_;
}

std::optional<Credential> Authenticator::credential() const {
  const std::lock_guard lock(mutex_);
  return credential_;
}

void Authenticator::remember(Seen seen) {
  const std::lock_guard lock(mutex_);
  seen_ = std::move(seen);
}

Authenticator::Seen Authenticator::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

}  // namespace purser::net
