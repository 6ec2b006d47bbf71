// A token server (distribution's token authentication) whose JWTs the real registry verifies.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "testing/certificates.h"
#include "testing/http_server.h"

namespace purser::testing {

// `repository` is a name, "team/*" for all below, or "*" for all.
struct Grant {
  std::string repository = {};
  std::set<std::string> actions = {};  // pull, push, delete
};

struct TokenUser {
  std::string password = {};
  std::vector<Grant> grants = {};
  bool catalog = false;
};

struct TokenServerOptions {
  std::string issuer = "purser-test-issuer";
  std::string service = "purser-test-registry";
  std::map<std::string, TokenUser> users = {};
  std::optional<TokenUser> anonymous = {};  // none: a request without credentials gets 401
  std::chrono::seconds expires_in{300};
};

// One request for a token, as it was asked.
struct TokenRequest {
  std::string method = {};
  std::string authorization = {};  // the whole header field; empty if there was none
  std::string user = {};           // who it was found to be; empty for anonymous or refused
  std::string service = {};
  std::string account = {};
  std::vector<std::string> scopes = {};
  bool granted = false;
};

// GET with Basic, or POST with grant_type=password. It grants what of the wish the user may, which
// may be nothing, and answers 200 all the same; a wrong password is a 401. Thread rule: safe
// from any thread.
class TokenServer {
 public:
  explicit TokenServer(TokenServerOptions options);

  std::string realm() const { return server_.url("/token"); }
  const std::string& issuer() const noexcept { return options_.issuer; }
  const std::string& service() const noexcept { return options_.service; }
  // What the registry is told to trust, in PEM.
  const std::string& certificate() const noexcept { return key_.certificate_pem; }

  // A token for tests of their own making. Scopes as in "repository:team/app:pull,push".
  std::string token(const TokenUser& user, const std::vector<std::string>& scopes) const;

  std::vector<TokenRequest> requests() const;
  std::size_t count() const { return requests().size(); }
  void forget_requests();
  // From now on: what a user may, or a shorter life for tokens.
  void set_user(const std::string& name, TokenUser user);
  void set_expires_in(std::chrono::seconds life);
  HttpServer& server() noexcept { return server_; }

 private:
  std::string sign(const TokenUser& user, const std::vector<std::string>& scopes) const;
  Answer handle(const WireRequest& request);
  // Who asks; nothing if the password is wrong.
  std::optional<TokenUser> authenticate(const WireRequest& request, std::string& name) const;

  TokenServerOptions options_;
  KeyPair key_;
  mutable std::mutex mutex_;
  std::vector<TokenRequest> requests_;
  HttpServer server_;  // last: its threads use all of the above
};

}  // namespace purser::testing
