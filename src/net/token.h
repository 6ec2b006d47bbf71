// Bearer tokens: how one is asked for, and what comes back.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/server_errors.h"
#include "purser/credentials.h"
#include "purser/result.h"
#include "purser/transport.h"

namespace purser::net {

// A token answer is a few KiB; more is no token.
inline constexpr std::size_t kMaxTokenAnswerBytes = 64 * 1024;

struct Token {
  Secret text;
  std::chrono::steady_clock::time_point expires = {};  // monotonic: wall-clock jumps do not matter
};

// What a challenge asks for, checked: the realm may be asked, and with the credential of
// `identity`.
struct TokenRequest {
  std::string realm = {};
  std::string service = {};                            // empty: none
  std::vector<std::string> scopes = {};                // as union_of_scopes gives them
  std::size_t identity = 0;                            // CredentialBook's; 0: anonymous
  std::string origin = {};                             // of the registry that the token is for
  http::Zone innermost_peer = http::Zone::link_local;  // of the realm

  // Equal for equal needs, whatever the order of the scopes. No secret is in it.
  std::string key() const;
  // The key without the scopes: whom a token is from, for and about.
  std::string family() const;
};

// The requests that get one token: usually one; an identity token that the server does not take
// falls back to the password, if there is one. Thread rule: one thread at a time.
class TokenFetch {
 public:
  // `credential`: of the request's identity; null for an anonymous one. `registry`: by the name
  // that the user knows it by, for the errors: the request's origin has no port where it is the
  // usual one.
  TokenFetch(TokenRequest request, std::shared_ptr<const Credential> credential,
             std::string registry);

  http::Request first() const;
  // The token, an error, or the next request to send. An error tells what the server said.
  // Errors: unauthorized, forbidden (a 403 that gives a reason), rate_limited, unreachable,
  // bad_response.
  std::variant<http::Request, Result<Token>> on_answer(const http::Response& response,
                                                       std::chrono::steady_clock::time_point now);

 private:
  http::Request empty_request() const;
  http::Request get() const;
  http::Request post() const;
  Error refused_by_server(const http::Response& response) const;
  Error refused_nobody(int status) const;
  Error refused_credential(int status, const ServerErrors& said) const;
  Error not_a_token(Error error, const http::Response& response) const;

  TokenRequest request_;
  std::shared_ptr<const Credential> credential_;
  std::string registry_;
  bool posting_ = false;
};

// The token of a 200 answer. `realm` is for the error alone.
Result<Token> parse_token(const std::string& body, const std::string& realm,
                          std::chrono::steady_clock::time_point now);

// For errors: "the user name and password of ~/.docker/config.json (user me)". No secret.
std::string describe(const Credential& credential);

// "Basic dXNlcjpwYXNz"
std::string basic_authorization(const Credential& credential);

}  // namespace purser::net
