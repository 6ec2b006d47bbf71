#include "testing/fifo.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "testing/harness_error.h"
#include "testing/process.h"

namespace purser::testing {

Fifo::Fifo(const std::filesystem::path& path) : path_(path) {
  // Open for reading from now on, so that no writer waits for this test.
  if (::mkfifo(path.c_str(), 0600) == 0) {
    reader_ = Socket(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  if (!reader_) {
    throw HarnessError("cannot make the pipe " + path.string() + ": " + std::strerror(errno));
  }
}

bool Fifo::read_more() {
  constexpr int kMost = kPatience * 30'000;
  char part[4096];
  pollfd news{reader_.get(), POLLIN, 0};
  if (::poll(&news, 1, kMost) != 1) return false;
  const ssize_t size = ::read(reader_.get(), part, sizeof part);
  if (size <= 0) return false;
  read_.append(part, static_cast<std::size_t>(size));
  return true;
}

bool Fifo::wait_for(std::string_view text) {
  while (read_.find(text) == std::string::npos) {
    if (!read_more()) return false;
  }
  return true;
}

std::string Fifo::rest() {
  while (read_more()) {
  }
  return read_;
}

}  // namespace purser::testing
