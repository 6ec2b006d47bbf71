#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "purser/digest.h"
#include "purser/journal.h"
#include "system/files.h"

namespace purser {

Result<RepositoryLock> RepositoryLock::take(const std::filesystem::path& state_directory,
                                            const Repository& repository) {
  const std::filesystem::path directory = state_directory / "locks" / repository.registry();
  if (Status made = files::make_directories(directory); !made) {
    return Unexpected(std::move(made).error());
  }
  // Hashed: a path of 255 characters would be too long for a file name. Never removed: a lock on a
  // file that somebody else removes would hold for nobody.
  const std::filesystem::path file =
      directory / fmt::format("{}.lock", Digest::of(repository.path()).hex());
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Unexpected(files::io_error("open", file));
  RepositoryLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Unexpected(files::io_error("lock", file));
    return Unexpected(Error{.code = ErrorCode::refused,
                            .message = "another run of purser is changing this repository",
                            .operation = "lock",
                            .registry = repository.registry(),
                            .subject = repository.path(),
                            .hint = "Wait until it has ended, then try again"});
  }
  return lock;
}

RepositoryLock::RepositoryLock(RepositoryLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

RepositoryLock& RepositoryLock::operator=(RepositoryLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

RepositoryLock::~RepositoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace purser
