// The transition table of Exchange, cell by cell: every state, every event.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/text.h"
#include "net/exchange.h"

namespace purser::net {
namespace {

using namespace std::chrono_literals;
using Kind = http::Failure::Kind;

constexpr char kUrl[] = "https://r.test/v2/a/manifests/v1";
constexpr char kAbroad[] = "https://cdn.test/blob";
constexpr char kBearer[] =
    R"(Bearer realm="https://r.test/token",service="r.test",scope="repository:a:pull")";

// The states by what the call has behind it:
//   bare      sent, without credentials          abroad    redirected to another origin
//   basic     sent with a password               waiting   for the next attempt
//   cached    sent with a token of the cache     fetching  a token that the registry asked for
//   fresh     sent with a token that was         ahead     fetching a token that nobody asked for
//             fetched for it                     finished
//   delete    a DELETE, sent with a fresh token
//   last      sent for the last time             late      sent shortly before the deadline
//   once      a PUT that is sent once
//
// What comes of it: "send" (with "basic" or "bearer", and "abroad" to another origin), "fetch",
// "wait", the status or the error that the call ends with, or "-": it cannot come, and ends the
// call as an internal error.
constexpr char kTable[] = R"(
event           | ready     | bare         | basic        | cached       | fresh        | delete       | last         | once         | late         | abroad       | waiting   | fetching     | ahead       | finished
start           | send      | -            | -            | -            | -            | -            | -            | -            | -            | -            | -         | -            | -           | -
200             | -         | 200          | 200          | 200          | 200          | 200          | 200          | 200          | 200          | 200          | -         | -            | -           | -
400             | -         | 400          | 400          | 400          | 400          | 400          | 400          | 400          | 400          | send         | -         | -            | -           | -
403             | -         | 403          | 403          | 403          | 403          | fetch        | 403          | 403          | 403          | send         | -         | -            | -           | -
404             | -         | 404          | 404          | 404          | 404          | 404          | 404          | 404          | 404          | bad_response | -         | -            | -           | -
401 bearer      | -         | fetch        | fetch        | fetch        | 401          | fetch        | fetch        | fetch        | fetch        | bad_response | -         | -            | -           | -
401 basic       | -         | send basic   | 401          | send basic   | send basic   | send basic   | send basic   | send basic   | send basic   | bad_response | -         | -            | -           | -
401 negotiate   | -         | unsupported  | unsupported  | unsupported  | unsupported  | unsupported  | unsupported  | unsupported  | unsupported  | bad_response | -         | -            | -           | -
401             | -         | 401          | 401          | 401          | 401          | 401          | 401          | 401          | 401          | bad_response | -         | -            | -           | -
307 here        | -         | send         | send basic   | send bearer  | send bearer  | send bearer  | send         | send         | send         | send abroad  | -         | -            | -           | -
303 here        | -         | send         | send basic   | send bearer  | send bearer  | refused      | send         | refused      | send         | send abroad  | -         | -            | -           | -
307 abroad      | -         | send abroad  | send abroad  | send abroad  | send abroad  | refused      | send abroad  | refused      | send abroad  | send abroad  | -         | -            | -           | -
307 home        | -         | send         | send basic   | send bearer  | send bearer  | send bearer  | send         | send         | send         | send         | -         | -            | -           | -
307 to http     | -         | refused      | refused      | refused      | refused      | refused      | refused      | refused      | refused      | refused      | -         | -            | -           | -
307 in a circle | -         | bad_response | bad_response | bad_response | bad_response | bad_response | bad_response | bad_response | bad_response | bad_response | -         | -            | -           | -
307 to a file   | -         | bad_response | bad_response | bad_response | bad_response | bad_response | bad_response | bad_response | bad_response | bad_response | -         | -            | -           | -
429             | -         | wait         | wait         | wait         | wait         | wait         | 429          | 429          | cancelled    | wait         | -         | -            | -           | -
429 for an hour | -         | rate_limited | rate_limited | rate_limited | rate_limited | rate_limited | rate_limited | rate_limited | rate_limited | rate_limited | -         | -            | -           | -
503             | -         | wait         | wait         | wait         | wait         | 503          | 503          | 503          | cancelled    | wait         | -         | -            | -           | -
unresolved      | -         | wait         | wait         | wait         | wait         | wait         | unreachable  | unreachable  | cancelled    | wait         | -         | -            | -           | -
broken          | -         | wait         | wait         | wait         | wait         | unreachable  | unreachable  | unreachable  | cancelled    | wait         | -         | -            | -           | -
bad certificate | -         | unreachable  | unreachable  | unreachable  | unreachable  | unreachable  | unreachable  | unreachable  | unreachable  | unreachable  | -         | -            | -           | -
too far inside  | -         | refused      | refused      | refused      | refused      | refused      | refused      | refused      | refused      | refused      | -         | -            | -           | -
too large       | -         | too_large    | too_large    | too_large    | too_large    | too_large    | too_large    | too_large    | too_large    | too_large    | -         | -            | -           | -
cut off by us   | -         | cancelled    | cancelled    | cancelled    | cancelled    | cancelled    | cancelled    | cancelled    | cancelled    | cancelled    | -         | -            | -           | -
host paused     | -         | rate_limited | rate_limited | rate_limited | rate_limited | rate_limited | rate_limited | rate_limited | rate_limited | rate_limited | -         | -            | -           | -
timer           | -         | -            | -            | -            | -            | -            | -            | -            | -            | -            | send      | -            | -           | -
fresh token     | -         | -            | -            | -            | -            | -            | -            | -            | -            | -            | -         | send bearer  | send bearer | -
cached token    | -         | -            | -            | -            | -            | -            | -            | -            | -            | -            | -         | send bearer  | send bearer | -
no token        | -         | -            | -            | -            | -            | -            | -            | -            | -            | -            | -         | unauthorized | send        | -
no time for it  | -         | -            | -            | -            | -            | -            | -            | -            | -            | -            | -         | cancelled    | cancelled   | -
stop            | cancelled | cancelled    | cancelled    | cancelled    | cancelled    | cancelled    | cancelled    | cancelled    | cancelled    | cancelled    | cancelled | cancelled    | cancelled   | cancelled
)";

Moment now() {
  return {std::chrono::steady_clock::time_point(1000h),
          std::chrono::system_clock::from_time_t(784111777), 0.5, true};
}

http::Response reply(int status, http::Headers headers = {}) {
  return {status, std::move(headers), {}};
}
http::Response challenge(const char* field) { return reply(401, {{"WWW-Authenticate", field}}); }
http::Response redirect(int status, const std::string& to) {
  return reply(status, {{"Location", to}});
}
Token token() { return {Secret("t"), std::chrono::steady_clock::time_point(2000h)}; }

// An exchange, and the authenticator that it must not outlive.
struct Bench {
  explicit Bench(const std::string& method = "GET", ExchangeOptions options = {})
      : auth(*RegistryName::parse("r.test"),
             single_credential(*RegistryName::parse("r.test"),
                               {.username = "me", .password = Secret("pw")}),
             {}) {
    Call call;
    call.request.method = method;
    call.request.url = kUrl;
    call.repository = "a";
    call.scope = method == "DELETE" ? "repository:a:delete" : "repository:a:pull";
    call.retry_when_outcome_unknown = method != "DELETE";
    options.auth = &auth;
    exchange.emplace(std::move(call), std::move(options));
  }
  Authenticator auth;
  std::optional<Exchange> exchange;
};

std::unique_ptr<Bench> started(const std::string& method = "GET", ExchangeOptions options = {}) {
  auto bench = std::make_unique<Bench>(method, std::move(options));
  bench->exchange->start(now());
  return bench;
}

std::unique_ptr<Bench> after(http::Response response, const std::string& method = "GET") {
  auto bench = started(method);
  bench->exchange->on_response(std::move(response), now());
  return bench;
}

std::unique_ptr<Bench> with_token(bool fresh, const std::string& method = "GET") {
  auto bench = after(challenge(kBearer), method);
  bench->exchange->on_token(token(), fresh);
  return bench;
}

const std::map<std::string, std::function<std::unique_ptr<Bench>()>>& states() {
  static const std::map<std::string, std::function<std::unique_ptr<Bench>()>> kStates = {
      {"ready", [] { return std::make_unique<Bench>(); }},
      {"bare", [] { return started(); }},
      {"basic", [] { return after(challenge("Basic realm=r")); }},
      {"cached", [] { return with_token(false); }},
      {"fresh", [] { return with_token(true); }},
      {"delete", [] { return with_token(true, "DELETE"); }},
      {"last", [] { return started("GET", {.retry = {.max_attempts = 1}}); }},
      {"once", [] { return started("PUT", {.once = true}); }},
      {"late", [] { return started("GET", {.deadline = now().now + 1ms}); }},
      {"abroad", [] { return after(redirect(307, kAbroad)); }},
      {"waiting", [] { return after(reply(503)); }},
      {"fetching", [] { return after(challenge(kBearer)); }},
      {"ahead",
       [] {
         // Another repository has shown where tokens come from.
         auto bench = std::make_unique<Bench>();
         const auto asked = challenge(kBearer);
         EXPECT_TRUE(bench->auth.answer({kUrl, "repository:z:pull", "z"},
                                        parse_challenges(asked.headers), std::nullopt));
         bench->exchange->start(now());
         return bench;
       }},
      {"finished", [] { return after(reply(200)); }},
  };
  return kStates;
}

using Event = std::function<Action(Exchange&)>;

Event answer(http::Response response) {
  return [response](Exchange& exchange) { return exchange.on_response(response, now()); };
}
Event failure(Kind kind) {
  return [kind](Exchange& exchange) { return exchange.on_failure({kind, "why"}, now()); };
}
Event no_token(ErrorCode code) {
  return [code](Exchange& exchange) { return exchange.on_token_error({.code = code}); };
}

const std::map<std::string, Event>& events() {
  static const std::map<std::string, Event> kEvents = {
      {"start", [](Exchange& exchange) { return exchange.start(now()); }},
      {"200", answer(reply(200))},
      {"400", answer(reply(400))},
      {"403", answer(reply(403))},
      {"404", answer(reply(404))},
      {"401 bearer", answer(challenge(kBearer))},
      {"401 basic", answer(challenge("Basic realm=r"))},
      {"401 negotiate", answer(challenge("Negotiate"))},
      {"401", answer(reply(401))},
      {"307 here", answer(redirect(307, "/x"))},
      {"303 here", answer(redirect(303, "/x"))},
      {"307 abroad", answer(redirect(307, "https://other.test/"))},
      {"307 home", answer(redirect(307, "https://r.test/x"))},
      {"307 to http", answer(redirect(307, "http://r.test/x"))},
      {"307 in a circle", answer(redirect(307, kUrl))},
      {"307 to a file", answer(redirect(307, "file:///etc/passwd"))},
      {"429", answer(reply(429))},
      {"429 for an hour", answer(reply(429, {{"Retry-After", "3600"}}))},
      {"503", answer(reply(503))},
      {"unresolved", failure(Kind::resolve)},
      {"broken", failure(Kind::broken)},
      {"bad certificate", failure(Kind::tls)},
      {"too far inside", failure(Kind::refused)},
      {"too large", failure(Kind::too_large)},
      {"cut off by us", failure(Kind::cancelled)},
      {"host paused",
       [](Exchange& exchange) {
         return exchange.on_pause(now().now + 7s, "the server answered 429", now());
       }},
      {"timer", [](Exchange& exchange) { return exchange.on_timer(now()); }},
      {"fresh token", [](Exchange& exchange) { return exchange.on_token(token(), true); }},
      {"cached token", [](Exchange& exchange) { return exchange.on_token(token(), false); }},
      {"no token", no_token(ErrorCode::unauthorized)},
      {"no time for it", no_token(ErrorCode::cancelled)},
      {"stop", [](Exchange& exchange) { return exchange.on_stop("stopped"); }},
  };
  return kEvents;
}

std::string text_of(const Action& action) {
  if (std::holds_alternative<Wait>(action)) return "wait";
  if (std::holds_alternative<FetchToken>(action)) return "fetch";
  if (const auto* finish = std::get_if<Finish>(&action)) {
    if (finish->result) return std::to_string(finish->result->status);
    const bool out_of_turn = finish->result.error().message.starts_with("internal error");
    return out_of_turn ? "-" : std::string(to_string(finish->result.error().code));
  }
  const auto& request = std::get<Send>(action).request;
  const std::string authorization(request.headers.get("Authorization").value_or(""));
  std::string text = "send";
  if (!authorization.empty()) {
    text += " " + to_lower(authorization.substr(0, authorization.find(' ')));
  }
  if (!request.url.starts_with("https://r.test/")) text += " abroad";
  return text;
}

Exchange::State state_after(const Action& action) {
  if (std::holds_alternative<Send>(action)) return Exchange::State::sent;
  if (std::holds_alternative<Wait>(action)) return Exchange::State::waiting;
  if (std::holds_alternative<FetchToken>(action)) return Exchange::State::fetching;
  return Exchange::State::finished;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '|');) {
    const auto begin = cell.find_first_not_of(' ');
    const auto end = cell.find_last_not_of(' ');
    cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
  }
  return cells;
}

TEST(ExchangeTableTest, EveryEventInEveryStateDoesWhatTheTableSays) {
  std::istringstream in(kTable + 1);
  std::string line;
  std::getline(in, line);
  const auto columns = cells_of(line);
  std::set<std::string> rows;
  while (std::getline(in, line)) {
    const auto cells = cells_of(line);
    ASSERT_EQ(cells.size(), columns.size()) << line;
    ASSERT_TRUE(events().count(cells[0])) << "no such event: " << cells[0];
    ASSERT_TRUE(rows.insert(cells[0]).second) << "twice: " << cells[0];
    for (std::size_t i = 1; i < cells.size(); ++i) {
      const auto bench = states().at(columns[i])();
      const Action action = events().at(cells[0])(*bench->exchange);
      EXPECT_EQ(text_of(action), cells[i]) << cells[0] << ", when " << columns[i];
      EXPECT_EQ(bench->exchange->state(), state_after(action)) << cells[0] << ", " << columns[i];
    }
  }
  // Nothing is left out.
  EXPECT_EQ(rows.size(), events().size());
  EXPECT_EQ(std::set<std::string>(columns.begin() + 1, columns.end()).size(), states().size());
}

}  // namespace
}  // namespace purser::net
