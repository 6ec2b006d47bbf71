// TLS in front of a server of the tests that speaks plain HTTP.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "testing/certificates.h"
#include "testing/socket.h"

struct ssl_ctx_st;

namespace purser::testing {

// Hands on what it decrypts, byte for byte, to a port of 127.0.0.1. HTTP/1.1 only: it offers no
// ALPN. Thread rule: one thread makes and destroys it; the rest from any thread.
class TlsFront {
 public:
  // Throws HarnessError.
  TlsFront(std::uint16_t upstream_port, const KeyPair& identity,
           const std::string& address = "127.0.0.1", std::uint16_t port = 0);
  ~TlsFront();
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;

  std::uint16_t port() const noexcept { return listener_.port; }
  // Connections whose TLS handshake succeeded.
  std::size_t handshakes() const noexcept { return handshakes_; }

 private:
  struct Connection {
    Socket client;
    Socket server = {};
    std::thread thread = {};
  };

  void accept_connections();
  void serve(Connection& connection);

  const std::uint16_t upstream_port_;
  std::shared_ptr<ssl_ctx_st> context_;
  Listener listener_;
  std::mutex mutex_;
  std::list<Connection> connections_;
  bool stopping_ = false;
  std::atomic<std::size_t> handshakes_{0};
  std::thread acceptor_;
};

}  // namespace purser::testing
