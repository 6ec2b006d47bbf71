// The whole program inside a test, in front of a fake registry.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "cli/app.h"
#include "testing/fake_registry.h"

namespace purser::cli {

struct Ran {
  int code = -1;
  std::string out = {};
  std::string err = {};
};

class AppFixture : public ::testing::Test {
 protected:
  AppFixture() {
    std::string name = (std::filesystem::temp_directory_path() / "purser-app-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    // No credential of whoever runs the tests, and no journal in his home.
    ::setenv("DOCKER_CONFIG", directory_.c_str(), 1);
    for (const char* variable : {"HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"}) {
      ::setenv(variable, directory_.c_str(), 1);
    }
    for (const char* variable : {"PURSER_PASSWORD", "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE"}) {
      ::unsetenv(variable);
    }
  }
  ~AppFixture() override { std::filesystem::remove_all(directory_); }

  Ran run(std::vector<std::string> arguments) {
    Ran ran;
    char* texts[2] = {nullptr, nullptr};
    std::size_t sizes[2] = {0, 0};
    Environment environment;
    environment.out = ::open_memstream(&texts[0], &sizes[0]);
    environment.err = ::open_memstream(&texts[1], &sizes[1]);
    environment.transport = registry_;
    ran.code = cli::run(std::move(arguments), environment);
    std::fclose(environment.out);
    std::fclose(environment.err);
    ran.out.assign(texts[0], sizes[0]);
    ran.err.assign(texts[1], sizes[1]);
    std::free(texts[0]);
    std::free(texts[1]);
    return ran;
  }

  std::string file(const std::string& name, const std::string& content) const {
    const std::string path = (directory_ / name).string();
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  // Requests that could have changed something.
  std::size_t changes() const {
    return registry_->count("PUT") + registry_->count("POST") + registry_->count("PATCH") +
           registry_->count("DELETE");
  }

  std::filesystem::path directory_;
  std::shared_ptr<testing::FakeRegistry> registry_ = std::make_shared<testing::FakeRegistry>();
};

}  // namespace purser::cli
