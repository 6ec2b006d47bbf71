#include "testing/http_server.h"

#include <fmt/core.h>
#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace purser::testing {
namespace {

// Longer than any test: a connection that is kept open is no mistake of the client.
constexpr std::chrono::minutes kPatience{10};

}  // namespace

HttpServer::HttpServer(Handler handler, std::string address, std::uint16_t port)
    : handler_(std::move(handler)),
      address_(std::move(address)),
      listener_(Listener::open(address_, port)) {
  acceptor_ = std::thread([this] { accept_connections(); });
}

HttpServer::~HttpServer() { stop(); }

std::string HttpServer::host() const { return fmt::format("{}:{}", address_, port()); }

std::string HttpServer::url(std::string_view path) const {
  return fmt::format("http://{}{}", host(), path);
}

std::vector<WireRequest> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t HttpServer::count() const { return count("", ""); }
std::size_t HttpServer::count(std::string_view method) const { return count(method, ""); }

std::size_t HttpServer::count(std::string_view method, std::string_view path_prefix) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(requests_.begin(), requests_.end(), [&](const WireRequest& request) {
        return (method.empty() || request.method == method) &&
               request.target.starts_with(path_prefix);
      }));
}

void HttpServer::forget_requests() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
}

bool HttpServer::wait_for_stall() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [this] { return stalled_ > 0; });
}

void HttpServer::release_stalled() {
  const std::lock_guard lock(mutex_);
  ++releases_;
  // Not left to the threads that are released: the next wait for a stall could still see theirs.
  stalled_ = 0;
  changed_.notify_all();
}

void HttpServer::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    for (const Connection& connection : connections_) connection.socket.shut_down();
    changed_.notify_all();
  }
  listener_.socket.shut_down();
  acceptor_.join();
  listener_.socket = Socket();
  for (Connection& connection : connections_) connection.thread.join();
  connections_.clear();
}

void HttpServer::accept_connections() {
  for (;;) {
    Socket socket(accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    join_finished();
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (!socket) continue;
    Connection& connection = connections_.emplace_back(Connection{std::move(socket)});
    connection.thread = std::thread([this, &connection] { serve(connection); });
  }
}

void HttpServer::join_finished() {
  std::list<Connection> finished;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    for (auto it = connections_.begin(); it != connections_.end();) {
      const auto next = std::next(it);
      if (it->done) finished.splice(finished.end(), connections_, it);
      it = next;
    }
  }
  for (Connection& connection : finished) connection.thread.join();
}

void HttpServer::serve(Connection& connection) {
  WireReader reader(connection.socket, kPatience);
  while (auto request = reader.request()) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
      requests_.push_back(*request);
      ++handling_;
    }
    Answer answer;
    try {
      answer = handler_(*request);
    } catch (const std::exception& failure) {
      answer.response = {.status = 500, .body = failure.what()};
    }
    {
      const std::lock_guard lock(mutex_);
      --handling_;
      changed_.notify_all();
    }
    if (!send(connection, *request, answer)) break;
  }
  // As other servers do, whose answer is no TLS.
  if (reader.was_tls()) connection.socket.send_all("HTTP/1.0 400 Bad Request\r\n\r\n");
  const std::lock_guard lock(mutex_);
  connection.socket.shut_down();
  connection.done = true;
}

bool HttpServer::send(Connection& connection, const WireRequest& request, const Answer& answer) {
  if (answer.reset) {
    const std::lock_guard lock(mutex_);
    connection.socket.reset();
    return false;
  }
  const std::string bytes = answer.before + answer.response.bytes(request.method);
  if (answer.cut_after) {
    connection.socket.send_all(std::string_view(bytes).substr(0, *answer.cut_after));
    return false;
  }
  return connection.socket.send_all(bytes) && request.headers.get("Connection") != "close" &&
         answer.response.headers.get("Connection") != "close";
}

void HttpServer::wait_until_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return handling_ == 0; });
}

void HttpServer::stall() {
  std::unique_lock lock(mutex_);
  const std::size_t seen = releases_;
  ++stalled_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return stopping_ || releases_ != seen; });
}

}  // namespace purser::testing
