#include "testing/proxy.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <memory>
#include <optional>
#include <utility>

#include "testing/harness_error.h"

namespace purser::testing {
namespace {

constexpr std::chrono::seconds kUpstreamPatience{30};

std::string bytes_of(const WireRequest& request) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  for (const auto& [name, value] : request.headers.fields) {
    // The body is here already, in one piece; the server behind need not be asked whether to send.
    const std::string lower = [&] {
      std::string copy = name;
      for (char& c : copy) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
      return copy;
    }();
    if (lower == "expect" || lower == "transfer-encoding" || lower == "connection") continue;
    text += fmt::format("{}: {}\r\n", name, value);
  }
  if (!request.headers.has("Content-Length") && request.headers.has("Transfer-Encoding")) {
    text += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  return text + "\r\n" + request.body;
}

bool stays_open(const WireRequest& request, const WireResponse& response) {
  const bool framed = request.method == "HEAD" || response.headers.has("Content-Length") ||
                      response.headers.has("Transfer-Encoding") || response.status == 204 ||
                      response.status == 304;
  return framed && response.headers.get("Connection") != "close";
}

}  // namespace

struct Proxy::Rule {
  Match match;
  std::shared_ptr<const re2::RE2> pattern;
  Action action;
  std::size_t seen = 0;

  bool fits(const WireRequest& request) const {
    return (match.method.empty() || match.method == request.method) &&
           re2::RE2::PartialMatch(request.target, *pattern);
  }
};

Proxy::Proxy(std::uint16_t upstream_port)
    : upstream_port_(upstream_port), server_([this](const WireRequest& request) {
        const Action action = action_for(request);
        return action ? action(request) : Answer{.response = forward(request)};
      }) {}

Proxy::~Proxy() { server_.stop(); }

void Proxy::before(const Match& match, Hook hook) {
  add(match, [this, hook = std::move(hook)](const WireRequest& request) {
    hook(request);
    return Answer{.response = forward(request)};
  });
}

void Proxy::after(const Match& match, Hook hook) {
  add(match, [this, hook = std::move(hook)](const WireRequest& request) {
    Answer answer{.response = forward(request)};
    hook(request);
    return answer;
  });
}

void Proxy::answer(const Match& match, WireResponse response) {
  add(match, [response = std::move(response)](const WireRequest&) {
    return Answer{.response = response};
  });
}

void Proxy::drop(const Match& match) {
  add(match, [](const WireRequest&) { return Answer{.reset = true}; });
}

void Proxy::stall(const Match& match) {
  add(match, [this](const WireRequest& request) {
    server_.stall();
    return Answer{.response = forward(request)};
  });
}

void Proxy::stall_and_drop(const Match& match) {
  add(match, [this](const WireRequest&) {
    server_.stall();
    return Answer{.reset = true};
  });
}

void Proxy::stall_answer(const Match& match) {
  add(match, [this](const WireRequest& request) {
    Answer answer{.response = forward(request)};
    server_.stall();
    return answer;
  });
}

void Proxy::change_answer(const Match& match, Change change) {
  add(match, [this, change = std::move(change)](const WireRequest& request) {
    Answer answer{.response = forward(request)};
    change(request, answer.response);
    return answer;
  });
}

void Proxy::act(const Match& match, Act act) {
  add(match, [this, act = std::move(act)](const WireRequest& request) {
    return act(request, [&] { return forward(request); });
  });
}

void Proxy::cut_answer(const Match& match, std::size_t after_bytes) {
  add(match, [this, after_bytes](const WireRequest& request) {
    return Answer{.response = forward(request), .cut_after = after_bytes};
  });
}

void Proxy::lose_answer(const Match& match) {
  add(match, [this](const WireRequest& request) {
    forward(request);
    return Answer{.reset = true};
  });
}

void Proxy::clear_rules() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

void Proxy::add(const Match& match, Action action) {
  Rule rule{match, std::make_shared<const re2::RE2>(match.target), std::move(action)};
  // A rule that matches nothing would make a test pass for the wrong reason.
  if (!rule.pattern->ok()) throw HarnessError("bad pattern of a proxy rule: " + match.target);
  const std::lock_guard lock(mutex_);
  rules_.push_front(std::move(rule));
}

Proxy::Action Proxy::action_for(const WireRequest& request) {
  const std::lock_guard lock(mutex_);
  for (Rule& rule : rules_) {
    if (!rule.fits(request)) continue;
    const std::size_t nth = rule.seen++;
    if (nth >= rule.match.skip && nth - rule.match.skip < rule.match.times) return rule.action;
  }
  return {};
}

WireResponse Proxy::forward(const WireRequest& request) {
  const std::string bytes = bytes_of(request);
  for (;;) {
    Socket socket = idle_connection();
    const bool used_before = static_cast<bool>(socket);
    if (!used_before) socket = connect_to_loopback(upstream_port_);
    if (!socket) break;
    WireReader reader(socket, kUpstreamPatience);
    std::optional<WireResponse> response;
    if (socket.send_all(bytes)) response = reader.response(request.method);
    if (response) {
      if (stays_open(request, *response)) {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(socket));
      }
      return *response;
    }
    // A connection that the server closed while it was idle says nothing about the request.
    if (!used_before) break;
  }
  return {.status = 502, .body = "the proxy of the test got no answer from the registry\n"};
}

Socket Proxy::idle_connection() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return {};
  Socket socket = std::move(idle_.back());
  idle_.pop_back();
  return socket;
}

}  // namespace purser::testing
