#include "net/driver.h"

#include <utility>

#include "net/batch.h"

namespace purser::net {

struct Driver::State : DriverShared {
  using DriverShared::DriverShared;
};

Driver::Driver(DriverOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Driver::~Driver() = default;

Result<http::Response> Driver::run(Call call, const CallOptions& options) {
  std::optional<Result<http::Response>> answer;
  std::optional<Item> only =
      Item{std::move(call), [&](Result<http::Response> result) { answer = std::move(result); }};
  const Status status = run_each([&] { return std::exchange(only, std::nullopt); }, options);
  if (!answer) return Unexpected(status.error());  // stopped before it began
  return *std::move(answer);
}

Status Driver::run_each(const std::function<std::optional<Item>()>& next,
                        const CallOptions& options) {
  return Batch(*state_, options).run(next);
}

Driver::AuthSeen Driver::auth_seen() const {
  auto seen = state_->auth.seen();
  return {std::move(seen.scheme), std::move(seen.realm)};
}

std::optional<RateLimit> Driver::rate_limit() const { return state_->notices.rate_limit(); }

std::string Driver::withheld(std::string_view text) const { return state_->withheld(text); }

Result<Driver::Identity> Driver::identity(std::string_view repository) const {
  const auto known = state_->auth.credentials().find(repository);
  if (!known) return Unexpected(known.error());
  if (!known->credential) return Identity{};
  return Identity{false, known->credential->username, known->credential->source,
                  known->credential->remedy};
}

}  // namespace purser::net
