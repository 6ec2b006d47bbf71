#include "testing/evil_registry.h"

#include <fmt/core.h>

#include <utility>

namespace purser::testing {

EvilRegistry::EvilRegistry(EvilOptions options) : options_(std::move(options)) {
  const auto handler = [this](const WireRequest& request) { return answer(request); };
  if (options_.authority == nullptr) {
    server_ = std::make_unique<HttpServer>(handler, options_.address, options_.port);
    return;
  }
  server_ = std::make_unique<HttpServer>(handler);
  front_ = std::make_unique<TlsFront>(server_->port(), options_.authority->issue(),
                                      options_.address, options_.port);
}

void EvilRegistry::on(std::string method, std::string target, Handler handler) {
  const std::lock_guard lock(mutex_);
  rules_.push_back({std::move(method), std::move(target), std::move(handler)});
}

void EvilRegistry::on(std::string method, std::string target, Answer answer) {
  on(std::move(method), std::move(target),
     [answer = std::move(answer)](const WireRequest&) { return answer; });
}

void EvilRegistry::challenge_with(std::vector<std::string> challenges) {
  const std::lock_guard lock(mutex_);
  challenges_ = std::move(challenges);
}

std::uint16_t EvilRegistry::port() const noexcept {
  return front_ ? front_->port() : server_->port();
}

std::string EvilRegistry::host() const { return fmt::format("{}:{}", options_.address, port()); }

std::string EvilRegistry::url(std::string_view path) const {
  return fmt::format("{}://{}{}", front_ ? "https" : "http", host(), path);
}

std::vector<std::string> EvilRegistry::authorizations() const {
  std::vector<std::string> seen;
  for (const WireRequest& request : requests()) {
    if (request.headers.has("Authorization")) seen.push_back(request.headers.get("Authorization"));
  }
  return seen;
}

std::size_t EvilRegistry::contacts() const { return count() + (front_ ? front_->handshakes() : 0); }

Answer EvilRegistry::answer(const WireRequest& request) {
  Handler handler;
  {
    const std::lock_guard lock(mutex_);
    if (!challenges_.empty() && !request.headers.has("Authorization")) {
      return challenge(challenges_);
    }
    for (auto at = rules_.rbegin(); at != rules_.rend(); ++at) {
      const Rule& rule = *at;
      const bool fits = rule.method.empty() || rule.method == request.method;
      if (!fits || !request.target.starts_with(rule.target)) continue;
      handler = rule.handler;
      break;
    }
  }
  return handler ? handler(request) : error_answer(404, "MANIFEST_UNKNOWN", "manifest unknown");
}

Answer json_answer(int status, std::string body, HeaderFields fields) {
  fields.emplace_back("Content-Type", "application/json");
  return {.response = {.status = status, .headers = {std::move(fields)}, .body = std::move(body)}};
}

Answer error_answer(int status, std::string_view code, std::string_view message,
                    HeaderFields fields) {
  return json_answer(status,
                     fmt::format(R"({{"errors":[{{"code":"{}","message":"{}"}}]}})", code, message),
                     std::move(fields));
}

Answer challenge(const std::vector<std::string>& challenges) {
  HeaderFields fields;
  for (const std::string& text : challenges) fields.emplace_back("WWW-Authenticate", text);
  return error_answer(401, "UNAUTHORIZED", "authentication required", std::move(fields));
}

Answer redirect(int status, std::string location) {
  return {.response = {.status = status, .headers = {{{"Location", std::move(location)}}}}};
}

Answer page(std::string body, std::string link) {
  HeaderFields fields;
  if (!link.empty()) fields.emplace_back("Link", std::move(link));
  return json_answer(200, std::move(body), std::move(fields));
}

Answer manifest_answer(const BuiltManifest& manifest) {
  return {.response = {.status = 200,
                       .headers = {{{"Content-Type", manifest.media_type},
                                    {"Docker-Content-Digest", manifest.digest}}},
                       .body = manifest.bytes}};
}

}  // namespace purser::testing
