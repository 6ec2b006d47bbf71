// Loopback sockets for the servers of the tests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace purser::testing {

// A file descriptor that is closed once.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  int get() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  // Ends both directions, so that a thread that reads from it wakes up.
  void shut_down() const;
  // Closes it such that the peer sees "connection reset" instead of an ordinary end.
  void reset();

  bool send_all(std::string_view bytes) const;
  // At most `size` bytes; empty at the end, on an error or when nothing came for `patience`.
  std::string receive(std::size_t size, std::chrono::milliseconds patience) const;

 private:
  int descriptor_ = -1;
};

// Listens on an address of this machine, by default on a free port of it. Throws HarnessError.
struct Listener {
  Socket socket;
  std::uint16_t port = 0;
  static Listener open(const std::string& address = "127.0.0.1", std::uint16_t port = 0);
};

// Without a socket where nothing listens.
Socket connect_to_loopback(std::uint16_t port);

// A port that was free a moment ago, for a program that must be told its port. Another program may
// take it first; who uses it tries again with another.
std::uint16_t free_port();

}  // namespace purser::testing
