#include "testing/socket.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "testing/harness_error.h"

namespace purser::testing {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Without it, a head and a body sent apart wait for each other's acknowledgement: 40 ms a request.
void send_at_once(int descriptor) {
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Socket::shut_down() const {
  if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_RDWR);
}

void Socket::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  *this = Socket();
}

bool Socket::send_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string Socket::receive(std::size_t size, std::chrono::milliseconds patience) const {
  pollfd ready{descriptor_, POLLIN, 0};
  int answer = 0;
  do {
    answer = poll(&ready, 1, static_cast<int>(patience.count()));
  } while (answer < 0 && errno == EINTR);
  if (answer <= 0) return {};
  std::string bytes(size, '\0');
  const ssize_t received = ::recv(descriptor_, bytes.data(), size, 0);
  bytes.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
  return bytes;
}

Listener Listener::open(const std::string& address, std::uint16_t port) {
  Listener listener;
  listener.socket = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in place = loopback(port);
  socklen_t size = sizeof place;
  const int descriptor = listener.socket.get();
  if (inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1 || descriptor < 0 ||
      bind(descriptor, reinterpret_cast<sockaddr*>(&place), size) != 0 ||
      listen(descriptor, SOMAXCONN) != 0 ||
      getsockname(descriptor, reinterpret_cast<sockaddr*>(&place), &size) != 0) {
    throw HarnessError(fmt::format("cannot listen on {}: {}", address, strerror(errno)));
  }
  send_at_once(descriptor);  // which its connections inherit
  listener.port = ntohs(place.sin_port);
  return listener;
}

Socket connect_to_loopback(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (!socket ||
      connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return {};
  }
  send_at_once(socket.get());
  return socket;
}

std::uint16_t free_port() { return Listener::open().port; }

}  // namespace purser::testing
