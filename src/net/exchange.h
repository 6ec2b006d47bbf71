// One call from its first request to its result: redirects inside authentication inside retries. A
// state machine without I/O: it is told what arrived and answers what to do next.
//
//   Exchange exchange(call, {.retry = policy, .auth = &authenticator});
//   Action action = exchange.start(moment);             // Send
//   action = exchange.on_response(response, moment);    // Send, Wait, FetchToken or Finish
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/authenticator.h"
#include "net/driver.h"
#include "purser/result.h"
#include "purser/retry.h"
#include "purser/transport.h"

namespace purser::net {

struct Send {
  http::Request request;
};
// Then on_timer.
struct Wait {
  std::chrono::steady_clock::time_point until = {};
  std::string reason = {};
  bool whole_host = false;  // the host asked for a pause: nothing else goes to it either
};
// Then on_token or on_token_error.
struct FetchToken {
  TokenRequest request;
};
struct Finish {
  Result<http::Response> result;
};
using Action = std::variant<Send, Wait, FetchToken, Finish>;

// What the world looks like when something happens. Passed in, so that tests decide it.
struct Moment {
  std::chrono::steady_clock::time_point now = {};
  std::chrono::system_clock::time_point wall = {};
  double random01 = 0.0;
  bool host_has_answered = true;  // ever, in this run
};

struct ExchangeOptions {
  RetryPolicy retry = {};
  Authenticator* auth = nullptr;  // none: challenges are not answered. Must outlive the exchange
  bool follow_redirects = true;
  // A wait that would go past it is not begun.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

// Thread rule: one thread at a time.
class Exchange {
 public:
  Exchange(Call call, ExchangeOptions options);

  Action start(const Moment& moment);
  Action on_response(http::Response response, const Moment& moment);
  Action on_failure(const http::Failure& failure, const Moment& moment);
  Action on_timer(const Moment& moment);
  // `fresh`: it was fetched for this call, not found in the cache.
  Action on_token(const Token& token, bool fresh);
  Action on_token_error(Error error);
  // The caller's stop or deadline came first.
  Action on_stop(std::string_view why) const;

 private:
  Action send() const;
  void begin_attempt();
  std::optional<Action> authenticate(const http::Response& response);
  std::optional<Action> redirect(const http::Response& response);
  std::optional<Action> retry(const http::Response& response, const Moment& moment);
  Action storage_error(const http::Response& response) const;
  Action wait(std::chrono::milliseconds delay, std::string reason, bool whole_host,
              const Moment& moment);
  Error error(ErrorCode code, std::string message, std::string hint = {}) const;

  Call call_;
  ExchangeOptions options_;
  int attempt_ = 1;

  // Of this attempt: it begins at the call's own URL again (an expired presigned one is not tried
  // twice).
  std::string url_;
  std::vector<std::string> visited_ = {};
  bool left_origin_ = false;

  std::optional<Authorization> authorization_;
  int challenged_ = 0;                    // 401s in this attempt
  std::string answering_;                 // key of the token that is being fetched
  std::vector<std::string> scopes_ = {};  // of that token
  bool proven_ = false;  // the authorization was got in answer to a challenge of this call: a
                         // second 401 is the registry's last word
};

}  // namespace purser::net
