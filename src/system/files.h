// Small file operations that must be durable, or must not read without end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "purser/result.h"
#include "system/patience.h"

namespace purser::files {

// An open file descriptor that closes itself. Thread rule: one thread at a time.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

// An io error that names the file, what was tried and the system's reason (errno).
Error io_error(std::string_view operation, const std::filesystem::path& file);

// The directory and its parents, mode 0700, each new one synced into its parent. Errors: io.
Status make_directories(const std::filesystem::path& directory);
// New names in a directory are on disk. Errors: io.
Status sync_directory(const std::filesystem::path& directory);
// All of the bytes. Errors: io.
Status write_all(int fd, std::string_view bytes, const std::filesystem::path& file);
Result<std::string> read_all(const std::filesystem::path& file);
// The bytes of a file that should be small, or of a pipe (`<(program)` in a shell) whose writer is
// silent for no longer than `patience`. Errors: io, also for a directory and for a pipe that nobody
// writes to; too_large; cancelled, once the caller waits no longer.
Result<std::string> read_small(const std::filesystem::path& file, std::size_t max_bytes,
                               std::chrono::milliseconds patience = std::chrono::seconds(30),
                               const Patience& caller = {});
// May what this user owns be written to, in a folder of that user? His own, root's, and what
// belongs to the owner of the folder. Pure.
bool is_trusted_owner(uid_t owner, uid_t owner_of_folder, uid_t self);
// Where replace() puts the bytes: the file, or the one that its symbolic links lead to in the end,
// which need not be there. Two names of one file have one such place. Errors: io; refused for a
// file or link of an owner who is not trusted, and for what is there and is no regular file.
Result<std::filesystem::path> place_to_replace(const std::filesystem::path& file);
// The file has these bytes, or what it had before: through a new one beside it (mode 0600; the
// owner of the old one, where the folder is his too and it is allowed), synced and renamed. A
// symbolic link stays, and the file that it points at is replaced. Errors: those of
// place_to_replace(); io.
Status replace(const std::filesystem::path& file, std::string_view bytes);

}  // namespace purser::files
