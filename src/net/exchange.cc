#include "net/exchange.h"

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "net/redirect.h"
#include "net/retry_after.h"
#include "net/scope.h"
#include "net/url.h"

namespace purser::net {
namespace {

using Kind = http::Failure::Kind;

// A token from the cache that has run out, a fresh one, one with more rights; the rest is spare.
// It ends what tokens that other calls fetch at the same time, and are refused too, could prolong.
constexpr int kMaxChallengesAnswered = 4;

std::string in_seconds(std::chrono::milliseconds time) {
  const auto ms = time.count();
  if (ms % 1000 == 0 || ms > 10'000) return std::to_string((ms + 999) / 1000) + " s";
  return std::to_string(ms) + " ms";
}

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
    default:
      return ErrorCode::unreachable;
  }
}

// Kinds after which nobody knows whether the server acted on the request.
bool outcome_unknown(Kind kind) { return kind == Kind::timeout || kind == Kind::broken; }

bool is_transient(Kind kind) {
  return outcome_unknown(kind) || kind == Kind::resolve || kind == Kind::connect;
}

}  // namespace

Exchange::Exchange(Call call, ExchangeOptions options)
    : call_(std::move(call)), options_(options), url_(call_.request.url) {}

Action Exchange::start(const Moment& moment) {
  if (options_.auth != nullptr) {
    authorization_ = options_.auth->at_hand(url_, call_.scope, moment.now);
  }
  return send();
}

Action Exchange::send() const {
  http::Request request = call_.request;
  request.url = url_;
  if (left_origin_) {
    request.headers.remove("Authorization");
    request.headers.remove("Cookie");
  } else if (authorization_) {
    request.headers.set("Authorization", authorization_->header);
  }
  return Send{std::move(request)};
}

void Exchange::begin_attempt() {
  url_ = call_.request.url;
  visited_.clear();
  left_origin_ = false;
}

Action Exchange::on_response(http::Response response, const Moment& moment) {
  if (response.status == 401) {
    if (auto action = authenticate(response)) return *std::move(action);
  }
  if (auto action = redirect(response)) return *std::move(action);
  if (auto action = retry(response, moment)) return *std::move(action);
  if (left_origin_ && response.status / 100 == 4) return storage_error(response);
  return Finish{std::move(response)};
}

// Only the registry can say that something is not there or not allowed. A 404 of the storage that
// it redirected to, handed on as if it were the registry's, would be taken for absence.
Action Exchange::storage_error(const http::Response& response) const {
  Error refused =
      error(ErrorCode::bad_response, "the registry redirects to " + std::string(origin_text(url_)) +
                                         ", which answered " + std::to_string(response.status));
  refused.http = HttpFailure{
      .status = response.status, .method = call_.request.method, .url = redacted_url(url_)};
  return Finish{Unexpected(std::move(refused))};
}

std::optional<Action> Exchange::authenticate(const http::Response& response) {
  // A place that the registry redirected to gets no credentials, whatever it asks.
  if (options_.auth == nullptr || left_origin_) return std::nullopt;
  if (++challenged_ > kMaxChallengesAnswered) return std::nullopt;
  const auto challenges = parse_challenges(response.headers);
  if (authorization_ && !authorization_->token_key.empty()) {
    const std::string text = authorization_->header.substr(std::string_view("Bearer ").size());
    options_.auth->tokens().drop(authorization_->token_key, Secret(text));
  }
  if (proven_) {
    // Once more only if the registry names a right that this token was not asked for.
    const bool wants_more =
        std::any_of(challenges.begin(), challenges.end(), [&](const Challenge& challenge) {
          return challenge.scheme == "bearer" &&
                 !covers(scopes_, challenge.get("scope").value_or(""));
        });
    if (!wants_more || scopes_.empty()) return std::nullopt;
  }
  auto answered = options_.auth->answer(url_, challenges, call_.scope);
  if (!answered) return Finish{Unexpected(std::move(answered).error())};
  if (!*answered) return std::nullopt;
  if (auto* header = std::get_if<Authorization>(&**answered)) {
    // The same words again would get the same answer: a refused password is not tried twice.
    if (authorization_ && authorization_->header == header->header) return std::nullopt;
    authorization_ = std::move(*header);
    proven_ = true;
    return send();
  }
  auto& request = std::get<TokenRequest>(**answered);
  if (proven_) {
    scopes_.clear();  // so that a third 401 ends it
  } else {
    scopes_ = request.scopes;
  }
  answering_ = request.key();
  return FetchToken{std::move(request)};
}

