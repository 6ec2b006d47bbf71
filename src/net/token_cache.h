// The tokens of one registry, each fetched once however many wait for it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/token.h"
#include "purser/result.h"
#include "purser/transport.h"

namespace purser::net {

// Thread rule: all members may be called at once.
class TokenCache {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // A token that is being fetched. Whoever leads fetches it and lands or abandons it.
  struct Flight;
  struct Ticket {
    std::optional<Token> token = {};      // there is one that lives
    std::shared_ptr<Flight> flight = {};  // otherwise: this one is under way
    bool leads = false;                   // and the caller has to fetch it
  };

  // The token of this request; for a request of one scope, one with more rights will do. `queue` is
  // woken when the flight ends. `alone`: of the flights, only one of the same queue will do; who
  // leads another one may be waiting for the caller, or longer than the caller wants to.
  Ticket acquire(const TokenRequest& request, TimePoint now,
                 const std::shared_ptr<http::CompletionQueue>& queue, bool alone = false);
  // The token, if one that lives is there; fetches nothing.
  std::optional<Token> peek(const TokenRequest& request, TimePoint now);

  // How the leader ends a flight: with what came of it, or (cancelled) with nothing, so that
  // another one leads.
  void land(const std::shared_ptr<Flight>& flight, Result<Token> outcome);
  void abandon(const std::shared_ptr<Flight>& flight);
  enum class FlightState { under_way, landed, abandoned };
  FlightState state(const std::shared_ptr<Flight>& flight) const;
  // Of a landed flight.
  Result<Token> outcome(const std::shared_ptr<Flight>& flight) const;

  // All that are kept. For filters.
  std::vector<std::string> texts() const;

  // The registry did not take this token for what the request is about. A newer one stays.
  void drop(const TokenRequest& request, const Secret& text);

 private:
  struct Entry {
    std::vector<std::string> scopes;
    Token token;
  };
  using Entries = std::vector<Entry>;

  const Token* find(const TokenRequest& request, TimePoint now);
  void end(const std::shared_ptr<Flight>& flight);

  mutable std::mutex mutex_;
  // By family and first resource: the few tokens that can stand in for each other lie together, so
  // that a run over many repositories looks at none but its own.
  std::map<std::string, Entries> tokens_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace purser::net
