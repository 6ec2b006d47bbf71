// Answers the challenges of one registry, for each repository with the credential that belongs to
// it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/challenge.h"
#include "net/credential_book.h"
#include "net/token.h"
#include "net/token_cache.h"
#include "net/url.h"
#include "purser/credentials.h"
#include "purser/reference.h"
#include "purser/result.h"

namespace purser::net {

// What a request is about, as far as authorization goes.
struct Need {
  std::string_view url;
  std::string scope;          // "repository:team/app:pull"
  std::string repository;     // "team/app"; empty: the registry as a whole
  CallOptions patience = {};  // with the credential source
};

// What goes into the Authorization header, and where it came from.
struct Authorization {
  std::string header = {};  // "Basic ...", "Bearer ..."
  // Of a token that was fetched: how, to drop it should the registry not take it.
  std::optional<TokenRequest> request = {};
  std::chrono::steady_clock::time_point expires = std::chrono::steady_clock::time_point::max();
};
Authorization bearer(const Token& token, TokenRequest request);

// Thread rule: all members may be called at once. at_hand and answer may take as long as the
// credential source does (CredentialBook::find).
class Authenticator {
 public:
  Authenticator(RegistryName registry, std::shared_ptr<const CredentialSource> credentials,
                std::vector<std::string> allowed_realms, std::vector<std::string> inner_hosts = {});

  using Answer = std::variant<Authorization, TokenRequest>;
  // What a call can be sent with at once, because this origin asked for it before: Basic, a token
  // for its scope that lives, or a token to fetch first, which saves the 401 of every repository
  // but the first. No value: send it without, and see.
  std::optional<Answer> at_hand(const Need& need, std::chrono::steady_clock::time_point now);

  // What answers these challenges, which the server at the URL sent from an address in the zone
  // `connected`, where that is known: a header, or a token to fetch with the scope of the need and
  // of the challenge. No value: the server is not the registry, or it named no way to authenticate;
  // its 401 stands. Errors: unauthorized (there are no credentials), refused (check_realm),
  // bad_response (no realm), unsupported (no known scheme), and those of the credential source.
  Result<std::optional<Answer>> answer(const Need& need, const std::vector<Challenge>& challenges,
                                       const std::optional<http::Zone>& connected);

  CredentialBook& credentials() noexcept { return credentials_; }
  TokenCache& tokens() noexcept { return tokens_; }

  // Which of forms_of a delete scope to begin with: the one that this registry took.
  std::size_t delete_form() const;
  void note_delete_form(std::size_t form);
  // Whether another form is worth a try in this repository: not where none helped before.
  bool may_widen(const std::string& repository) const;
  void note_widening_in_vain(const std::string& repository);

  struct Seen {
    std::string scheme = "none";
    std::string realm = {};
  };
  Seen seen() const;

 private:
  // The last challenge that was answered.
  struct Asked {
    Seen how = {};
    std::string origin = {};  // that asked; empty: none did
    std::string service = {};
    std::optional<http::Zone> connected = {};
  };

  Result<std::optional<Answer>> answer_bearer(const Url& url, const Need& need,
                                              const Challenge& challenge,
                                              const std::optional<http::Zone>& connected,
                                              const CredentialBook::Known& known);
  Result<std::optional<Answer>> answer_basic(const Url& url, const Challenge& challenge,
                                             const CredentialBook::Known& known);
  Result<TokenRequest> checked(const Url& url, TokenRequest request,
                               const std::optional<http::Zone>& connected) const;
  std::optional<TokenRequest> expected_request(const Asked& asked, const Need& need) const;
  void remember(Asked asked);
  void learn(const std::string& scope, const TokenRequest& request);

  const RegistryName registry_;
  const std::vector<std::string> allowed_realms_;
  const std::vector<std::string> inner_hosts_;  // A-35; the allowed realms among them
  CredentialBook credentials_;
  TokenCache tokens_;

  mutable std::mutex mutex_;
  Asked asked_;
  bool one_realm_ = true;  // all challenges so far named the same realm and service
  // What was asked for in answer to the challenge of a scope, where it is not what the scope and
  // the last challenge's realm make.
  std::map<std::string, TokenRequest, std::less<>> learnt_;
  std::size_t delete_form_ = 0;
  std::set<std::string> widened_in_vain_;
};

}  // namespace purser::net