Action Exchange::on_token(const Token& token, bool fresh) {
  authorization_ = bearer(token, answering_);
  proven_ = proven_ || fresh;
  return send();
}

Action Exchange::on_token_error(Error token_error) {
  return Finish{Unexpected(std::move(token_error))};
}

std::optional<Action> Exchange::redirect(const http::Response& response) {
  if (!options_.follow_redirects) return std::nullopt;
  auto next = redirect_of(call_.request.method, url_, response);
  if (!next) return Finish{Unexpected(std::move(next).error())};
  if (!*next) return std::nullopt;
  visited_.push_back(url_);
  const bool loops = std::find(visited_.begin(), visited_.end(), (*next)->url) != visited_.end();
  if (loops || visited_.size() > static_cast<std::size_t>(kMaxRedirects)) {
    return Finish{Unexpected(
        error(ErrorCode::bad_response, loops ? "the server redirects in a circle"
                                             : "the server redirects more than 10 times"))};
  }
  url_ = std::move((*next)->url);
  left_origin_ = left_origin_ || !(*next)->same_origin;
  return send();
}

std::optional<Action> Exchange::retry(const http::Response& response, const Moment& moment) {
  const int status = response.status;
  if (!is_retryable_status(status)) return std::nullopt;
  // Only a 429 says that the server did not act.
  if (status != 429 && !call_.retry_when_outcome_unknown) return std::nullopt;
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
    return Finish{Unexpected(std::move(too_long))};
  }
  if (attempt_ >= options_.retry.max_attempts) return std::nullopt;
  const auto delay =
      asked ? std::chrono::milliseconds(*asked) : options_.retry.backoff(attempt_, moment.random01);
  return wait(delay, "the server answered " + std::to_string(status),
              status == 429 && !left_origin_, moment);
}

Action Exchange::on_failure(const http::Failure& failure, const Moment& moment) {
  const int limit = moment.host_has_answered ? options_.retry.max_attempts
                                             : std::min(options_.retry.max_attempts,
                                                        options_.retry.attempts_at_silent_host);
  const bool may_repeat = call_.retry_when_outcome_unknown || !outcome_unknown(failure.kind);
  if (is_transient(failure.kind) && may_repeat && attempt_ < limit) {
    return wait(options_.retry.backoff(attempt_, moment.random01), failure.message, false, moment);
  }
  std::string message = failure.message;
  if (attempt_ > 1) message += " (" + std::to_string(attempt_) + " attempts)";
  return Finish{Unexpected(error(code_for(failure.kind), std::move(message), hint_for(failure)))};
}

Action Exchange::wait(std::chrono::milliseconds delay, std::string reason, bool whole_host,
                      const Moment& moment) {
  if (options_.deadline - moment.now < delay) {
    return on_stop("the deadline comes before the next attempt: " + reason +
                   ", to be tried again in " + in_seconds(delay));
  }
  ++attempt_;
  return Wait{moment.now + delay, std::move(reason), whole_host};
}

Action Exchange::on_timer(const Moment&) {
  begin_attempt();
  // A token may have run out meanwhile; a 401 to it is then no last word.
  proven_ = false;
  challenged_ = 0;
  scopes_.clear();
  return send();
}

Action Exchange::on_stop(std::string_view why) const {
  return Finish{Unexpected(error(ErrorCode::cancelled, std::string(why)))};
}

Error Exchange::error(ErrorCode code, std::string message, std::string hint) const {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

}  // namespace purser::net
