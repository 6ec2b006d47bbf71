// A proxy between a client and the world, as https_proxy names one.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "testing/socket.h"
#include "testing/wire.h"

namespace purser::testing {

struct ForwardProxyOptions {
  std::string user = {};  // "USER:PASSWORD"; with one: 407 to whoever does not give it
  int refusal = 0;        // with one: the status of every answer to CONNECT
};

// Takes CONNECT, and plain http in absolute form; whatever host is asked for, it leads to one port
// of 127.0.0.1, so that names need not exist. Remembers the requests to itself, and never sees what
// passes in a tunnel. Thread rule: one thread makes and destroys it; the rest from any thread.
class ForwardProxy {
 public:
  explicit ForwardProxy(std::uint16_t upstream_port, ForwardProxyOptions options = {});
  ~ForwardProxy();
  ForwardProxy(const ForwardProxy&) = delete;
  ForwardProxy& operator=(const ForwardProxy&) = delete;

  std::string host() const;                             // "127.0.0.1:40123"
  std::string url(const std::string& user = {}) const;  // "http://USER@127.0.0.1:40123"
  std::vector<WireRequest> requests() const;

 private:
  struct Connection {
    Socket client;
    Socket server = {};
    std::thread thread = {};
  };

  void accept_connections();
  void serve(Connection& connection);
  bool answer(Connection& connection, const WireRequest& request);
  bool forward(Connection& connection, WireRequest request) const;

  const std::uint16_t upstream_port_;
  const ForwardProxyOptions options_;
  Listener listener_ = Listener::open();
  mutable std::mutex mutex_;
  std::vector<WireRequest> requests_;
  std::list<Connection> connections_;
  bool stopping_ = false;
  std::thread acceptor_;
};

}  // namespace purser::testing
