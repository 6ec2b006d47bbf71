#include "registry/tries.h"

#include <fmt/format.h>

#include <algorithm>
#include <stop_token>
#include <utility>

#include "core/text.h"
#include "core/time_text.h"
#include "net/random01.h"
#include "system/patience.h"

namespace purser {
namespace {

Unexpected cut_short(Error error, const std::string& why) {
  error.code = ErrorCode::cancelled;
  error.message = why + ": " + error.message;
  return Unexpected(std::move(error));
}

}  // namespace

std::shared_ptr<http::Clock> clock_of(const Reader& reader) {
  const auto& own = reader.options().clock;
  return own ? own : http::system_clock();
}

Tries::Tries(const Reader& reader, const CallOptions& options, OnWait on_wait)
    : reader_(reader),
      stop_(options.stop),
      grace_(options.grace),
      on_wait_(std::move(on_wait)),
      clock_(clock_of(reader)),
      deadline_(deadline_of(options, clock_->now())) {}

Status Tries::wait_after(const Error& error) {
  const bool goes_by =
      error.code == ErrorCode::rate_limited || error.code == ErrorCode::unreachable;
  const RetryPolicy& policy = reader_.options().retry;
  auto delay = error.retry_after.value_or(policy.backoff(tried_, net::random01()));
  if (!goes_by || tried_ >= policy.max_attempts || delay > policy.max_retry_after) {
    return Unexpected(error);
  }
  if (const auto answered = std::exchange(answered_, std::nullopt); answered && error.retry_after) {
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_->now() - *answered);
    delay = std::max(delay - passed, std::chrono::milliseconds(0));
  }
  // What must be finished waits for the time at which the server said that it will answer.
  const bool stoppable = grace_.count() == 0 || !error.retry_after;
  if (stoppable && stopped()) return cut_short(error, "stopped before the next try");
  if (deadline_ - clock_->now() < delay) {
    return cut_short(error, "the deadline comes before the next try, in " + in_seconds(delay));
  }
  ++tried_;
  tell(delay, error);
  const TimePoint until = clock_->now() + delay;
  if (const WaitSink& waiting = reader_.options().waiting) {
    waiting({.what = sanitize_for_terminal(error.registry + "/" + error.subject),
             .why = sanitize_for_terminal(error.message),
             .until = until});
  }
  http::CompletionQueue nothing_comes;
  const std::stop_callback on_stop(stop_, [&] { nothing_comes.wake(); });
  while (clock_->now() < until) {
    if (stoppable && stopped()) return cut_short(error, "stopped while waiting for the next try");
    clock_->wait(nothing_comes, stoppable ? std::min(until, give_up_.value_or(until)) : until);
  }
  return {};
}

bool Tries::stopped() {
  if (!stop_.stop_requested()) return false;
  if (!give_up_) give_up_ = clock_->now() + grace_;
  return clock_->now() >= *give_up_;
}

void Tries::tell(std::chrono::milliseconds delay, const Error& error) const {
  const std::string what =
      fmt::format("wait {}: {}", in_seconds(delay), sanitize_for_terminal(error.message));
  if (on_wait_) on_wait_(what);
  if (const LogSink& log = reader_.options().log) {
    log({LogEvent::Level::info,
         sanitize_for_terminal(fmt::format("{}/{}: {}", error.registry, error.subject, what))});
  }
}

}  // namespace purser
