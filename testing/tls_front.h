// TLS in front of a server of the tests that speaks plain HTTP.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "testing/certificates.h"
#include "testing/relay.h"
#include "testing/socket.h"

struct ssl_ctx_st;
struct ssl_st;

namespace purser::testing {

// What it asks of its clients.
struct TlsRules {
  const CertificateAuthority* clients = nullptr;  // whose certificates are asked for
  bool certificate_required = true;
  bool old_versions_only = false;  // TLS 1.1 at most
};

// Hands on what it decrypts, byte for byte, to a port of 127.0.0.1. HTTP/1.1 only: it offers no
// ALPN. Thread rule: one thread makes and destroys it; the rest from any thread.
class TlsFront {
 public:
  // Throws HarnessError.
  TlsFront(std::uint16_t upstream_port, const KeyPair& identity,
           const std::string& address = "127.0.0.1", std::uint16_t port = 0,
           const TlsRules& rules = {});

  std::uint16_t port() const noexcept { return relay_.port(); }
  // Connections whose TLS handshake succeeded.
  std::size_t handshakes() const noexcept { return handshakes_; }
  // Of each of those, in order, the common name in the client's certificate; empty without one.
  std::vector<std::string> clients() const;
  // The names that clients asked for (SNI), in order; empty where one asked for none.
  std::vector<std::string> names_asked_for() const;

 private:
  void serve(const Relay::Pair& pair);
  void note_handshake(const ssl_st* session);

  std::shared_ptr<ssl_ctx_st> context_;
  mutable std::mutex mutex_;
  std::vector<std::string> clients_;
  std::vector<std::string> names_asked_for_;
  std::atomic<std::size_t> handshakes_{0};
  Relay relay_;  // the last: its threads use what stands before it
};

}  // namespace purser::testing
