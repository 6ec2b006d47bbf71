#include "tests/cli/purser_program.h"

#include <algorithm>

namespace purser::testing {

std::string PurserProgram::path() { return PURSER_PROGRAM; }

ProcessOptions PurserProgram::environment(ProcessOptions options) const {
  const auto set = [&](const char* name, const std::string& value) {
    options.environment.emplace(name, value);
  };
  set("HOME", home_.path().string());
  set("DOCKER_CONFIG", (home_ / "docker").string());
  set("XDG_STATE_HOME", (home_ / "state").string());
  set("XDG_CONFIG_HOME", (home_ / "config").string());
  for (const char* name : {"PURSER_*", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                           "ALL_PROXY", "no_proxy", "NO_PROXY"}) {
    options.unset.emplace_back(name);
  }
  return options;
}

ProcessResult PurserProgram::run(const std::vector<std::string>& arguments,
                                 ProcessOptions options) const {
  std::vector<std::string> argv = {path()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return testing::run(argv, environment(std::move(options)));
}

}  // namespace purser::testing
