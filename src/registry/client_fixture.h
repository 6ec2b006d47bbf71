// A Client on a fake registry, for the tests of this room.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "purser/client.h"
#include "testing/fake_registry.h"
#include "testing/manual_clock.h"
#include "testing/matchers.h"

namespace purser {

class ClientTest : public ::testing::Test {
 protected:
  using FakeRegistry = testing::FakeRegistry;
  using FakeOptions = testing::FakeRegistryOptions;
  using Fault = testing::Fault;

  ClientTest() : ClientTest(FakeOptions{}) {}
  explicit ClientTest(FakeOptions options)
      : registry_(std::make_shared<FakeRegistry>(std::move(options))) {}

  // Retries without waiting, so that no test sleeps.
  ClientOptions client_options() {
    ClientOptions options;
    options.registry = registry_->host();
    options.transport = registry_;
    options.clock = clock_;
    options.retry = {.max_attempts = 3, .first_delay = std::chrono::milliseconds(0)};
    options.log = [this](const LogEvent& event) { logged_.push_back(event.text); };
    return options;
  }
  Client client() { return client(client_options()); }
  static Client client(ClientOptions options) {
    auto made = Client::create(std::move(options));
    EXPECT_THAT(made, testing::IsOk());
    if (!made) std::abort();
    return *std::move(made);
  }

  void change(const std::function<void(FakeOptions&)>& how) {
    FakeOptions options = registry_->options();
    how(options);
    registry_->set_options(std::move(options));
  }

  Repository repository(std::string_view path) const {
    return *Repository::of(registry_->host(), path);
  }
  // "team/app:v1"
  Reference reference(const std::string& text) const {
    return *Reference::parse(registry_->host() + "/" + text);
  }
  Reference by_digest(std::string_view path, const Digest& digest) const {
    return Reference::with_digest(repository(path), digest);
  }

  // Answers every GET of the target with this.
  void answer(const std::string& target, http::Response response) {
    answers_[target] = std::move(response);
    registry_->on_request([this](const testing::SeenRequest& seen) -> std::optional<http::Outcome> {
      const auto found = answers_.find(seen.target);
      if (found == answers_.end()) return std::nullopt;
      return http::Outcome(found->second);
    });
  }
  static http::Response reply(int status, std::string body, http::Headers headers = {}) {
    http::Response response{status, std::move(headers), std::move(body)};
    response.headers.add("Content-Length", std::to_string(response.body.size()));
    return response;
  }
  // The targets of the requests so far.
  std::vector<std::string> targets() const {
    std::vector<std::string> list;
    for (const auto& seen : registry_->log()) list.push_back(seen.target);
    return list;
  }

  std::shared_ptr<FakeRegistry> registry_;
  std::shared_ptr<testing::ManualClock> clock_ = std::make_shared<testing::ManualClock>();
  std::vector<std::string> logged_;

 private:
  std::map<std::string, http::Response> answers_;
};

}  // namespace purser
