#include "net/batch.h"

#include <algorithm>
#include <stop_token>

#include "core/text.h"
#include "core/time_text.h"
#include "net/random01.h"
#include "net/reach.h"
#include "net/trace.h"
#include "net/url.h"
#include "system/patience.h"

namespace purser::net {
namespace {

// Then the host is given up until the last one is over.
constexpr int kMaxPausesInARow = 6;

// How many runs this thread is inside: one that a callback of another one began holds that one up,
// and with it the tokens that it fetches.
thread_local int runs_of_this_thread = 0;

class RunCount {
 public:
  RunCount() { ++runs_of_this_thread; }
  ~RunCount() { --runs_of_this_thread; }
  RunCount(const RunCount&) = delete;
  RunCount& operator=(const RunCount&) = delete;
};

}  // namespace

std::string DriverShared::withheld(std::string_view text) {
  auto secrets = auth.credentials().secrets();
  for (std::string& token : auth.tokens().texts()) secrets.push_back(std::move(token));
  return SecretFilter(std::move(secrets)).apply(text);
}

Batch::Batch(DriverShared& shared, const CallOptions& options)
    : shared_(shared),
      options_(options),
      deadline_(deadline_of(options, shared.options.clock->now())) {}

Batch::~Batch() {
  cancel_all();
  for (const auto& [id, slot] : slots_) {
    if (slot->led) shared_.auth.tokens().abandon(slot->led);
  }
}

Status Batch::run(const Next& next) {
  const RunCount count;
  // The queue is shared with the callback, so a stop that comes late finds it alive.
  const std::stop_callback on_stop(options_.stop, [queue = queue_] { queue->wake(); });
  while (true) {
    if (const auto why = stopped()) return stop(*why);
    fill(next);
    if (slots_.empty()) {
      // A stop that came since is why nothing was pulled: not an end of the work.
      if (const auto why = stopped()) return stop(*why);
      return {};
    }
    if (queue_->empty()) shared_.options.clock->wait(*queue_, next_time());
    take_answers();
    fire_timers();
    settle_tokens();
    send_what_has_room();
  }
}

void Batch::fill(const Next& next) {
  // Those that wait for a token or for their next attempt count as well: the work is not pulled
  // faster than it is done.
  const std::size_t most = shared_.options.in_flight.value_or(AdaptiveWindow::kMost);
  while (held_ == 0 && calls_ < most && !stopped()) {
    auto item = next();
    if (!item) return;
    const SlotId id = ++last_slot_;
    const std::string origin(origin_text(item->call.request.url));
    auto slot = std::make_unique<Slot>(Exchange(std::move(item->call), exchange_options(false)));
    slot->done = std::move(item->done);
    slot->origin = origin;
    Exchange& exchange = slot->exchange;
    slots_.emplace(id, std::move(slot));
    ++calls_;
    perform(id, exchange.start(moment(origin)));
  }
}

void Batch::take_answers() {
  auto completions = queue_->take();
  // Before any callback, which may take its time: others may wait for the room.
  for (const http::Completion& completion : completions) {
    const auto found = in_flight_.find(completion.id);
    if (found == in_flight_.end()) continue;
    const auto* response = std::get_if<http::Response>(&completion.outcome);
    give_room_back(*slots_.at(found->second), verdict_on(completion.outcome),
                   response != nullptr && response->multiplexed);
  }
  for (http::Completion& completion : completions) {
    const auto found = in_flight_.find(completion.id);
    if (found == in_flight_.end()) continue;
    const SlotId id = found->second;
    in_flight_.erase(found);
    Slot& slot = *slots_.at(id);
    slot.request = 0;
    trace_outcome(slot, completion.outcome);
    if (auto* response = std::get_if<http::Response>(&completion.outcome)) {
      shared_.hosts.note_answer(slot.origin);
      if (verdict_on(completion.outcome) == Limiter::Verdict::answered) {
        shared_.hosts.note_service(slot.origin);
      }
      if (response->peer) shared_.hosts.note_zone(slot.origin, response->peer->zone);
      if (!slot.led) tell_of_notices(*response);
      perform(id, slot.exchange.on_response(std::move(*response), moment(slot.origin)));
    } else {
      perform(id, slot.exchange.on_failure(std::get<http::Failure>(completion.outcome),
                                           moment(slot.origin)));
    }
  }
}

void Batch::fire_timers() {
  const auto now = shared_.options.clock->now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const SlotId id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    Slot& slot = *slots_.at(id);
    if (slot.held) {
      --held_;
      send(id, *std::exchange(slot.held, std::nullopt));
    } else {
      perform(id, slot.exchange.on_timer(moment(slot.origin)));
    }
  }
}

