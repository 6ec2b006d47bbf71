// Docker's own client, for the tests of what it and Purser read of each other.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "testing/harness_error.h"

namespace purser::testing {

// It needs no daemon for a login and for `manifest inspect`. Throws HarnessError.
inline std::string docker_program() {
  const char* named = std::getenv("PURSER_TEST_DOCKER");
  const std::string program = named != nullptr ? named : PURSER_TEST_DOCKER_DEFAULT;
  if (!std::filesystem::is_regular_file(program)) {
    throw HarnessError("no docker client at " + program +
                       "; run scripts/setup, which unpacks it, or name another with "
                       "PURSER_TEST_DOCKER");
  }
  return program;
}

}  // namespace purser::testing
