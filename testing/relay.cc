#include "testing/relay.h"

#include <sys/socket.h>

#include <utility>

namespace purser::testing {
namespace {

void shut_down(const Relay::Pair& pair) {
  pair.client.shut_down();
  pair.server.shut_down();
}

}  // namespace

Relay::Relay(Listener listener, std::uint16_t upstream_port, Serve serve)
    : upstream_port_(upstream_port), serve_(std::move(serve)), listener_(std::move(listener)) {
  acceptor_ = std::thread([this] { accept_connections(); });
}

Relay::~Relay() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const Connection& connection : connections_) shut_down(connection.pair);
  }
  listener_.socket.shut_down();
  acceptor_.join();
  for (Connection& connection : connections_) connection.thread.join();
}

void Relay::accept_connections() {
  for (;;) {
    Socket client(accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (!client) continue;
    Connection& connection = connections_.emplace_back(Connection{{std::move(client)}});
    connection.pair.server = connect_to_loopback(upstream_port_);
    connection.thread = std::thread([this, &connection] {
      serve_(connection.pair);
      shut_down(connection.pair);
    });
  }
}

}  // namespace purser::testing
