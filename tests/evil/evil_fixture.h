// A user with a password, the library and the program, in front of registries that want more than
// is theirs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "purser/client.h"
#include "testing/evil_registry.h"
#include "testing/matchers.h"
#include "testing/secret_search.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"
#include "tests/integration/registry_client.h"

namespace purser::testing {

class EvilTest : public ::testing::Test {
 protected:
  EvilTest() { secrets_.add("the password", password_); }

  // Of alice; retried at once.
  ClientOptions as_alice(const EvilRegistry& registry) const {
    ClientOptions options = anonymous(registry);
    options.credentials = password_for(registry.host(), "alice", password_);
    return options;
  }
  static ClientOptions anonymous(const EvilRegistry& registry) {
    ClientOptions options;
    options.registry = registry.host();
    options.retry.first_delay = std::chrono::milliseconds(0);
    return options;
  }
  ProcessResult purser_as_alice(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-u", "alice", "--password-stdin"});
    return purser_(std::move(arguments), password_);
  }
  // Nothing that it was sent had an Authorization, a cookie or the password in any form.
  void expect_no_secret(const EvilRegistry& registry) const {
    for (const WireRequest& request : registry.requests()) {
      EXPECT_FALSE(request.headers.has("Authorization")) << request.describe();
      EXPECT_FALSE(request.headers.has("Cookie")) << request.describe();
      std::string all = request.describe() + '\n' + request.body;
      for (const auto& [name, value] : request.headers.fields) all += '\n' + name + ": " + value;
      EXPECT_THAT(secrets_.find_in(all), ::testing::IsEmpty()) << request.describe();
    }
  }
  static Repository app_of(const EvilRegistry& registry) {
    return repository_in(registry.host(), "app");
  }
  static Reference v1_of(const EvilRegistry& registry) {
    return reference_in(registry.host(), "app:v1");
  }
  static std::string basic() { return "Basic realm=\"x\""; }

  const std::string password_ = random_secret();
  SecretSearch secrets_;
  Program purser_;
  const BuiltManifest image_ = build_image();
};

}  // namespace purser::testing
