// A proxy between a client and the world, as https_proxy names one.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "testing/relay.h"
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

  std::string host() const;                             // "127.0.0.1:40123"
  std::string url(const std::string& user = {}) const;  // "http://USER@127.0.0.1:40123"
  std::vector<WireRequest> requests() const;

 private:
  void serve(const Relay::Pair& pair);
  bool answer(const Relay::Pair& pair, const WireRequest& request) const;
  static bool forward(const Relay::Pair& pair, WireRequest request);

  const ForwardProxyOptions options_;
  mutable std::mutex mutex_;
  std::vector<WireRequest> requests_;
  Relay relay_;  // the last: its threads use what stands before it
};

}  // namespace purser::testing
