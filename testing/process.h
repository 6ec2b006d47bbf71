// Programs run by tests: without a shell, within a time limit, ended by their own id.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace purser::testing {

// How many times longer a sanitized program may take than another: about three times is usual.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kPatience = 5;
#else
inline constexpr int kPatience = 1;
#endif

struct ProcessOptions {
  std::string stdin_text = {};
  std::map<std::string, std::string> environment = {};  // beside, or instead of, what the test has
  // What the test has and the program must not; "NAME_*" is all that begin so.
  std::vector<std::string> unset = {};
  std::filesystem::path directory = {};  // to run in; empty: the test's own
  // Then SIGKILL. Where the test is sanitized, the program it runs mostly is too.
  std::chrono::milliseconds time_limit = kPatience * std::chrono::milliseconds(60'000);
};

struct ProcessResult {
  std::optional<int> exit_code = {};  // none: a signal ended it
  int signal = 0;
  bool timed_out = false;  // ended because the time limit was over
  std::string out = {};
  std::string err = {};

  bool ok() const noexcept { return exit_code == 0; }
  // One line on how it ended, then what it wrote: for the message of a failure.
  std::string describe() const;
};

// A program that runs beside the test, in a process group of its own, so that ending it ends what
// it started too. Thread rule: one thread at a time; `pid` and `signal` from any thread.
class Process {
 public:
  // `argv[0]` is a path, or a name that is looked up in PATH. Throws HarnessError if there is no
  // such program.
  explicit Process(const std::vector<std::string>& argv, const ProcessOptions& options = {});
  ~Process();  // SIGKILL where it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const noexcept { return pid_; }
  bool running();
  // Sends a signal to the program and what it started; does nothing if it has been waited for.
  void signal(int number);
  // Waits until it ends, and no longer than the time limit, at whose end it is killed.
  ProcessResult wait(std::chrono::milliseconds time_limit);
  ProcessResult wait() { return wait(time_limit_); }
  // SIGTERM, then SIGKILL if it still runs after `patience`.
  ProcessResult end(std::chrono::milliseconds patience = std::chrono::seconds(5));

  // What it has written up to now.
  std::string out() const;
  std::string err() const;

 private:
  bool wait_for_end(std::chrono::milliseconds patience);
  void reap(bool timed_out);

  pid_t pid_ = -1;
  int pidfd_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::chrono::milliseconds time_limit_;
  std::mutex reaping_;  // between the look whether it is still ours and the signal to it
  std::optional<ProcessResult> result_ = {};
};

// Runs a program to its end.
ProcessResult run(const std::vector<std::string>& argv, const ProcessOptions& options = {});
// The same, and throws HarnessError with what it wrote unless it ended with 0.
ProcessResult run_or_throw(const std::vector<std::string>& argv,
                           const ProcessOptions& options = {});

}  // namespace purser::testing