// Looks at the tokens that calls wait for: fetched here, or by another thread of the same driver.
void Batch::settle_tokens() {
  TokenCache& tokens = shared_.auth.tokens();
  const std::vector<SlotId> waiting(awaiting_token_.begin(), awaiting_token_.end());
  for (const SlotId id : waiting) {
    Slot& slot = *slots_.at(id);
    const auto state = tokens.state(slot.awaited);
    if (state == TokenCache::FlightState::under_way) continue;
    awaiting_token_.erase(id);
    const auto flight = std::exchange(slot.awaited, nullptr);
    if (state == TokenCache::FlightState::abandoned) {
      perform(id, FetchToken{*slot.token_request});
      continue;
    }
    auto token = tokens.outcome(flight);
    perform(id, token ? slot.exchange.on_token(*token, true)
                      : slot.exchange.on_token_error(std::move(token).error()));
  }
}

Batch::TimePoint Batch::next_time() const {
  TimePoint end = deadline_;
  if (give_up_) end = std::min(end, std::max(*give_up_, end_of_asked_pause() + options_.grace));
  return timers_.empty() ? end : std::min(end, timers_.begin()->first);
}

// A server that names the time at which it will answer is not one that is silent: what has a grace
// waits for it, as what must be finished does.
Batch::TimePoint Batch::end_of_asked_pause() const {
  TimePoint end = TimePoint::min();
  if (options_.grace.count() == 0) return end;
  for (const auto& [id, slot] : slots_) {
    end = std::max(end, shared_.hosts.paused_until(slot->origin));
  }
  return end;
}

std::optional<std::string> Batch::stopped() {
  const auto now = shared_.options.clock->now();
  if (options_.stop.stop_requested()) {
    if (!give_up_) give_up_ = now + options_.grace;
    if (now >= *give_up_ && now >= end_of_asked_pause() + options_.grace) return "cancelled";
  }
  if (deadline_ != TimePoint::max() && now >= deadline_) return "the deadline has passed";
  return std::nullopt;
}

void Batch::cancel_all() {
  for (const auto& [request, slot] : in_flight_) shared_.options.transport->cancel(request);
  in_flight_.clear();
  for (const auto& [id, slot] : slots_) give_room_back(*slot, Limiter::Verdict::none);
}

Status Batch::stop(const std::string& why) {
  cancel_all();
  Error error;
  error.code = ErrorCode::cancelled;
  error.message = why;
  error.registry = shared_.options.registry.str();
  while (!slots_.empty()) {
    const auto slot = std::move(slots_.begin()->second);
    slots_.erase(slots_.begin());
    if (slot->led) shared_.auth.tokens().abandon(slot->led);
    if (!slot->done) continue;
    Action ended = slot->exchange.on_stop(why);
    slot->done(named(std::get<Finish>(std::move(ended)).result));
  }
  return Unexpected(std::move(error));
}

void Batch::perform(SlotId id, Action action) {
  while (true) {
    if (auto* to_send = std::get_if<Send>(&action)) return send(id, std::move(to_send->request));
    if (const auto* to_wait = std::get_if<Wait>(&action)) return wait(id, *to_wait);
    if (auto* to_finish = std::get_if<Finish>(&action)) {
      if (const auto until = to_finish->host_paused_until) {
        // Who waits for its end is told by whoever begins to.
        shared_.hosts.pause(slots_.at(id)->origin, shared_.options.clock->now(), *until,
                            to_finish->pause_reason);
      }
      return finish(id, std::move(to_finish->result));
    }
    auto next = fetch_token(id, std::move(std::get<FetchToken>(action).request));
    if (!next) return;
    action = *std::move(next);
  }
}

void Batch::send(SlotId id, http::Request request) {
  Slot& slot = *slots_.at(id);
  slot.origin = origin_text(request.url);
  const auto paused = shared_.hosts.paused_until(slot.origin);
  if (paused > shared_.options.clock->now()) {
    if (!waits_for(slot.origin, paused)) {
      return perform(id, slot.exchange.on_pause(paused, shared_.hosts.pause_reason(slot.origin),
                                                moment(slot.origin)));
    }
    hold(id, std::move(request));
    tell_of_wait({.what = slot.origin,
                  .why = shared_.hosts.pause_reason(slot.origin),
                  .until = paused,
                  .whole_host = true});
    timers_.emplace(paused, id);
    return;
  }
  if (!take_room(slot)) {
    hold(id, std::move(request));
    without_room_.push_back(id);
    return;
  }
  start(id, std::move(request));
}

