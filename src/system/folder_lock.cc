#include "system/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "core/text.h"

namespace purser::files {
namespace {

// "process 812 (sleep)", out of the kernel's list (proc_locks(5)): number, FLOCK, ADVISORY, WRITE,
// process, device and inode. A process in another container is not in it.
std::string holder_of(int fd) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return "another process";
  const std::string wanted =
      fmt::format("{:02x}:{:02x}:{}", major(status.st_dev), minor(status.st_dev), status.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream fields(line);
    std::string number;
    std::string kind;
    std::string mode;
    std::string access;
    long process = 0;
    std::string place;
    fields >> number >> kind >> mode >> access >> process >> place;
    if (!fields || kind != "FLOCK" || place != wanted || process <= 0) continue;
    std::string name;
    std::ifstream comm(fmt::format("/proc/{}/comm", process));
    std::getline(comm, name);
    return name.empty() ? fmt::format("process {}", process)
                        : fmt::format("process {} ({})", process, sanitize_for_terminal(name));
  }
  return "another process";
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder,
                                    std::chrono::milliseconds patience, const Patience& caller) {
  constexpr std::chrono::milliseconds kInterval{20};
  FolderLock lock;
  lock.fd_ = Descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.fd_.get() < 0) return Unexpected(io_error("open", folder));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(lock.fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    // A network file system may have no locks for folders; the rename is whole even so.
    if (errno != EWOULDBLOCK && errno != EINTR) return lock;
    if (const auto over = caller.over()) {
      return Unexpected(
          Error{.code = over->code,
                .message = fmt::format("{} while {} has the lock of the folder {}", over->message,
                                       holder_of(lock.fd_.get()), folder.string())});
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Unexpected(
          Error{.code = ErrorCode::io,
                .message = fmt::format("{} has held the lock of the folder {} for {} s",
                                       holder_of(lock.fd_.get()), folder.string(),
                                       static_cast<double>(patience.count()) / 1000),
                .hint = "Try again when it has ended; end it if it is no login"});
    }
    std::this_thread::sleep_for(kInterval);
  }
  return lock;
}

}  // namespace purser::files
