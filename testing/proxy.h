// Stands before a registry: counts, and steps in at a chosen request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "testing/http_server.h"
#include "testing/socket.h"
#include "testing/wire.h"

namespace purser::testing {

// Which requests: by method (empty: any) and by an RE2 pattern that is found in the target.
struct Match {
  std::string method = {};
  std::string target = {};
  // Lets so many of them pass, then steps in for so many.
  std::size_t skip = 0;
  std::size_t times = std::numeric_limits<std::size_t>::max();
};

// A reverse proxy in front of a server on this machine. Header fields, their order and framing go
// through unchanged in both directions, the Host field too. Thread rule: safe from any thread.
class Proxy {
 public:
  explicit Proxy(std::uint16_t upstream_port);
  ~Proxy();

  std::string host() const { return server_.host(); }  // "127.0.0.1:40123"
  std::string url(std::string_view path = "") const { return server_.url(path); }
  // Requests and counts, stalls, stop.
  HttpServer& server() noexcept { return server_; }

  // Of the rules that match a request the one set last decides; where it lets the request pass, the
  // one set before it does. A hook runs on the connection's thread.
  using Hook = std::function<void(const WireRequest&)>;
  using Change = std::function<void(const WireRequest&, WireResponse&)>;
  void before(const Match& match, Hook hook);              // runs it, then forwards
  void after(const Match& match, Hook hook);               // forwards, runs it, then answers
  void answer(const Match& match, WireResponse response);  // does not forward
  void drop(const Match& match);                           // does not forward: connection reset
  void stall(const Match& match);                          // forwards after `release_stalled`
  void stall_and_drop(const Match& match);                 // the same, and never forwards
  void stall_answer(const Match& match);                   // forwards, answers after the release
  void change_answer(const Match& match, Change change);   // forwards, then answers otherwise
  // Does as it says; `pass` forwards.
  using Act = std::function<Answer(const WireRequest&, const Pass& pass)>;
  void act(const Match& match, Act act);
  void cut_answer(const Match& match, std::size_t after_bytes);  // forwards, breaks the answer off
  // Forwards, then connection reset: the client cannot know what its request did.
  void lose_answer(const Match& match);
  void clear_rules();

 private:
  using Action = std::function<Answer(const WireRequest&)>;
  struct Rule;

  void add(const Match& match, Action action);
  Action action_for(const WireRequest& request);
  WireResponse forward(const WireRequest& request);
  Socket idle_connection();

  std::uint16_t upstream_port_;
  std::mutex mutex_;
  std::list<Rule> rules_;
  std::vector<Socket> idle_;
  HttpServer server_;  // last: its threads use all of the above
};

}  // namespace purser::testing
