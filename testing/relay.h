// What stands between a client and a server of the tests, with a connection to each.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "testing/socket.h"

namespace purser::testing {

// Pairs every connection that it accepts with one to a port of 127.0.0.1, and serves each pair on a
// thread of its own. Thread rule: one thread makes and destroys it.
class Relay {
 public:
  struct Pair {
    Socket client;
    Socket server = {};
  };
  // Returns when the pair has ended; called from several threads at once. Must not throw.
  using Serve = std::function<void(const Pair&)>;

  Relay(Listener listener, std::uint16_t upstream_port, Serve serve);
  // Ends every connection and waits for the threads.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  std::uint16_t port() const noexcept { return listener_.port; }

 private:
  struct Connection {
    Pair pair;
    std::thread thread = {};
  };
  void accept_connections();

  const std::uint16_t upstream_port_;
  const Serve serve_;
  Listener listener_;
  std::mutex mutex_;
  std::list<Connection> connections_;
  bool stopping_ = false;
  std::thread acceptor_;
};

}  // namespace purser::testing
