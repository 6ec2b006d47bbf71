#include "retention/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

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

}  // namespace purser::files
