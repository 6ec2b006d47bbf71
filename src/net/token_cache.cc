#include "net/token_cache.h"

#include <utility>

namespace purser::net {

// Guarded by the cache's mutex.
struct TokenCache::Flight {
  std::string key;
  FlightState state = FlightState::under_way;
  std::optional<Result<Token>> outcome = {};
  std::vector<std::shared_ptr<http::CompletionQueue>> waiting = {};
};

TokenCache::Ticket TokenCache::acquire(const std::string& key,
                                       std::chrono::steady_clock::time_point now,
                                       const std::shared_ptr<http::CompletionQueue>& queue) {
  const std::lock_guard lock(mutex_);
  if (const auto found = tokens_.find(key); found != tokens_.end()) {
    if (now < found->second.expires) return {.token = found->second};
    tokens_.erase(found);
  }
  auto& flight = flights_[key];
  const bool leads = !flight;
  if (leads) flight = std::make_shared<Flight>(Flight{.key = key});
  flight->waiting.push_back(queue);
  return {.flight = flight, .leads = leads};
}

std::optional<Token> TokenCache::peek(const std::string& key,
                                      std::chrono::steady_clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(key);
  if (found == tokens_.end() || now >= found->second.expires) return std::nullopt;
  return found->second;
}

void TokenCache::land(const std::shared_ptr<Flight>& flight, Result<Token> outcome) {
  const std::lock_guard lock(mutex_);
  if (outcome) tokens_.insert_or_assign(flight->key, *outcome);
  flight->state = FlightState::landed;
  flight->outcome = std::move(outcome);
  end(flight);
}

void TokenCache::abandon(const std::shared_ptr<Flight>& flight) {
  const std::lock_guard lock(mutex_);
  flight->state = FlightState::abandoned;
  end(flight);
}

void TokenCache::end(const std::shared_ptr<Flight>& flight) {
  flights_.erase(flight->key);
  for (const auto& queue : std::exchange(flight->waiting, {})) queue->wake();
}

TokenCache::FlightState TokenCache::state(const std::shared_ptr<Flight>& flight) const {
  const std::lock_guard lock(mutex_);
  return flight->state;
}

Result<Token> TokenCache::outcome(const std::shared_ptr<Flight>& flight) const {
  const std::lock_guard lock(mutex_);
  return *flight->outcome;
}

void TokenCache::drop(const std::string& key, const Secret& text) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(key);
  if (found != tokens_.end() && found->second.text.reveal() == text.reveal()) tokens_.erase(found);
}

}  // namespace purser::net
