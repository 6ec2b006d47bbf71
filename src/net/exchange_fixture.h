// What the tests of Exchange share: a call, answers to it, and matchers of what it does next.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/exchange.h"
#include "testing/matchers.h"

namespace purser::net {

using namespace std::chrono_literals;
using purser::testing::HasError;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

MATCHER_P2(SendsTo, url, authorization, "") {
  const auto* send = std::get_if<Send>(&arg);
  if (send == nullptr) {
    *result_listener << "which is action " << arg.index();
    return false;
  }
  const std::string sent(send->request.headers.get("Authorization").value_or("none"));
  *result_listener << "which goes to " << send->request.url << " with authorization " << sent;
  return send->request.url == url && sent == authorization;
}
MATCHER_P(WaitsUntil, passed, "") {
  const auto* wait = std::get_if<Wait>(&arg);
  if (wait == nullptr) return false;
  const auto until = std::chrono::duration_cast<std::chrono::milliseconds>(
      wait->until - std::chrono::steady_clock::time_point(1000h));
  *result_listener << "which waits until " << until.count() << " ms";
  return until == passed;
}
MATCHER_P(WantsToken, scopes, "") {
  const auto* fetch = std::get_if<FetchToken>(&arg);
  return fetch != nullptr &&
         ::testing::ExplainMatchResult(scopes, fetch->request.scopes, result_listener);
}
MATCHER_P(Finishes, status, "") {
  const auto* finish = std::get_if<Finish>(&arg);
  if (finish == nullptr) {
    *result_listener << "which is action " << arg.index();
    return false;
  }
  if (!finish->result) *result_listener << "with error " << finish->result.error().message;
  return finish->result && finish->result->status == status;
}
MATCHER_P2(FailsWith, code, message, "") {
  const auto* finish = std::get_if<Finish>(&arg);
  return finish != nullptr &&
         ::testing::ExplainMatchResult(HasError(code, message), finish->result, result_listener);
}

class ExchangeTest : public ::testing::Test {
 protected:
  static constexpr char kUrl[] = "https://r.test/v2/a/manifests/v1";
  static constexpr char kBearer[] =
      R"(Bearer realm="https://r.test/token",service="r.test",scope="repository:a:pull")";

  // The time that has passed since the test began.
  static Moment at(std::chrono::milliseconds passed) {
    return {std::chrono::steady_clock::time_point(1000h) + passed,
            std::chrono::system_clock::from_time_t(784111777) + passed, 0.5, true};
  }

  static Call call_of(std::string method = "GET") {
    Call call;
    call.request.method = std::move(method);
    call.request.url = kUrl;
    call.request.headers = {{"Accept", "a/b"}, {"Range", "bytes=5-"}};
    call.scope = "repository:a:pull";
    return call;
  }

  static http::Response reply(int status, http::Headers headers = {}) {
    return {status, std::move(headers), {}};
  }
  static http::Response challenge(const char* field) {
    return reply(401, {{"WWW-Authenticate", field}});
  }

  static Token token(const char* text) {
    return {Secret(text), std::chrono::steady_clock::time_point(2000h)};
  }

  static std::shared_ptr<const CredentialSource> password() {
    return single_credential(*RegistryName::parse("r.test"),
                             {.username = "me", .password = Secret("pw")});
  }

  Exchange make(Call call) { return Exchange(std::move(call), {.auth = &auth_}); }
  Exchange make() { return make(call_of()); }

  Authenticator auth_{*RegistryName::parse("r.test"), password(), {}};
};

}  // namespace purser::net
