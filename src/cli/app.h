// The program: from arguments to an exit status.
#pragma once

#include <cstdio>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "purser/transport.h"

namespace purser::cli {

// What the program has around it.
struct Environment {
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  std::stop_token stop = {};
  std::shared_ptr<http::Transport> transport = {};  // none: the network
};

// `arguments` without the program's own name.
int run(std::vector<std::string> arguments, const Environment& environment);

}  // namespace purser::cli
