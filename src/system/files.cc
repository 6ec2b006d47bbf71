#include "system/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include "system/stop_event.h"

namespace purser::files {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Error io_error(std::string_view operation, const std::filesystem::path& file) {
  const int reason = errno;
  return Error{.code = ErrorCode::io,
               .message = std::strerror(reason),
               .operation = std::string(operation) + " the file",
               .subject = file.string(),
               .hint = reason == ENOSPC ? "Free some space there and try again" : ""};
}

Status make_directories(const std::filesystem::path& directory) {
  std::error_code ignored;
  if (directory.empty() || std::filesystem::is_directory(directory, ignored)) return {};
  const std::filesystem::path parent = directory.parent_path();
  if (parent != directory) {
    if (Status made = make_directories(parent); !made) return made;
  }
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unexpected(io_error("create", directory));
  }
  return sync_directory(parent);
}

Status sync_directory(const std::filesystem::path& directory) {
  const std::filesystem::path& name = directory.empty() ? std::filesystem::path(".") : directory;
  Descriptor fd(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return Unexpected(io_error("sync", name));
  return {};
}

Status write_all(int fd, std::string_view bytes, const std::filesystem::path& file) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return Unexpected(io_error("write", file));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_all(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) return Unexpected(io_error("read", file));
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (in.bad()) return Unexpected(io_error("read", file));
  return std::move(bytes).str();
}

namespace {

Unexpected not_readable(ErrorCode code, std::string message, const std::filesystem::path& file) {
  return Unexpected(Error{.code = code,
                          .message = std::move(message),
                          .operation = "read the file",
                          .subject = file.string()});
}

bool is_pipe(int fd) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

// False: nothing came in that time, or the caller waits no longer.
bool has_more(int fd, std::chrono::milliseconds patience, const Patience& caller) {
  const StopEvent stop(caller.stop());
  std::array<pollfd, 2> news = {pollfd{fd, POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
  const auto most = static_cast<int>(caller.within(patience).count());
  return ::poll(news.data(), news.size(), most) > 0 && news[0].revents != 0;
}

}  // namespace

Result<std::string> read_small(const std::filesystem::path& file, std::size_t max_bytes,
                               std::chrono::milliseconds patience, const Patience& caller) {
  // Opened as usual, a pipe holds the run up until somebody writes to it.
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0) return Unexpected(io_error("read", file));
  std::string bytes;
  std::array<char, 16384> buffer = {};
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      if (has_more(fd.get(), patience, caller)) continue;
      if (auto over = caller.over()) return Unexpected(*std::move(over));
      return not_readable(ErrorCode::io, "what writes to it did not come to an end", file);
    }
    if (got < 0) return Unexpected(io_error("read", file));
    if (got == 0 && bytes.empty() && is_pipe(fd.get())) {
      return not_readable(ErrorCode::io, "it is a pipe, and nobody writes to it", file);
    }
    if (got == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (bytes.size() > max_bytes) {
      return not_readable(ErrorCode::too_large,
                          fmt::format("it has more than the {} bytes that it may", max_bytes),
                          file);
    }
  }
}

namespace {

// "" is the current directory, and its owner unknown is nobody's.
std::optional<uid_t> owner_of_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.parent_path();
  struct stat status = {};
  if (::stat(folder.empty() ? "." : folder.c_str(), &status) != 0) return std::nullopt;
  return status.st_uid;
}

// In a folder that all may write in (/tmp), whoever was first has the name. What is written there
// by somebody else must not end up with him.
Status check_owner(const struct stat& status, const std::filesystem::path& file,
                   std::string_view what) {
  const auto folder = owner_of_folder(file);
  if (folder && is_trusted_owner(status.st_uid, *folder, ::geteuid())) return {};
  return Unexpected(Error{
      .code = ErrorCode::refused,
      .message = fmt::format("{} belongs to the user with the number {}, who is neither the one "
                             "that runs this nor the owner of the folder",
                             what, status.st_uid),
      .operation = "write the file",
      .subject = file.string(),
      .hint = "Remove it if it should not be there, or name a file in a folder of your own"});
}

// Where the bytes go in the end: a link to nowhere is a file that is yet to be made.
Result<std::filesystem::path> target_of(const std::filesystem::path& file) {
  constexpr int kMaxLinks = 40;  // as the kernel has it
  std::filesystem::path target = file;
  std::error_code error;
  for (int links = 0; std::filesystem::is_symlink(target, error); ++links) {
    if (links == kMaxLinks) {
      errno = ELOOP;
      return Unexpected(io_error("write", file));
    }
    struct stat link = {};
    if (::lstat(target.c_str(), &link) != 0) return Unexpected(io_error("write", target));
    if (Status checked = check_owner(link, target, "the symbolic link"); !checked) {
      return Unexpected(std::move(checked).error());
    }
    const std::filesystem::path next = std::filesystem::read_symlink(target, error);
    if (error) break;
    target = target.parent_path() / next;
  }
  return target;
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Renamed over by root, /dev/null would be a plain file from then on, with a password in it.
Status check_is_regular(const struct stat& status, const std::filesystem::path& file) {
  if (S_ISREG(status.st_mode)) return {};
  return Unexpected(Error{
      .code = ErrorCode::refused,
      .message =
          fmt::format("it is {}, which a file must not take the place of", kind_of(status.st_mode)),
      .operation = "write the file",
      .subject = file.string(),
      .hint = "Name a regular file"});
}

}  // namespace

bool is_trusted_owner(uid_t owner, uid_t owner_of_folder, uid_t self) {
  return owner == self || owner == 0 || owner == owner_of_folder;
}

Result<std::filesystem::path> place_to_replace(const std::filesystem::path& file) {
  auto target = target_of(file);
  if (!target) return target;
  struct stat status = {};
  // By the name that was given too: what stands behind a link of /proc has no name of its own.
  for (const std::filesystem::path& name : {file, *target}) {
    if (::stat(name.c_str(), &status) != 0) continue;
    if (Status checked = check_is_regular(status, name); !checked) {
      return Unexpected(std::move(checked).error());
    }
  }
  if (::lstat(target->c_str(), &status) == 0) {
    if (Status checked = check_owner(status, *target, "the file"); !checked) {
      return Unexpected(std::move(checked).error());
    }
  }
  return target;
}

Status replace(const std::filesystem::path& file, std::string_view bytes) {
  const auto target = place_to_replace(file);
  if (!target) return Unexpected(target.error());
  struct stat old = {};
  const bool is_there = ::lstat(target->c_str(), &old) == 0;
  std::string name = target->string() + ".XXXXXX";
  const Descriptor fd(::mkostemp(name.data(), O_CLOEXEC));
  if (fd.get() < 0) return Unexpected(io_error("write", *target));
  const auto abandon = [&](Error error) {
    ::unlink(name.c_str());
    return Unexpected(std::move(error));
  };
  // Run as root, a login must not take the file away from the user in whose folder it is. Others
  // may not give it back.
  if (is_there && owner_of_folder(*target) == old.st_uid) {
    static_cast<void>(::fchown(fd.get(), old.st_uid, old.st_gid) == 0);
  }
  if (Status written = write_all(fd.get(), bytes, *target); !written) {
    return abandon(std::move(written).error());
  }
  if (::fsync(fd.get()) != 0) return abandon(io_error("sync", *target));
  if (::rename(name.c_str(), target->c_str()) != 0) return abandon(io_error("replace", *target));
  return sync_directory(target->parent_path());
}

}  // namespace purser::files
