// Runs the built program, apart from the credentials and journals of whoever runs the tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "testing/process.h"
#include "testing/temp_dir.h"

namespace purser {

class Program {
 public:
  testing::ProcessOptions options() const {
    testing::ProcessOptions options;
    options.environment = {{"HOME", home_.path().string()},
                           {"DOCKER_CONFIG", home_.path().string()},
                           {"XDG_STATE_HOME", home_.path().string()},
                           {"XDG_RUNTIME_DIR", home_.path().string()},
                           {"XDG_CONFIG_HOME", home_.path().string()},
                           {"LC_ALL", "C"}};
    options.unset = {
        "PURSER_*",    "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "http_proxy", "HTTP_PROXY",
        "https_proxy", "HTTPS_PROXY",        "all_proxy",          "ALL_PROXY",  "no_proxy",
        "NO_PROXY"};
    return options;
  }

  std::vector<std::string> command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), PURSER_PROGRAM);
    return arguments;
  }

  testing::ProcessResult operator()(std::vector<std::string> arguments,
                                    const std::string& stdin_text = {}) const {
    testing::ProcessOptions with_stdin = options();
    with_stdin.stdin_text = stdin_text;
    return testing::run(command(std::move(arguments)), with_stdin);
  }

  const testing::TempDir& home() const { return home_; }

 private:
  testing::TempDir home_ = testing::TempDir();
};

}  // namespace purser
