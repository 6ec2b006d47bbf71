#include "testing/token_server.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <utility>

namespace purser::testing {
namespace {

using nlohmann::json;

bool covers(std::string_view pattern, std::string_view repository) {
  if (pattern == "*") return true;
  if (pattern.ends_with("/*")) return repository.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == repository;
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(at, begin), text.size());
    if (end > begin) parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// The share of the wished actions that the user may do.
std::set<std::string> granted(const TokenUser& user, std::string_view type, std::string_view name,
                              const std::vector<std::string>& wished) {
  std::set<std::string> actions;
  for (const std::string& action : wished) {
    if (type == "registry" && name == "catalog" && action == "*" && user.catalog) {
      actions.insert(action);
    }
    if (type != "repository") continue;
    for (const Grant& grant : user.grants) {
      if (covers(grant.repository, name) && grant.actions.contains(action)) actions.insert(action);
    }
  }
  return actions;
}

json access_for(const TokenUser& user, const std::vector<std::string>& scopes) {
  json access = json::array();
  for (const std::string& scope : scopes) {
    // A resource name may hold a colon (host:port), so only the outer two divide.
    const auto first = scope.find(':');
    const auto last = scope.rfind(':');
    if (first == std::string::npos || first == last) continue;
    const std::string type = scope.substr(0, first);
    const std::string name = scope.substr(first + 1, last - first - 1);
    const auto actions = granted(user, type, name, split(scope.substr(last + 1), ','));
    if (!actions.empty()) {
      access.push_back({{"type", type}, {"name", name}, {"actions", actions}});
    }
  }
  return access;
}

std::int64_t unix_time() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::vector<std::string> wished_scopes(const WireRequest& request) {
  // GET has a parameter for each; POST one, with spaces between them.
  const auto values =
      request.method == "POST" ? form_values(request.body, "scope") : request.query("scope");
  std::vector<std::string> scopes;
  for (const std::string& value : values) {
    for (std::string& scope : split(value, ' ')) scopes.push_back(std::move(scope));
  }
  return scopes;
}

std::string parameter(const WireRequest& request, std::string_view name) {
  const auto values =
      request.method == "POST" ? form_values(request.body, name) : request.query(name);
  return values.empty() ? std::string() : values.front();
}

Answer json_answer(int status, const json& body) {
  return {.response = {.status = status,
                       .headers = {{{"Content-Type", "application/json"}}},
                       .body = body.dump()}};
}

}  // namespace

TokenServer::TokenServer(TokenServerOptions options)
    : options_(std::move(options)),
      key_(self_signed("Purser test token server")),
      server_([this](const WireRequest& request) { return handle(request); }) {}

std::string TokenServer::token(const TokenUser& user,
                               const std::vector<std::string>& scopes) const {
  const std::lock_guard lock(mutex_);
  return sign(user, scopes);
}

std::string TokenServer::sign(const TokenUser& user, const std::vector<std::string>& scopes) const {
  const std::int64_t now = unix_time();
  const json header = {{"typ", "JWT"}, {"alg", "ES256"}, {"kid", libtrust_key_id(key_.key_pem)}};
  // Without an id two tokens of one second would be one, and a test could not tell them apart.
  static std::atomic<int> next_id{0};
  const json claims = {{"iss", options_.issuer},
                       {"sub", ""},
                       {"aud", options_.service},
                       {"exp", now + options_.expires_in.count()},
                       {"nbf", now - 10},
                       {"iat", now},
                       {"jti", fmt::format("{}", ++next_id)},
                       {"access", access_for(user, scopes)}};
  const std::string signed_part = base64url(header.dump()) + "." + base64url(claims.dump());
  return signed_part + "." + base64url(sign_es256(key_.key_pem, signed_part));
}

std::vector<TokenRequest> TokenServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void TokenServer::forget_requests() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
}

void TokenServer::set_user(const std::string& name, TokenUser user) {
  const std::lock_guard lock(mutex_);
  options_.users[name] = std::move(user);
}

void TokenServer::set_expires_in(std::chrono::seconds life) {
  const std::lock_guard lock(mutex_);
  options_.expires_in = life;
}

Answer TokenServer::handle(const WireRequest& request) {
  const std::lock_guard lock(mutex_);
  TokenRequest& record = requests_.emplace_back();
  record.method = request.method;
  record.authorization = request.headers.get("Authorization");
  record.service = parameter(request, "service");
  record.account = parameter(request, "account");
  record.scopes = wished_scopes(request);
  if (request.path() != "/token") return json_answer(404, {{"details", "no such page"}});

  const auto user = authenticate(request, record.user);
  if (!user) return json_answer(401, {{"details", "incorrect username or password"}});
  record.granted = true;
  const std::string made = sign(*user, record.scopes);
  const std::string name = request.method == "POST" ? "access_token" : "token";
  return json_answer(200, {{name, made}, {"expires_in", options_.expires_in.count()}});
}

std::optional<TokenUser> TokenServer::authenticate(const WireRequest& request,
                                                   std::string& name) const {
  std::string password;
  const std::string authorization = request.headers.get("Authorization");
  if (authorization.starts_with("Basic ")) {
    const std::string pair = base64_decode(std::string_view(authorization).substr(6));
    const auto colon = std::min(pair.find(':'), pair.size());
    name = pair.substr(0, colon);
    password = pair.substr(std::min(colon + 1, pair.size()));
  } else if (parameter(request, "grant_type") == "password") {
    name = parameter(request, "username");
    password = parameter(request, "password");
  } else {
    return options_.anonymous;
  }
  const auto user = options_.users.find(name);
  if (user == options_.users.end() || user->second.password != password) {
    name.clear();
    return std::nullopt;
  }
  return user->second;
}

}  // namespace purser::testing
