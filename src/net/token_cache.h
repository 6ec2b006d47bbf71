// The tokens of one registry and one user, each fetched once however many wait for it.
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
  // A token that is being fetched. Whoever leads fetches it and lands or abandons it.
  struct Flight;
  struct Ticket {
    std::optional<Token> token = {};      // there is one that lives
    std::shared_ptr<Flight> flight = {};  // otherwise: this one is under way
    bool leads = false;                   // and the caller has to fetch it
  };

  // `queue` is woken when the flight ends.
  Ticket acquire(const std::string& key, std::chrono::steady_clock::time_point now,
                 const std::shared_ptr<http::CompletionQueue>& queue);
  // The token, if one that lives is there; fetches nothing.
  std::optional<Token> peek(const std::string& key,
                            std::chrono::steady_clock::time_point now) const;

  // How the leader ends a flight: with what came of it, or (cancelled) with nothing, so that
  // another one leads.
  void land(const std::shared_ptr<Flight>& flight, Result<Token> outcome);
  void abandon(const std::shared_ptr<Flight>& flight);
  enum class FlightState { under_way, landed, abandoned };
  FlightState state(const std::shared_ptr<Flight>& flight) const;
  // Of a landed flight.
  Result<Token> outcome(const std::shared_ptr<Flight>& flight) const;

  // The registry did not take this token. A newer one under the same key stays.
  void drop(const std::string& key, const Secret& text);

 private:
  void end(const std::shared_ptr<Flight>& flight);

  mutable std::mutex mutex_;
  std::map<std::string, Token> tokens_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace purser::net
