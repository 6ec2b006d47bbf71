// One call, from its first request to what comes of it: redirect inside authentication inside
// retry. A state machine without I/O: it is told what arrived and answers what to do next.
//
//   Exchange exchange(call, {.retry = policy, .auth = &authenticator});
//   Action action = exchange.start(moment);             // Send
//   action = exchange.on_response(response, moment);    // Send, Wait, FetchToken or Finish
//
// What it does in which state; the left-most rule that fits decides. A cell that is empty cannot
// come up: it ends the call with an error that says so. exchange_table_test.cc has the table cell
// by cell.
//
//               | ready | sent                                        | waiting | fetching |
//               finished
//   start       | S F   |                                             |         |          |
//   401         |       | at the registry: S, F, or X as it came      |         |          |
//   redirect    |       | S, or X: refused, in a circle, without end  |         |          |
//   408 ... 5xx |       | W, X after the last attempt                 |         |          |
//   400, 403    |       | of storage: S, at the registry again        |         |          |
//   other       |       | X                                           |         |          |
//   no answer   |       | W, X after the last attempt                 |         |          |
//   pause       |       | X                                           |         |          |
//   time        |       |                                             | S F     |          |
//   token       |       |                                             |         | S        |
//   no token    |       |                                             |         | S F X    |
//   stop        | X     | X                                           | X       | X        | X
//
//   S: Send   F: FetchToken   W: Wait   X: Finish
//
// A wait that the deadline would cut is not begun: X. A call that is sent once waits for nothing: X
// in place of W. Only the caller of such a call tells of a pause of the host. A token that is
// fetched ahead of any challenge and not to be had is gone without: S. A 401 or 403 to a delete,
// and a scope that the token server does not know, are asked for in the next form of the right to
// delete: F.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/authenticator.h"
#include "net/body_parts.h"
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
  // The host asked for a pause, which this call does not wait for: nothing else goes to it.
  std::optional<std::chrono::steady_clock::time_point> host_paused_until = {};
  std::string pause_reason = {};  // "the server answered 429"
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
  // Hosts that may be further inside than the registry. Must outlive the exchange.
  const std::vector<std::string>* inner_hosts = nullptr;
  // A wait that would go past it is not begun.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token stop = {};  // the caller's, for what a call waits for by itself
  bool once = false;          // CallOptions::once: nothing is waited for, nothing sent twice
};

// Thread rule: one thread at a time.
class Exchange {
 public:
  // What it waits for: to be started, an answer, the time, a token, or nothing more.
  enum class State { ready, sent, waiting, fetching, finished };

  Exchange(Call call, ExchangeOptions options);

  Action start(const Moment& moment);
  Action on_response(http::Response response, const Moment& moment);
  Action on_failure(const http::Failure& failure, const Moment& moment);
  // Instead of sending what start, an answer or a token led to: the host asked for a pause, and
  // this call is not to wait for its end.
  Action on_pause(std::chrono::steady_clock::time_point until, std::string_view why,
                  const Moment& moment);
  Action on_timer(const Moment& moment);
  // `fresh`: it was fetched for this call, not found in the cache.
  Action on_token(const Token& token, bool fresh);
  Action on_token_error(Error error);
  // The caller's stop or deadline came first.
  Action on_stop(std::string_view why);

  State state() const noexcept { return state_; }
  int attempt() const noexcept { return attempt_; }  // counted from 1

 private:
  Action enter(Action action);
  Action out_of_step(std::string_view what);

  Action send() const;
  Action begin(const Moment& moment);
  Action answered(http::Response response, const Moment& moment);
  Action failed(const http::Failure& failure, const Moment& moment);
  Action no_token(Error error);
  void begin_attempt();
  Need need(const Moment& moment) const;

  std::optional<Action> authenticate(const http::Response& response, const Moment& moment);
  std::optional<Action> fetch(TokenRequest request, bool invalid_token,
                              const http::Response& response);
  std::optional<Action> widen(const http::Response& response);
  void settle_delete_form(int status) const;
  std::optional<Action> redirect(const http::Response& response);
  std::optional<Action> join(http::Response& response);
  std::optional<Action> restart(const http::Response& response);
  std::optional<Action> retry(const http::Response& response, const Moment& moment);
  Action storage_error(const http::Response& response) const;
  Action wait(std::chrono::milliseconds delay, std::string reason, bool whole_host,
              const Moment& moment);
  Error error(ErrorCode code, std::string message, std::string hint = {}) const;
  Error refusal(const http::Failure& failure) const;
  Error withheld(Error error) const;

  Call call_;
  ExchangeOptions options_;
  State state_ = State::ready;
  int attempt_ = 1;

  // Of this attempt: it begins at the call's own URL again (an expired presigned one is not tried
  // twice).
  std::string url_;
  std::vector<std::string> visited_ = {};
  bool left_origin_ = false;
  http::Zone innermost_peer_;                 // of url_
  std::optional<http::Zone> connected_ = {};  // where the registry answered from
  int restarts_ = 0;                          // after a presigned URL that had expired

  std::optional<BodyParts> parts_ = {};  // of content that may come in several answers

  std::vector<std::string> scope_forms_;
  std::size_t scope_form_ = 0;
  std::size_t first_scope_form_ = 0;
  std::optional<Error> first_form_error_ = {};  // of the token for it
  std::optional<http::Response> denied_ = {};   // what the registry said to the last form

  std::optional<Authorization> authorization_ = {};
  int challenged_ = 0;             // 401s in this attempt
  TokenRequest asked_token_ = {};  // the last that was to be fetched
  bool ahead_ = false;             // and no challenge asked for it
  std::string fresh_key_ = {};     // of the last token that was fetched for this call
  bool renewed_ = false;           // once more, for it was called invalid
  std::string refused_key_ = {};   // of the token fetched ahead that was not to be had
  std::optional<Error> refused_error_ = {};
};

}  // namespace purser::net
