#include "testing/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "testing/harness_error.h"

namespace purser::testing {
namespace {

// Files in memory instead of pipes: they never fill up, so no thread has to empty them, and what a
// program wrote before it was killed is still there.
int memory_file(const char* name, std::string_view bytes = {}) {
  const int file = memfd_create(name, MFD_CLOEXEC);
  if (file < 0) throw HarnessError(fmt::format("cannot make a memory file: {}", strerror(errno)));
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0) throw HarnessError(fmt::format("cannot fill stdin: {}", strerror(errno)));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  lseek(file, 0, SEEK_SET);
  return file;
}

std::string read_from_start(int file) {
  std::string bytes;
  char part[16384];
  ssize_t size = 0;
  while ((size = pread(file, part, sizeof part, static_cast<off_t>(bytes.size()))) > 0) {
    bytes.append(part, static_cast<std::size_t>(size));
  }
  return bytes;
}

bool is_unset(std::string_view name, const ProcessOptions& options) {
  return options.environment.contains(std::string(name)) ||
         std::any_of(options.unset.begin(), options.unset.end(), [&](std::string_view pattern) {
           return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                         : name == pattern;
         });
}

std::vector<std::string> environment_for(const ProcessOptions& options) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!is_unset(text.substr(0, text.find('=')), options)) entries.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

pid_t spawn(const std::vector<std::string>& argv, const ProcessOptions& options, int in, int out,
            int err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  if (!options.directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  }
  // Signals as a program started by hand has them, whatever the test program made of its own.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) sigaddset(&defaults, number);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  const std::vector<std::string> environment = environment_for(options);
  pid_t pid = -1;
  const int failure = posix_spawnp(&pid, argv.at(0).c_str(), &actions, &attributes,
                                   pointers_to(argv).data(), pointers_to(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    throw HarnessError(fmt::format("cannot run {}: {}; is it installed? scripts/setup installs it",
                                   argv.at(0), strerror(failure)));
  }
  return pid;
}

}  // namespace

std::string ProcessResult::describe() const {
  std::string end = exit_code ? fmt::format("exit code {}", *exit_code)
                              : fmt::format("ended by signal {}", signal);
  if (timed_out) end += ", for its time limit was over";
  return fmt::format("{}\n--- stdout\n{}\n--- stderr\n{}\n---", end, out, err);
}

Process::Process(const std::vector<std::string>& argv, const ProcessOptions& options)
    : time_limit_(options.time_limit) {
  const int in = memory_file("stdin", options.stdin_text);
  out_ = memory_file("stdout");
  err_ = memory_file("stderr");
  try {
    pid_ = spawn(argv, options, in, out_, err_);
  } catch (...) {
    for (const int file : {in, out_, err_}) close(file);
    throw;
  }
  close(in);
  // By number, because the header of glibc 2.36 lacks the C linkage that its library has.
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

Process::~Process() {
  signal(SIGKILL);
  wait();
  for (const int file : {pidfd_, out_, err_}) close(file);
}

bool Process::running() { return !result_ && !wait_for_end(std::chrono::milliseconds(0)); }

// Until it is reaped, its id, which is the group's too, cannot belong to another program.
void Process::signal(int number) {
  const std::lock_guard lock(reaping_);
  if (!result_) ::kill(-pid_, number);
}

ProcessResult Process::wait(std::chrono::milliseconds time_limit) {
  if (!result_) {
    const bool timed_out = !wait_for_end(time_limit);
    if (timed_out) {
      signal(SIGKILL);
      wait_for_end(std::chrono::hours(1));
    }
    reap(timed_out);
  }
  return *result_;
}

ProcessResult Process::end(std::chrono::milliseconds patience) {
  signal(SIGTERM);
  return wait(patience);
}

std::string Process::out() const { return read_from_start(out_); }
std::string Process::err() const { return read_from_start(err_); }

bool Process::wait_for_end(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd end{pidfd_, POLLIN, 0};
    const int ready = poll(&end, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) {
      throw HarnessError(fmt::format("cannot wait for process {}: {}", pid_, strerror(errno)));
    }
  }
}

void Process::reap(bool timed_out) {
  const std::lock_guard lock(reaping_);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ProcessResult result;
  if (WIFEXITED(status)) {
    result.exit_code = WEXITSTATUS(status);
  } else {
    result.signal = WTERMSIG(status);
  }
  result.timed_out = timed_out;
  result.out = out();
  result.err = err();
  result_ = std::move(result);
}

ProcessResult run(const std::vector<std::string>& argv, const ProcessOptions& options) {
  return Process(argv, options).wait();
}

ProcessResult run_or_throw(const std::vector<std::string>& argv, const ProcessOptions& options) {
  ProcessResult result = run(argv, options);
  if (!result.ok()) {
    throw HarnessError(fmt::format("{}: {}", fmt::join(argv, " "), result.describe()));
  }
  return result;
}

}  // namespace purser::testing
