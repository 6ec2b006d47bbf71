// Another program, run to its end without a shell, within limits.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "purser/result.h"

namespace purser {

struct SubprocessOptions {
  std::string input = {};                // all that it can read from stdin
  std::vector<std::string> hidden = {};  // environment variables that it does not get
  std::chrono::milliseconds timeout{30'000};
  std::stop_token stop = {};
  std::size_t max_out = 64 * 1024;  // bytes of stdout; one more and it is killed
  std::size_t max_err = 4 * 1024;   // bytes of stderr that are kept; the rest is read and dropped
};

struct SubprocessEnd {
  enum class Reason { exited, signalled, timed_out, stopped, too_much_output };
  Reason reason = Reason::exited;
  int status = 0;  // the exit status, or the number of the signal
  std::string out = {};
  std::string err = {};
};

// Runs `program`, an absolute path, with `arguments`. It gets stdin, stdout, stderr and no other
// file descriptor, signals as after a login, and a process group of its own, which is killed when a
// limit is passed or a stop is asked for. It has been waited for when this returns. Errors: io (it
// could not be started). Thread rule: several threads may call it at once; no signal is raised in
// the caller, whatever the program does with its end of a pipe.
Result<SubprocessEnd> run_subprocess(const std::filesystem::path& program,
                                     const std::vector<std::string>& arguments,
                                     const SubprocessOptions& options);

// Kills every program that runs, with all that it started. No other begins, and run_subprocess()
// never returns any more: for a process that ends at once. Not for a signal handler.
void end_subprocesses();

// The first executable file of that name in the absolute directories of `search_path`. What is not
// absolute there (".", "", "bin") is passed over: it would mean the current directory (C.1-17).
std::optional<std::filesystem::path> find_program(std::string_view name,
                                                  std::string_view search_path);

}  // namespace purser
