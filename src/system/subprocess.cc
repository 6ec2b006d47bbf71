#include "system/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <mutex>
#include <set>

#include "system/files.h"
#include "system/stop_event.h"

namespace purser {
namespace {

using files::Descriptor;
using Clock = std::chrono::steady_clock;

// Where the caller has closed its own stdin, a new descriptor may get the number 0, which the
// spawned program's stdin would then be put over.
Descriptor above_stdio(int fd) {
  if (fd < 0 || fd > STDERR_FILENO) return Descriptor(fd);
  const Descriptor low(fd);
  return Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

// In memory, and not a pipe: nothing is left to be written once the program runs, so that nothing
// blocks and no SIGPIPE is raised when it reads none of it.
Descriptor input_of(const std::string& bytes) {
  Descriptor file = above_stdio(::memfd_create("stdin", MFD_CLOEXEC));
  if (file.get() < 0 || !files::write_all(file.get(), bytes, "stdin")) return {};
  return ::lseek(file.get(), 0, SEEK_SET) == 0 ? std::move(file) : Descriptor();
}

struct Pipe {
  Descriptor ours;
  Descriptor theirs;
  static Pipe open() {
    std::array<int, 2> ends = {-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    Pipe pipe{above_stdio(ends[0]), above_stdio(ends[1])};
    ::fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK);
    return pipe;
  }
};

std::vector<std::string> environment_without(const std::vector<std::string>& hidden) {
  std::vector<std::string> kept;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    if (std::find(hidden.begin(), hidden.end(), name) == hidden.end()) kept.emplace_back(text);
  }
  return kept;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The child's id, or minus the reason.
pid_t spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments,
            const std::vector<std::string>& hidden, int in, int out, int err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t every;
  sigfillset(&every);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &every);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> argv = {program.filename().string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = environment_without(hidden);
  pid_t pid = -1;
  const int failure = ::posix_spawn(&pid, program.c_str(), &actions, &attributes,
                                    pointers_to(argv).data(), pointers_to(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failure == 0 ? pid : -failure;
}

// The programs that run now. Their ids are the groups' too.
class Running {
 public:
  // Never destroyed: the thread that waits for signals outlives main().
  static Running& all() {
    static Running* const running = new Running;
    return *running;
  }

  // `start` gives the id, or minus a reason. Together with the note of it, so that none slips by.
  pid_t begin(const std::function<pid_t()>& start) {
    const std::lock_guard lock(mutex_);
    const pid_t pid = start();
    if (pid > 0) pids_.insert(pid);
    return pid;
  }
  // waitpid() that does not wait. Together with the note of it: once a program has been waited for,
  // its id may be that of another one.
  pid_t look_at(pid_t pid, int& status) {
    const std::lock_guard lock(mutex_);
    const pid_t waited = ::waitpid(pid, &status, WNOHANG);
    if (waited > 0 || (waited < 0 && errno != EINTR)) pids_.erase(pid);
    return waited;
  }
  void kill(pid_t pid) {
    const std::lock_guard lock(mutex_);
    ::kill(-pid, SIGKILL);
    pids_.erase(pid);
  }
  // Stays locked: what was killed here must not look like a program that failed.
  void end() {
    mutex_.lock();
    for (const pid_t pid : pids_) ::kill(-pid, SIGKILL);
  }

 private:
  std::mutex mutex_;
  std::set<pid_t> pids_;
};

// A child that runs: what it writes is collected until it ends or is ended.
class Child {
 public:
  Child(pid_t pid, Descriptor out, Descriptor err, const SubprocessOptions& options)
      : pid_(pid),
        // By number, because the header of glibc 2.36 lacks the C linkage that its library has.
        pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
        out_(std::move(out)),
        err_(std::move(err)),
        options_(options),
        stop_(options.stop) {}

  SubprocessEnd run() {
    const auto deadline = Clock::now() + options_.timeout;
    while (!reap(Wait::no)) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      if (options_.stop.stop_requested()) return kill(SubprocessEnd::Reason::stopped);
      if (left.count() <= 0) return kill(SubprocessEnd::Reason::timed_out);
      wait_for_news(left);
      if (!collect()) return kill(SubprocessEnd::Reason::too_much_output);
    }
    // What it left in the pipes. Their end is not waited for: a daemon that it started may hold
    // them open for ever.
    if (!collect()) end_.reason = SubprocessEnd::Reason::too_much_output;
    return std::move(end_);
  }

 private:
  void wait_for_news(std::chrono::milliseconds left) const {
    constexpr std::chrono::milliseconds kWithoutPidfd{10};  // a kernel before 5.3
    if (pidfd_.get() < 0) left = std::min(left, kWithoutPidfd);
    std::array<pollfd, 4> news = {pollfd{out_.get(), POLLIN, 0}, pollfd{err_.get(), POLLIN, 0},
                                  pollfd{pidfd_.get(), POLLIN, 0}, pollfd{stop_.fd(), POLLIN, 0}};
    ::poll(news.data(), news.size(),
           static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
  }

  // Takes what is there. False: stdout is over its limit.
  bool collect() {
    take(err_, end_.err, options_.max_err);
    return take(out_, end_.out, options_.max_out);
  }

  static bool take(Descriptor& from, std::string& to, std::size_t limit) {
    std::array<char, 4096> buffer = {};
    bool fits = true;
    // As much as a pipe holds, so that an endless writer is not read without end.
    for (int round = 0; round < 16; ++round) {
      const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) break;
      if (got == 0) {
        from = Descriptor();
        break;
      }
      const std::size_t size = static_cast<std::size_t>(got);
      fits = fits && to.size() + size <= limit;
      to.append(buffer.data(), std::min(size, limit - std::min(limit, to.size())));
    }
    return fits;
  }

  enum class Wait { no, yes };

  bool reap(Wait wait) {
    int status = 0;
    pid_t waited = -1;
    do {
      waited =
          wait == Wait::yes ? ::waitpid(pid_, &status, 0) : Running::all().look_at(pid_, status);
    } while (waited < 0 && errno == EINTR);
    if (waited == 0) return false;
    if (waited < 0) {  // somebody else waited for it, so its status is not known
      end_.reason = SubprocessEnd::Reason::signalled;
    } else if (WIFEXITED(status)) {
      end_.status = WEXITSTATUS(status);
    } else {
      end_.reason = SubprocessEnd::Reason::signalled;
      end_.status = WTERMSIG(status);
    }
    return true;
  }

  // Until it has been waited for, its id, which is the group's too, is no other program's.
  SubprocessEnd kill(SubprocessEnd::Reason reason) {
    Running::all().kill(pid_);
    reap(Wait::yes);
    end_.reason = reason;
    return std::move(end_);
  }

  const pid_t pid_;
  const Descriptor pidfd_;
  Descriptor out_;
  Descriptor err_;
  const SubprocessOptions& options_;
  const StopEvent stop_;
  SubprocessEnd end_ = {};
};

}  // namespace

Result<SubprocessEnd> run_subprocess(const std::filesystem::path& program,
                                     const std::vector<std::string>& arguments,
                                     const SubprocessOptions& options) {
  const Descriptor in = input_of(options.input);
  Pipe out = Pipe::open();
  Pipe err = Pipe::open();
  if (in.get() < 0 || out.theirs.get() < 0 || err.theirs.get() < 0) {
    return Unexpected(files::io_error("open the pipes of", program));
  }
  const pid_t pid = Running::all().begin([&] {
    return spawn(program, arguments, options.hidden, in.get(), out.theirs.get(), err.theirs.get());
  });
  if (pid < 0) {
    errno = -pid;
    return Unexpected(files::io_error("run", program));
  }
  out.theirs = Descriptor();  // else the end of its output would never be seen
  err.theirs = Descriptor();
  return Child(pid, std::move(out.ours), std::move(err.ours), options).run();
}

void end_subprocesses() { Running::all().end(); }

std::optional<std::filesystem::path> find_program(std::string_view name,
                                                  std::string_view search_path) {
  while (!search_path.empty()) {
    const std::string_view directory = search_path.substr(0, search_path.find(':'));
    search_path.remove_prefix(std::min(directory.size() + 1, search_path.size()));
    if (!directory.starts_with('/')) continue;
    const std::filesystem::path file = std::filesystem::path(directory) / name;
    struct stat status = {};
    if (::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        ::access(file.c_str(), X_OK) == 0) {
      return file;
    }
  }
  return std::nullopt;
}

}  // namespace purser
