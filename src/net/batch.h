// One run of the driver: the exchanges of one caller, on the caller's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/authenticator.h"
#include "net/driver.h"
#include "net/exchange.h"
#include "net/host_book.h"
#include "net/limiter.h"
#include "net/notices.h"
#include "net/token_cache.h"
#include "net/withhold.h"

namespace purser::net {

// What all runs of a driver share.
struct DriverShared {
  explicit DriverShared(DriverOptions driver_options)
      : options(std::move(driver_options)),
        auth(options.registry, options.credentials, options.allowed_auth_realms,
             options.allowed_inner_hosts),
        limiter(options.in_flight) {}

  // The text without the secrets of this run: those of its credentials, and the tokens that live.
  std::string withheld(std::string_view text);

  const DriverOptions options;
  Authenticator auth;
  HostBook hosts;
  Limiter limiter;
  Notices notices;
};

// Thread rule: one thread at a time. Its destructor ends what is still under way, so that no
// request outlives its caller, whichever way the caller leaves.
class Batch {
 public:
  using Next = std::function<std::optional<Driver::Item>()>;

  Batch(DriverShared& shared, const CallOptions& options);
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  Status run(const Next& next);

 private:
  using SlotId = std::uint64_t;
  using TimePoint = std::chrono::steady_clock::time_point;

  // A call, or the fetching of a token that calls wait for.
  struct Slot {
    explicit Slot(Exchange e) : exchange(std::move(e)) {}
    Exchange exchange;
    std::function<void(Result<http::Response>)> done = {};
    http::RequestId request = 0;  // in flight; 0: none
    std::string origin = {};      // it goes to
    std::string traced = {};      // "GET https://...", where traces are wanted
    SecretFilter secrets = {};    // of what was sent, there too
    TimePoint sent = {};
    std::optional<http::Request> held = {};  // until the host's pause is over, or it has room
    bool has_room = false;                   // of the limiter's: to be given back once
    std::shared_ptr<TokenCache::Flight> awaited = {};  // the token that a call waits for
    std::optional<TokenRequest> token_request = {};
    std::optional<TokenFetch> fetch = {};  // of a token fetch, with the flight that it leads
    std::shared_ptr<TokenCache::Flight> led = {};
    std::size_t identity = 0;  // whose token it is
  };

  void fill(const Next& next);
  void take_answers();
  void fire_timers();
  void send_what_has_room();
  void settle_tokens();
  TimePoint next_time() const;
  TimePoint end_of_asked_pause() const;
  std::optional<std::string> stopped();
  Status stop(const std::string& why);

  void perform(SlotId id, Action action);
  void send(SlotId id, http::Request request);
  void bound(const std::string& origin, http::Request& request) const;
  void start(SlotId id, http::Request request);
  bool waits_for(const std::string& origin, TimePoint paused_until) const;
  void hold(SlotId id, http::Request request);
  bool take_room(Slot& slot);
  void give_room_back(Slot& slot, Limiter::Verdict verdict, bool multiplexed = false);
  void cancel_all();
  void wait(SlotId id, const Wait& wait);
  void pause_host(const std::string& origin, TimePoint until, const std::string& why);
  void tell_of_wait(Waiting waiting) const;
  std::optional<Action> fetch_token(SlotId id, TokenRequest request);
  void lead(TokenRequest request, std::shared_ptr<TokenCache::Flight> flight);
  void finish(SlotId id, Result<http::Response> result);
  Result<http::Response> named(Result<http::Response> result) const;
  void land(SlotId id, Result<http::Response> result);
  void give_up_token(const std::shared_ptr<TokenCache::Flight>& flight, const Error& error);
  ExchangeOptions exchange_options(bool for_token) const;
  Moment moment(const std::string& origin) const;
  void log(LogEvent::Level level, std::string_view text) const;
  void tell_of_notices(const http::Response& response);
  void trace_request(Slot& slot, const http::Request& request) const;
  void trace_outcome(const Slot& slot, const http::Outcome& outcome) const;

  DriverShared& shared_;
  const CallOptions& options_;
  const TimePoint deadline_;
  std::optional<TimePoint> give_up_ = {};  // the end of the grace, once the stop has come
  std::shared_ptr<http::CompletionQueue> queue_ = std::make_shared<http::CompletionQueue>();
  SlotId last_slot_ = 0;
  std::map<SlotId, std::unique_ptr<Slot>> slots_;
  std::size_t calls_ = 0;  // the slots that are calls: the window counts them alone
  std::size_t held_ = 0;   // slots with a request that is held
  std::map<http::RequestId, SlotId> in_flight_;
  std::set<std::pair<TimePoint, SlotId>> timers_;
  std::set<SlotId> awaiting_token_;
  std::vector<SlotId> without_room_;  // held, in the order in which they came
};

}  // namespace purser::net
