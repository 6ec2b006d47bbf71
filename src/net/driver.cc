#include "net/driver.h"

#include <deque>
#include <map>
#include <utility>

namespace purser::net {

struct Driver::State {
  DriverOptions options;
};

Driver::Driver(DriverOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
}
Driver::~Driver() = default;

Result<http::Response> Driver::run(Call call, const CallOptions& options) {
  std::optional<Result<http::Response>> answer;
  std::optional<Item> only =
      Item{std::move(call), [&](Result<http::Response> result) { answer = std::move(result); }};
  const Status status = run_each([&] { return std::exchange(only, std::nullopt); }, options);
  if (!answer) return Unexpected(status.error());
  return *std::move(answer);
}

Status Driver::run_each(const std::function<std::optional<Item>()>& next,
                        const CallOptions& options) {
  (void)options;
  const auto queue = std::make_shared<http::CompletionQueue>();
  std::map<http::RequestId, std::function<void(Result<http::Response>)>> flying;
  bool more = true;
  while (true) {
    while (more && flying.size() < state_->options.in_flight) {
      auto item = next();
      if (!item) break;
      const auto id = http::Transport::next_id();
      flying.emplace(id, std::move(item->done));
      state_->options.transport->start(id, std::move(item->call.request), queue);
    }
    if (flying.empty()) return {};
    state_->options.clock->wait(*queue, std::chrono::steady_clock::time_point::max());
    for (auto& completion : queue->take()) {
      const auto found = flying.find(completion.id);
      const auto done = std::move(found->second);
      flying.erase(found);
      if (auto* response = std::get_if<http::Response>(&completion.outcome)) {
        done(std::move(*response));
      } else {
        Error error;
        error.code = ErrorCode::unreachable;
        error.message = std::get<http::Failure>(completion.outcome).message;
        error.registry = state_->options.registry.str();
        done(Unexpected(std::move(error)));
      }
    }
  }
}

Driver::AuthSeen Driver::auth_seen() const { return {}; }

}  // namespace purser::net
