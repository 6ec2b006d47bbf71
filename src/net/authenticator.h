// Answers the challenges of one registry with the credential of one user.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/challenge.h"
#include "net/token.h"
#include "net/token_cache.h"
#include "net/url.h"
#include "purser/credentials.h"
#include "purser/reference.h"
#include "purser/result.h"

namespace purser::net {

// What goes into the Authorization header, and where it came from.
struct Authorization {
  std::string header = {};  // "Basic ...", "Bearer ..."
  // Of a token from the cache: its key, to drop it should the registry not take it.
  std::string token_key = {};
};
Authorization bearer(const Token& token, std::string key);

// Thread rule: all members may be called at once.
class Authenticator {
 public:
  Authenticator(RegistryName registry, std::shared_ptr<const CredentialSource> credentials,
                std::vector<std::string> allowed_realms);

  // What a call can be sent with at once, because this origin asked for it before: Basic, or a
  // token for its scope that lives.
  std::optional<Authorization> at_hand(std::string_view url, const std::string& scope,
                                       std::chrono::steady_clock::time_point now) const;

  // What answers these challenges, which the server at `url` sent: a header or a token to fetch
  // with `scope` and what the challenge asks for. No value: the server is not the registry, or it
  // named no way to authenticate; its 401 stands. Errors: unauthorized (there are no credentials),
  // refused (check_realm), bad_response (no realm), unsupported (no known scheme), and those of the
  // credential source.
  using Answer = std::variant<Authorization, TokenRequest>;
  Result<std::optional<Answer>> answer(std::string_view url,
                                       const std::vector<Challenge>& challenges,
                                       const std::string& scope);

  // For a TokenRequest that answer() gave.
  std::optional<Credential> credential() const;
  TokenCache& tokens() noexcept { return tokens_; }

  struct Seen {
    std::string scheme = "none";
    std::string realm = {};
  };
  Seen seen() const;

 private:
  Result<std::optional<Answer>> answer_bearer(const Url& url, const Challenge& challenge,
                                              const std::string& scope,
                                              const std::optional<Credential>& credential);
  Result<std::optional<Answer>> answer_basic(const Challenge& challenge,
                                             const std::optional<Credential>& credential);
  Result<std::optional<Credential>> find_credential();
  void remember(Seen seen);

  const RegistryName registry_;
  const std::shared_ptr<const CredentialSource> source_;
  const std::vector<std::string> allowed_realms_;
  TokenCache tokens_;

  mutable std::mutex mutex_;
  bool looked_up_ = false;
  std::optional<Credential> credential_;
  Seen seen_;
  std::string origin_;                             // that asked; empty: none did
  std::string header_;                             // Basic or a registry token: for every scope
  std::map<std::string, std::string> token_keys_;  // by the scope of the call
};

}  // namespace purser::net
