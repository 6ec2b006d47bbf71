// The program as it was built, run from outside as a user would, with a home of its own.
#pragma once

#include <string>
#include <vector>

#include "testing/process.h"
#include "testing/temp_dir.h"

namespace purser::testing {

// Nothing of whoever runs the tests gets in: no credentials, no password, no proxy, no journal.
class PurserProgram {
 public:
  ProcessResult run(const std::vector<std::string>& arguments, ProcessOptions options = {}) const;
  // The whole command line, for tests that run it by another program.
  static std::string path();
  ProcessOptions environment(ProcessOptions options = {}) const;

  // $HOME, $DOCKER_CONFIG and $XDG_STATE_HOME are in it.
  const TempDir& home() const noexcept { return home_; }
  // Writes docker's config.json, which is read without being named.
  void write_docker_config(std::string_view json) const { home_.write("docker/config.json", json); }

 private:
  TempDir home_;
};

}  // namespace purser::testing
