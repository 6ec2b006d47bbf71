// A small HTTP/1.1 server on this machine, with faults on demand.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "testing/socket.h"
#include "testing/wire.h"

namespace purser::testing {

// An answer, and what goes wrong with it on its way.
struct Answer {
  WireResponse response = {};
  // Sends so many bytes of it, the head included, and closes the connection.
  std::optional<std::size_t> cut_after = {};
  bool reset = false;       // sends nothing: "connection reset"
  std::string before = {};  // bytes that go first: interim answers
};

// Lets the server that stands behind act on a request, and gives its answer.
using Pass = std::function<WireResponse()>;

// Calls its handler for each request, on the connection's thread, several at once where there are
// several connections. Thread rule: safe from any thread; the handler must not destroy the server.
class HttpServer {
 public:
  using Handler = std::function<Answer(const WireRequest&)>;

  // On a free port of 127.0.0.1, or on that port of that address.
  explicit HttpServer(Handler handler, std::string address = "127.0.0.1", std::uint16_t port = 0);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const noexcept { return listener_.port; }
  std::string host() const;                           // "127.0.0.1:40123"
  std::string url(std::string_view path = "") const;  // "http://127.0.0.1:40123" and the path

  // All requests in the order in which they came in whole.
  std::vector<WireRequest> requests() const;
  std::size_t count() const;
  std::size_t count(std::string_view method) const;
  // Of these methods whose path begins so; an empty method is any.
  std::size_t count(std::string_view method, std::string_view path_prefix) const;
  void forget_requests();

  // Waits until a request is being stalled; false after ten seconds without one.
  bool wait_for_stall();
  // What is stalled now goes on.
  void release_stalled();
  // Waits until no request is being handled.
  void wait_until_idle();
  // For handlers: waits until `release_stalled` or `stop` is called.
  void stall();
  // Stops answering: open connections end, new ones are refused. Called by the destructor.
  void stop();

 private:
  struct Connection {
    Socket socket;
    std::thread thread = {};
    bool done = false;
  };

  void accept_connections();
  void serve(Connection& connection);
  bool send(Connection& connection, const WireRequest& request, const Answer& answer);
  void join_finished();

  Handler handler_;
  const std::string address_;
  Listener listener_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<WireRequest> requests_;
  std::list<Connection> connections_;
  std::size_t stalled_ = 0;
  std::size_t handling_ = 0;
  std::size_t releases_ = 0;
  bool stopping_ = false;
  std::thread acceptor_;
};

}  // namespace purser::testing
