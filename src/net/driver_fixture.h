// What the tests of Driver share: a scripted registry, a clock that does not tick, many calls.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "net/driver.h"
#include "testing/manual_clock.h"
#include "testing/matchers.h"
#include "testing/scripted_transport.h"

namespace purser::net {

using namespace std::chrono_literals;
using purser::testing::HasError;
using purser::testing::IsOk;
using purser::testing::ManualClock;
using purser::testing::ScriptedTransport;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class DriverTest : public ::testing::Test {
 public:
  static constexpr char kUrl[] = "https://r.test/v2/a/tags/list";
  static constexpr char kToken[] =
      "https://r.test/token?service=s&scope=repository%3Aa%3Apull&client_id=purser";
  static constexpr char kBasic[] = "Basic bWU6cHc=";

  static http::Response reply(int status, http::Headers headers = {}, std::string body = {}) {
    return {status, std::move(headers), std::move(body)};
  }
  static http::Response bearer_challenge() {
    return reply(401, {{"WWW-Authenticate", R"(Bearer realm="https://r.test/token",service="s",)"
                                            R"(scope="repository:a:pull")"}});
  }
  static http::Response token_answer(const std::string& text) {
    return reply(200, {}, R"({"token":")" + text + R"(","expires_in":300})");
  }

  static Call call_of(std::string url = kUrl, std::string scope = "repository:a:pull") {
    Call call;
    call.request.url = std::move(url);
    call.scope = std::move(scope);
    return call;
  }

 protected:
  DriverOptions options(Credential credential = {}) {
    DriverOptions options{
        .transport = transport_, .clock = clock_, .registry = *RegistryName::parse("r.test")};
    const bool known = !credential.password.empty() || !credential.registry_token.empty();
    if (known) options.credentials = single_credential(options.registry, std::move(credential));
    options.log = [this](const LogEvent& event) { logged_.push_back(event.text); };
    return options;
  }
  static Credential password() { return {.username = "me", .password = Secret("pw")}; }

  // The Authorization of each request, in order.
  std::vector<std::string> authorizations() const {
    std::vector<std::string> result;
    for (const auto& request : transport_->requests()) {
      result.emplace_back(request.headers.get("Authorization").value_or("none"));
    }
    return result;
  }

  std::shared_ptr<ScriptedTransport> transport_ = std::make_shared<ScriptedTransport>();
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::vector<std::string> logged_;
};

// As many equal calls as wanted; counts the answers by status.
struct Calls {
  std::size_t left = 0;
  std::map<int, int> by_status = {};
  std::vector<Error> errors = {};

  std::function<std::optional<Driver::Item>()> source() {
    return [this]() -> std::optional<Driver::Item> {
      if (left == 0) return std::nullopt;
      --left;
      return Driver::Item{DriverTest::call_of(), [this](Result<http::Response> result) {
                            if (result) {
                              ++by_status[result->status];
                            } else {
                              errors.push_back(result.error());
                            }
                          }};
    };
  }
};

}  // namespace purser::net
