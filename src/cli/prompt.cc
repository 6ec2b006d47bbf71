#include "cli/prompt.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "system/stop_event.h"

namespace purser::cli {
namespace {

constexpr std::size_t kMaxLine = 4096;  // as much as a terminal hands on at once

Error terminal_error(ErrorCode code, std::string message) {
  Error error;
  error.code = code;
  error.operation = "read from";
  error.subject = "the terminal";
  error.message = std::move(message);
  return error;
}

// What is typed is not shown while this lives.
class Hidden {
 public:
  explicit Hidden(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal, &before_) != 0) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    // They would leave the terminal as it is now. SIGINT and SIGTERM come as a stop token.
    hidden.c_cc[VQUIT] = _POSIX_VDISABLE;
    hidden.c_cc[VSUSP] = _POSIX_VDISABLE;
    is_hidden_ = ::tcsetattr(terminal, TCSAFLUSH, &hidden) == 0;
  }
  ~Hidden() {
    // What was typed and not read goes too: half of a password would be the shell's next command.
    if (is_hidden_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  bool is_hidden() const { return is_hidden_; }

 private:
  int terminal_;
  termios before_ = {};
  bool is_hidden_ = false;
};

Result<std::string> read_line(int terminal, const std::stop_token& stop) {
  const StopEvent stopped(stop);
  std::string line;
  std::array<char, 256> buffer = {};
  while (line.find('\n') == std::string::npos) {
    std::array<pollfd, 2> news = {pollfd{terminal, POLLIN, 0}, pollfd{stopped.fd(), POLLIN, 0}};
    if (::poll(news.data(), news.size(), -1) < 0 && errno != EINTR) {
      return Unexpected(terminal_error(ErrorCode::io, std::strerror(errno)));
    }
    if (stop.stop_requested()) {
      return Unexpected(terminal_error(ErrorCode::cancelled, "it was interrupted"));
    }
    if (news[0].revents == 0) continue;
    const ssize_t got = ::read(terminal, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unexpected(terminal_error(ErrorCode::io, std::strerror(errno)));
    if (got == 0) break;  // Ctrl-D
    line.append(buffer.data(), static_cast<std::size_t>(got));
    if (line.size() > kMaxLine) {
      return Unexpected(terminal_error(ErrorCode::invalid_argument, "the line is too long"));
    }
  }
  line.erase(std::min(line.find_first_of("\r\n"), line.size()));
  if (line.empty()) {
    return Unexpected(terminal_error(ErrorCode::invalid_argument, "nothing was typed"));
  }
  return line;
}

}  // namespace

Result<std::string> prompt(int terminal, std::FILE* out, std::string_view question, Echo echo,
                           const std::stop_token& stop) {
  std::optional<Hidden> hidden;
  if (echo == Echo::hidden) {
    hidden.emplace(terminal);
    // Better no login than a password on the screen.
    if (!hidden->is_hidden()) {
      return Unexpected(terminal_error(ErrorCode::io, "it cannot hide what is typed"));
    }
  }
  std::fwrite(question.data(), 1, question.size(), out);
  std::fflush(out);
  Result<std::string> line = read_line(terminal, stop);
  // The user's own line break was hidden too, or there was none.
  if (hidden || !line) std::fputs("\n", out);
  std::fflush(out);
  return line;
}

}  // namespace purser::cli
