// The retries of a call: what is tried again, when, and how the trying ends.
#include <algorithm>
#include <utility>

#include "core/time_text.h"
#include "net/exchange.h"
#include "net/retry_after.h"
#include "net/url.h"

namespace purser::net {
namespace {

using Kind = http::Failure::Kind;

std::string hint_for(const http::Failure& failure) {
  if (!failure.hint.empty()) return failure.hint;
  switch (failure.kind) {
    case Kind::resolve:
      return "Check the spelling of the host name";
    case Kind::connect:
      return "Check the host and the port, and that the registry is running";
    case Kind::tls:
      return "If the registry's certificate comes from a CA of your own, name it with --ca-file";
    default:
      return {};
  }
}

ErrorCode code_for(Kind kind) {
  switch (kind) {
    case Kind::too_large:
      return ErrorCode::too_large;
    case Kind::cancelled:
      return ErrorCode::cancelled;
    case Kind::invalid:
      return ErrorCode::invalid_argument;
    case Kind::refused:
      return ErrorCode::refused;
    default:
      return ErrorCode::unreachable;
  }
}

// Kinds after which nobody knows whether the server acted on the request.
bool outcome_unknown(Kind kind) { return kind == Kind::timeout || kind == Kind::broken; }

// Kinds that may go by, after which the server has certainly not got it.
bool never_sent(Kind kind) { return kind == Kind::resolve || kind == Kind::connect; }

bool is_transient(Kind kind) { return outcome_unknown(kind) || never_sent(kind); }

}  // namespace

Action Exchange::on_pause(std::chrono::steady_clock::time_point until, std::string_view why,
                          const Moment& moment) {
  if (state_ != State::sent) return out_of_step("a pause");
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - moment.now);
  Error paused = error(ErrorCode::rate_limited,
                       std::string(why) + " and asked for a pause, of which " + in_seconds(left) +
                           " are left, and nothing was sent",
                       "Try again after that time");
  paused.retry_after = left;
  paused.not_done = true;
  return enter(Finish{Unexpected(std::move(paused))});
}

std::optional<Action> Exchange::retry(const http::Response& response, const Moment& moment) {
  const int status = response.status;
  if (!is_retryable_status(status)) return std::nullopt;
  const bool limited = status == 429 || status == 503;
  const auto field = limited ? response.headers.get("Retry-After") : std::nullopt;
  const auto asked = field ? parse_retry_after(*field, moment.wall) : std::nullopt;
  if (asked && *asked > options_.retry.max_retry_after) {
    Error too_long = error(
        ErrorCode::rate_limited,
        "the server answered " + std::to_string(status) + " and asks to wait " + in_seconds(*asked),
        "Try again after that time");
    too_long.http =
        HttpFailure{.status = status, .method = call_.request.method, .url = redacted_url(url_)};
    too_long.retry_after = asked;
    too_long.not_done = status == 429;
    Finish ended{Unexpected(std::move(too_long))};
    if (!left_origin_) ended.host_paused_until = moment.now + *asked;
    ended.pause_reason = "the server answered " + std::to_string(status);
    return ended;
  }
  const auto delay =
      asked ? std::chrono::milliseconds(*asked) : options_.retry.backoff(attempt_, moment.random01);
  const bool whole_host = (status == 429 || asked) && !left_origin_;
  // Only a 429 says that the server did not act.
  const bool may_repeat = status == 429 || call_.retry_when_outcome_unknown;
  if (may_repeat && !options_.once && attempt_ < options_.retry.max_attempts) {
    return wait(delay, "the server answered " + std::to_string(status), whole_host, moment);
  }
  // The pause is the host's, whatever becomes of this call.
  if (!whole_host) return std::nullopt;
  return Finish{response, moment.now + delay, "the server answered " + std::to_string(status)};
}

Action Exchange::failed(const http::Failure& failure, const Moment& moment) {
  if (failure.kind == Kind::refused) return Finish{Unexpected(refusal(failure))};
  if (parts_ && failure.cut && parts_->keep(*failure.cut)) attempt_ = 1;
  const int limit = moment.host_has_answered ? options_.retry.max_attempts
                                             : std::min(options_.retry.max_attempts,
                                                        options_.retry.attempts_at_silent_host);
  const bool may_repeat = call_.retry_when_outcome_unknown || !outcome_unknown(failure.kind);
  if (is_transient(failure.kind) && may_repeat && attempt_ < limit && !options_.once) {
    return wait(options_.retry.backoff(attempt_, moment.random01), failure.message, false, moment);
  }
  std::string message = failure.message;
  if (attempt_ > 1) message += " (" + std::to_string(attempt_) + " attempts)";
  const bool unsent = options_.once && never_sent(failure.kind);
  if (unsent) message += ", and nothing was sent";
  Error ended = error(code_for(failure.kind), std::move(message), hint_for(failure));
  ended.not_done = unsent;
  return Finish{Unexpected(std::move(ended))};
}

Error Exchange::refusal(const http::Failure& failure) const {
  const auto url = Url::parse(url_);
  const std::string host = url ? url->origin().str() : url_;
  const std::string bare = host.substr(std::min(host.size(), host.find("://") + 3));
  return error(ErrorCode::refused,
               "the registry leads to a place further inside than its own, which was not asked: " +
                   failure.message,
               "If " + bare + " belongs to the registry, allow it with --allow-inside " + bare);
}

Action Exchange::wait(std::chrono::milliseconds delay, std::string reason, bool whole_host,
                      const Moment& moment) {
  if (options_.deadline - moment.now < delay) {
    return Finish{Unexpected(
        error(ErrorCode::cancelled, "the deadline comes before the next attempt: " + reason +
                                        ", to be tried again in " + in_seconds(delay)))};
  }
  ++attempt_;
  return Wait{moment.now + delay, std::move(reason), whole_host};
}

}  // namespace purser::net