// Told of room by the queue (net/limiter.h), which wakes the run.
void Batch::send_what_has_room() {
  for (const SlotId id : std::exchange(without_room_, {})) {
    const auto found = slots_.find(id);
    if (found == slots_.end() || !found->second->held) continue;
    --held_;
    send(id, *std::exchange(found->second->held, std::nullopt));
  }
}

void Batch::hold(SlotId id, http::Request request) {
  slots_.at(id)->held = std::move(request);
  ++held_;
}

// Not for one that is longer than any that would be waited for, and not for a host that has asked
// for one after the other and answered nothing between: a thousand requests would each find out.
bool Batch::waits_for(const std::string& origin, TimePoint paused_until) const {
  const RetryPolicy& policy = shared_.options.retry;
  return !options_.once && paused_until - shared_.options.clock->now() <= policy.max_retry_after &&
         shared_.hosts.pauses_in_a_row(origin) < kMaxPausesInARow;
}

// A change that rests on a look does not wait. Neither does a run that a callback of another one
// began: that one holds room, and gives it back when the callback has returned.
bool Batch::take_room(Slot& slot) {
  const bool beyond = options_.once || (runs_of_this_thread > 1 && in_flight_.empty());
  slot.has_room = shared_.limiter.acquire(slot.origin, queue_, beyond);
  return slot.has_room;
}

void Batch::give_room_back(Slot& slot, Limiter::Verdict verdict, bool multiplexed) {
  if (!std::exchange(slot.has_room, false)) return;
  shared_.limiter.release(slot.origin, {.verdict = verdict,
                                        .sent = slot.sent,
                                        .now = shared_.options.clock->now(),
                                        .multiplexed = multiplexed});
}

// A name may lead further inside the next time: by a second address, or by a new one. What
// has answered in this run is not followed there.
void Batch::bound(const std::string& origin, http::Request& request) const {
  const auto zone = shared_.hosts.zone(origin);
  if (!zone || *zone >= request.innermost_peer) return;
  const auto& listed = shared_.options.allowed_inner_hosts;
  const auto url = listed.empty() ? std::nullopt : Url::parse(request.url);
  if (url && is_listed(listed, url->origin())) return;
  request.innermost_peer = *zone;
}

void Batch::start(SlotId id, http::Request request) {
  const auto request_id = http::Transport::next_id();
  Slot& slot = *slots_.at(id);
  slot.request = request_id;
  slot.sent = shared_.options.clock->now();
  bound(slot.origin, request);
  trace_request(slot, request);
  in_flight_.emplace(request_id, id);
  shared_.options.transport->start(request_id, std::move(request), queue_);
}

void Batch::wait(SlotId id, const Wait& wait) {
  const auto delay =
      std::chrono::ceil<std::chrono::milliseconds>(wait.until - shared_.options.clock->now());
  log(LogEvent::Level::info, wait.reason + "; trying again in " + in_seconds(delay));
  const std::string& origin = slots_.at(id)->origin;
  if (wait.whole_host) {
    pause_host(origin, wait.until, wait.reason);
  } else {
    tell_of_wait({.what = origin, .why = wait.reason, .until = wait.until});
  }
  timers_.emplace(wait.until, id);
}

void Batch::pause_host(const std::string& origin, TimePoint until, const std::string& why) {
  if (!shared_.hosts.pause(origin, shared_.options.clock->now(), until, why)) return;
  tell_of_wait({.what = origin, .why = why, .until = until, .whole_host = true});
}

void Batch::tell_of_wait(Waiting waiting) const {
  if (!shared_.options.waiting) return;
  waiting.what = sanitize_for_terminal(shared_.withheld(waiting.what));
  waiting.why = sanitize_for_terminal(shared_.withheld(waiting.why));
  shared_.options.waiting(waiting);
}

// What to do next, or nothing: the call waits.
std::optional<Action> Batch::fetch_token(SlotId id, TokenRequest request) {
  Slot& slot = *slots_.at(id);
  // Another run may hold the token up: this thread's own, or one that waits for a pause to end.
  const bool alone = runs_of_this_thread > 1 || options_.once;
  auto ticket = shared_.auth.tokens().acquire(request, shared_.options.clock->now(), queue_, alone);
  if (ticket.token) return slot.exchange.on_token(*ticket.token, false);
  slot.awaited = ticket.flight;
  slot.token_request = request;
  awaiting_token_.insert(id);
  if (ticket.leads) lead(std::move(request), std::move(ticket.flight));
  return std::nullopt;
}

