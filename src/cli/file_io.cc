#include "cli/file_io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/option_set.h"
#include "system/stop_event.h"

namespace purser::cli {
namespace {

Error file_error(ErrorCode code, std::string_view operation, const std::string& file,
                 std::string message, std::string hint = {}) {
  Error error;
  error.code = code;
  error.operation = operation;
  error.subject = file == "-" ? "stdin" : file;
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }
  // Closes it and says whether all of it arrived: some file systems tell only now.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A device, a pipe, a process substitution: what is written to and never replaced.
bool is_special(const std::string& file) {
  struct stat status = {};
  return ::stat(file.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

bool is_directory(const std::string& file) {
  struct stat status = {};
  return ::stat(file.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Until there is something to read, or the end of it. A descriptor that poll() knows nothing of is
// one that a read does not wait for.
void wait_for_input(int fd, const StopEvent& stop) {
  std::array<pollfd, 2> news = {pollfd{fd, POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
  while (::poll(news.data(), news.size(), -1) < 0 && errno == EINTR) {
  }
}

Result<std::string> read_input(const std::string& file, std::string_view operation,
                               std::size_t max_bytes, const std::stop_token& stop) {
  if (file != "-" && is_directory(file)) {
    return Unexpected(file_error(ErrorCode::invalid_argument, operation, file, "it is a directory",
                                 "Name a file"));
  }
  // Opened as usual, a pipe would hold the run up until somebody writes to it.
  constexpr int kHow = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  const Descriptor input(file == "-" ? STDIN_FILENO : ::open(file.c_str(), kHow));
  if (input.get() < 0) {
    return Unexpected(file_error(ErrorCode::io, operation, file, std::strerror(errno)));
  }
  const StopEvent stopped(stop);
  std::string bytes;
  std::array<char, 65536> buffer = {};
  for (;;) {
    wait_for_input(input.get(), stopped);
    if (stop.stop_requested()) {
      return Unexpected(file_error(ErrorCode::cancelled, operation, file, "cancelled"));
    }
    const ssize_t got = ::read(input.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) {
      return Unexpected(file_error(ErrorCode::io, operation, file, std::strerror(errno)));
    }
    if (got == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (bytes.size() > max_bytes) {
      return Unexpected(file_error(ErrorCode::invalid_argument, operation, file,
                                   fmt::format("it has more than {} bytes", max_bytes)));
    }
  }
}

}  // namespace

Status check_stdin_is_free(const std::string& file, bool password_stdin) {
  if (file != "-" || !password_stdin) return {};
  return Unexpected(usage_error("stdin cannot give both the password and a file",
                                "Give the password in PURSER_PASSWORD"));
}

Result<std::string> read_input(const std::string& file, std::string_view operation,
                               const std::stop_token& stop) {
  return read_input(file, operation, kMaxInputBytes, stop);
}

Result<std::string> read_password(const std::stop_token& stop) {
  constexpr std::string_view kOperation = "read the password from";
  const auto bad = [&](std::string what, std::string hint = {}) {
    return Unexpected(
        file_error(ErrorCode::invalid_argument, kOperation, "-", std::move(what), std::move(hint)));
  };
  Result<std::string> text = read_input("-", kOperation, kMaxPasswordBytes, stop);
  if (!text) return text;
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty()) return bad("it is empty");
  // In a file it would be cut off there by whoever reads it.
  if (text->find('\0') != std::string::npos) {
    return bad("it has a NUL in it, which no password has",
               "Check that it is text of 8-bit letters");
  }
  return text;
}

Status write_file(const std::string& file, std::string_view bytes, std::string_view operation) {
  const auto fail = [&](int code, std::string hint = {}) {
    return Unexpected(
        file_error(ErrorCode::io, operation, file, std::strerror(code), std::move(hint)));
  };
  if (is_directory(file)) {
    return Unexpected(file_error(ErrorCode::invalid_argument, operation, file, "it is a directory",
                                 "Name a file"));
  }
  if (is_special(file)) {
    // Renamed over by root, /dev/null would be a plain file from then on.
    Descriptor special(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (special.get() < 0 || !write_all(special.get(), bytes) || !special.close()) {
      return fail(errno);
    }
    return {};
  }
  std::error_code unresolved;
  const std::filesystem::path target = std::filesystem::weakly_canonical(file, unresolved);
  if (unresolved) return fail(unresolved.value());
  std::string temporary = target.string() + ".XXXXXX";
  Descriptor output(::mkostemp(temporary.data(), O_CLOEXEC));
  if (output.get() < 0) return fail(errno);
  const auto abandon = [&](int code) {
    ::unlink(temporary.c_str());
    return fail(code, "The file is as it was before");
  };
  if (!write_all(output.get(), bytes) || ::fsync(output.get()) != 0 || !output.close()) {
    return abandon(errno);
  }
  if (::rename(temporary.c_str(), target.c_str()) != 0) return abandon(errno);
  // The rename itself is in the directory; without this it may be lost with the power.
  const Descriptor directory(
      ::open(target.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return fail(errno);
  return {};
}

}  // namespace purser::cli
