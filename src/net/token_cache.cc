#include "net/token_cache.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "net/scope.h"

namespace purser::net {
namespace {

std::string shelf_of(const TokenRequest& request) {
  std::string shelf = request.family();
  const auto first = std::min_element(request.scopes.begin(), request.scopes.end());
  if (first != request.scopes.end()) shelf.append("\n").append(resource_of(*first));
  return shelf;
}

bool serves(const std::vector<std::string>& scopes, const TokenRequest& request) {
  if (request.scopes.size() == 1) return covers(scopes, request.scopes.front());
  return std::is_permutation(scopes.begin(), scopes.end(), request.scopes.begin(),
                             request.scopes.end());
}

}  // namespace

// Guarded by the cache's mutex.
struct TokenCache::Flight {
  TokenRequest request;
  std::string key;
  FlightState state = FlightState::under_way;
  std::optional<Result<Token>> outcome = {};
  std::vector<std::shared_ptr<http::CompletionQueue>> waiting = {};
};

const Token* TokenCache::find(const TokenRequest& request, TimePoint now) {
  const auto shelf = tokens_.find(shelf_of(request));
  if (shelf == tokens_.end()) return nullptr;
  Entries& entries = shelf->second;
  std::erase_if(entries, [&](const Entry& entry) { return now >= entry.token.expires; });
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
    return serves(entry.scopes, request);
  });
  return found == entries.end() ? nullptr : &found->token;
}

TokenCache::Ticket TokenCache::acquire(const TokenRequest& request, TimePoint now,
                                       const std::shared_ptr<http::CompletionQueue>& queue,
                                       bool alone) {
  const std::lock_guard lock(mutex_);
  if (const Token* token = find(request, now)) return {.token = *token};
  std::string key = request.key();
  // No scope has a line feed in it: the key of nobody else.
  if (alone) key += "\nof " + std::to_string(reinterpret_cast<std::uintptr_t>(queue.get()));
  auto& flight = flights_[key];
  const bool leads = !flight;
  if (leads) flight = std::make_shared<Flight>(Flight{.request = request, .key = std::move(key)});
  flight->waiting.push_back(queue);
  return {.flight = flight, .leads = leads};
}

std::optional<Token> TokenCache::peek(const TokenRequest& request, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const Token* token = find(request, now);
  return token == nullptr ? std::nullopt : std::optional(*token);
}

void TokenCache::land(const std::shared_ptr<Flight>& flight, Result<Token> outcome) {
  const std::lock_guard lock(mutex_);
  if (outcome) {
    Entries& entries = tokens_[shelf_of(flight->request)];
    std::erase_if(entries,
                  [&](const Entry& entry) { return entry.scopes == flight->request.scopes; });
    entries.push_back({flight->request.scopes, *outcome});
  }
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

std::vector<std::string> TokenCache::texts() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> texts;
  for (const auto& [shelf, entries] : tokens_) {
    for (const Entry& entry : entries) texts.push_back(entry.token.text.reveal());
  }
  return texts;
}

void TokenCache::drop(const TokenRequest& request, const Secret& text) {
  const std::lock_guard lock(mutex_);
  const auto shelf = tokens_.find(shelf_of(request));
  if (shelf == tokens_.end()) return;
  std::erase_if(shelf->second,
                [&](const Entry& entry) { return entry.token.text.reveal() == text.reveal(); });
}

}  // namespace purser::net