void Batch::lead(TokenRequest request, std::shared_ptr<TokenCache::Flight> flight) {
  const std::size_t identity = request.identity;
  TokenFetch fetch(std::move(request), shared_.auth.credentials().credential(identity),
                   shared_.options.registry.str());
  const SlotId id = ++last_slot_;
  auto slot = std::make_unique<Slot>(Exchange({.request = fetch.first()}, exchange_options(true)));
  slot->fetch = std::move(fetch);
  slot->identity = identity;
  slot->led = std::move(flight);
  Exchange& exchange = slot->exchange;
  slots_.emplace(id, std::move(slot));
  perform(id, exchange.start(moment({})));
}

void Batch::finish(SlotId id, Result<http::Response> result) {
  if (slots_.at(id)->led) return land(id, std::move(result));
  const auto slot = std::move(slots_.at(id));
  slots_.erase(id);
  --calls_;
  slot->done(named(std::move(result)));
}

Result<http::Response> Batch::named(Result<http::Response> result) const {
  if (result) return result;
  Error& error = result.error();
  // A server that leads to a name with a password in it has that name in the resolver's sentence.
  error.message = shared_.withheld(error.message);
  if (error.registry.empty()) error.registry = shared_.options.registry.str();
  return result;
}

// A token answer: the next request of the fetch, or its end.
void Batch::land(SlotId id, Result<http::Response> result) {
  Slot& slot = *slots_.at(id);
  if (result) {
    auto outcome = slot.fetch->on_answer(*result, shared_.options.clock->now());
    if (auto* request = std::get_if<http::Request>(&outcome)) {
      slot.exchange = Exchange({.request = std::move(*request)}, exchange_options(true));
      return perform(id, slot.exchange.start(moment(slot.origin)));
    }
    auto& token = std::get<Result<Token>>(outcome);
    if (token) shared_.auth.credentials().note_accepted(slot.identity);
    shared_.auth.tokens().land(slot.led, std::move(token));
  } else if (result.error().code == ErrorCode::cancelled) {
    give_up_token(slot.led, result.error());
  } else {
    result.error().message = "no token from " + slot.origin + ": " + result.error().message;
    shared_.auth.tokens().land(slot.led, Unexpected(std::move(result).error()));
  }
  slots_.erase(id);
}

// This caller has no time left for the token; others who wait for it may have.
void Batch::give_up_token(const std::shared_ptr<TokenCache::Flight>& flight, const Error& error) {
  const std::vector<SlotId> waiting(awaiting_token_.begin(), awaiting_token_.end());
  for (const SlotId id : waiting) {
    Slot& slot = *slots_.at(id);
    if (slot.awaited != flight) continue;
    awaiting_token_.erase(id);
    slot.awaited = nullptr;
    perform(id, slot.exchange.on_token_error(error));
  }
  shared_.auth.tokens().abandon(flight);
}

ExchangeOptions Batch::exchange_options(bool for_token) const {
  return {.retry = shared_.options.retry,
          .auth = for_token ? nullptr : &shared_.auth,
          .follow_redirects = !for_token,
          .inner_hosts = &shared_.options.allowed_inner_hosts,
          .deadline = deadline_,
          // The source of credentials knows no grace.
          .stop = options_.grace.count() > 0 ? std::stop_token() : options_.stop,
          .once = options_.once};
}

Moment Batch::moment(const std::string& origin) const {
  const auto& clock = *shared_.options.clock;
  return {clock.now(), clock.wall_now(), random01(), shared_.hosts.has_answered(origin)};
}

void Batch::log(LogEvent::Level level, std::string_view text) const {
  if (!shared_.options.log) return;
  shared_.options.log({level, sanitize_for_terminal(shared_.options.registry.str() + ": " +
                                                    shared_.withheld(text))});
}

void Batch::tell_of_notices(const http::Response& response) {
  for (LogEvent& news : shared_.notices.take(response.headers)) {
    log(news.level, std::move(news.text));
  }
}

// Nothing is put together unless somebody wants to see it.
void Batch::trace_request(Slot& slot, const http::Request& request) const {
  if (!shared_.options.trace) return;
  slot.secrets = SecretFilter::of(request);
  slot.traced = request.method + " " + traced_url(request.url);
  log(LogEvent::Level::debug,
      "> " + slot.traced + traced_request(request, slot.exchange.attempt()));
}

void Batch::trace_outcome(const Slot& slot, const http::Outcome& outcome) const {
  if (!shared_.options.trace) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      shared_.options.clock->now() - slot.sent);
  log(LogEvent::Level::debug, "< " + slot.traced + traced_outcome(outcome, took, slot.secrets));
}

}  // namespace purser::net
