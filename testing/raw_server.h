// A socket server on loopback that answers with scripted bytes: for what no well-behaved server
// sends.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace purser::testing {

// Thread rule: serves one connection after another on its own thread; all members may be called at
// once. Destruction ends a connection under way.
class RawServer {
 public:
  struct Answer {
    std::string bytes = {};
    // Afterwards: close the connection, or go on with the next request on it, or hold it open and
    // say nothing more.
    enum class Then { close, next_request, hold } then = Then::close;
  };
  // Given the request (its header block, and a body of Content-Length bytes), what to send back.
  using Script = std::function<Answer(const std::string& request)>;

  explicit RawServer(Script script);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::string url(const std::string& path = "/") const;
  int port() const noexcept { return port_; }
  std::vector<std::string> requests() const;
  std::size_t connections() const;
  // Blocks until that many requests have come in.
  void wait_for_requests(std::size_t count);

 private:
  void serve();
  bool serve_one(int connection, std::string& buffer);

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  int stop_pipe_[2] = {-1, -1};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> requests_;
  std::size_t connections_ = 0;
  std::thread thread_;
};

}  // namespace purser::testing
