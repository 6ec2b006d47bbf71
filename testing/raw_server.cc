#include "testing/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace purser::testing {
namespace {

// Whole requests only: the header block and Content-Length bytes. 0: not whole yet.
std::size_t request_length(const std::string& buffer) {
  // The first byte of a TLS handshake: somebody took this for a TLS port.
  if (!buffer.empty() && buffer[0] == 0x16) return buffer.size();
  const auto end = buffer.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  std::size_t length = end + 4;
  const auto field = buffer.find("Content-Length: ");
  if (field < end) length += std::strtoul(buffer.c_str() + field + 16, nullptr, 10);
  return buffer.size() >= length ? length : 0;
}

}  // namespace

RawServer::RawServer(Script script) : script_(std::move(script)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
      pipe(stop_pipe_) != 0) {
    throw std::runtime_error("RawServer: no socket on loopback");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

RawServer::~RawServer() {
  close(stop_pipe_[1]);  // readable at its other end: every poll returns
  thread_.join();
  close(stop_pipe_[0]);
  close(listener_);
}

std::string RawServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<std::string> RawServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t RawServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void RawServer::wait_for_requests(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return requests_.size() >= count; });
}

void RawServer::serve() {
  while (true) {
    pollfd ready[2] = {{listener_, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
    poll(ready, 2, -1);
    if (ready[1].revents != 0) return;
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) continue;
    const int on = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    {
      const std::lock_guard lock(mutex_);
      ++connections_;
    }
    std::string buffer;
    while (serve_one(connection, buffer)) {
    }
    close(connection);
  }
}

// False: the connection is to be closed.
bool RawServer::serve_one(int connection, std::string& buffer) {
  const auto receive = [&] {
    pollfd ready[2] = {{connection, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
    poll(ready, 2, -1);
    if (ready[1].revents != 0) return false;
    char bytes[4096];
    const auto count = recv(connection, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(count));
    return true;
  };
  std::size_t length = 0;
  while ((length = request_length(buffer)) == 0) {
    if (!receive()) return false;
  }
  const std::string request = buffer.substr(0, length);
  buffer.erase(0, length);
  const Answer answer = script_(request);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  changed_.notify_all();
  std::size_t sent = 0;
  while (sent < answer.bytes.size()) {
    const auto count =
        send(connection, answer.bytes.data() + sent, answer.bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  if (answer.then == Answer::Then::hold) {
    while (receive()) {
    }
  }
  return answer.then == Answer::Then::next_request;
}

}  // namespace purser::testing
