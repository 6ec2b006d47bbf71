#include "testing/forward_proxy.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <utility>

#include "testing/certificates.h"

namespace purser::testing {
namespace {

// Longer than any test: a connection that is kept open is no mistake of the client.
constexpr std::chrono::minutes kPatience{10};

bool hand_on(const Socket& from, const Socket& to) {
  std::array<char, 16 * 1024> bytes{};
  const auto count = ::recv(from.get(), bytes.data(), bytes.size(), 0);
  return count > 0 && to.send_all({bytes.data(), static_cast<std::size_t>(count)});
}

void tunnel(const Socket& client, const Socket& server) {
  for (;;) {
    std::array<pollfd, 2> ready{{{client.get(), POLLIN, 0}, {server.get(), POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0) return;
    if (ready[0].revents != 0 && !hand_on(client, server)) return;
    if (ready[1].revents != 0 && !hand_on(server, client)) return;
  }
}

// "/v2/" of "http://registry.test:5000/v2/".
std::string path_of(const std::string& target) {
  const auto host = target.find("://");
  if (host == std::string::npos) return target;
  const auto path = target.find('/', host + 3);
  return path == std::string::npos ? "/" : target.substr(path);
}

std::string bytes_of(const WireRequest& request) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\n", request.method, path_of(request.target));
  for (const auto& [name, value] : request.headers.fields) {
    text += fmt::format("{}: {}\r\n", name, value);
  }
  return text + "\r\n" + request.body;
}

}  // namespace

ForwardProxy::ForwardProxy(std::uint16_t upstream_port, ForwardProxyOptions options)
    : options_(std::move(options)),
      relay_(Listener::open(), upstream_port, [this](const Relay::Pair& pair) { serve(pair); }) {}

std::string ForwardProxy::host() const { return fmt::format("127.0.0.1:{}", relay_.port()); }

std::string ForwardProxy::url(const std::string& user) const {
  return fmt::format("http://{}{}{}", user, user.empty() ? "" : "@", host());
}

std::vector<WireRequest> ForwardProxy::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ForwardProxy::serve(const Relay::Pair& pair) {
  WireReader reader(pair.client, kPatience);
  while (auto request = reader.request()) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(*request);
    }
    if (!answer(pair, *request)) return;
  }
}

bool ForwardProxy::answer(const Relay::Pair& pair, const WireRequest& request) const {
  const std::string given = request.headers.get("Proxy-Authorization");
  if (!options_.user.empty() &&
      (!given.starts_with("Basic ") || base64_decode(given.substr(6)) != options_.user)) {
    return pair.client.send_all(
        "HTTP/1.1 407 Proxy Authentication Required\r\n"
        "Proxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n");
  }
  if (request.method != "CONNECT") return forward(pair, request);
  if (options_.refusal != 0) {
    return pair.client.send_all(
        fmt::format("HTTP/1.1 {} No\r\nContent-Length: 0\r\n\r\n", options_.refusal));
  }
  if (!pair.client.send_all("HTTP/1.1 200 Connection established\r\n\r\n")) return false;
  tunnel(pair.client, pair.server);
  return false;
}

bool ForwardProxy::forward(const Relay::Pair& pair, WireRequest request) {
  request.headers.remove("Proxy-Authorization");
  WireReader reader(pair.server, kPatience);
  if (!pair.server.send_all(bytes_of(request))) return false;
  const auto response = reader.response(request.method);
  return response && pair.client.send_all(response->bytes(request.method));
}

}  // namespace purser::testing
