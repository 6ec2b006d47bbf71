#include "testing/random_faults.h"

#include <array>

namespace purser::testing {
namespace {

constexpr std::array kKinds = {
    RandomFault::error_before, RandomFault::error_after,    RandomFault::busy,
    RandomFault::busy_for,     RandomFault::limited,        RandomFault::limited_for,
    RandomFault::reset_before, RandomFault::reset_after,    RandomFault::headers_cut,
    RandomFault::body_cut,     RandomFault::body_shortened,
};

// splitmix64: each bit of the result hangs on each bit of the number.
std::uint64_t mixed(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15U;
  number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9U;
  number = (number ^ (number >> 27U)) * 0x94d049bb133111ebU;
  return number ^ (number >> 31U);
}

std::uint64_t hash_of(std::string_view text, std::uint64_t hash) {
  for (const char c : text) hash = mixed(hash ^ static_cast<unsigned char>(c));
  return hash;
}

// A repository's changes come one after another, and some name a digest that is drawn anew in each
// run: the question whether deletes work.
std::string key_of(std::string_view method, std::string_view target) {
  const bool change = method != "GET" && method != "HEAD";
  const std::size_t end = change ? target.rfind('/') : target.size();
  return std::string(method) + " " + std::string(target.substr(0, end));
}

}  // namespace

RandomFaults::Fault RandomFaults::next(std::string_view method, std::string_view target) {
  if (options_.one_in <= 0) return {};
  const std::string key = key_of(method, target);
  const std::lock_guard lock(mutex_);
  std::uint64_t chance = mixed(hash_of(key, mixed(seed_)) ^ made_[key]++);
  const auto draw = [&](std::uint64_t below) {
    chance = mixed(chance);
    return chance % below;
  };
  if (draw(static_cast<std::uint64_t>(options_.one_in)) != 0) return {};
  ++count_;
  Fault fault{.kind = kKinds[draw(kKinds.size())]};
  // The answer to a HEAD has no body that could end early.
  const bool of_body =
      fault.kind == RandomFault::body_cut || fault.kind == RandomFault::body_shortened;
  if (of_body && method == "HEAD") fault.kind = RandomFault::headers_cut;
  fault.wait =
      std::chrono::seconds(1 + draw(static_cast<std::uint64_t>(options_.longest_wait.count())));
  fault.as_date = draw(2) == 0;
  return fault;
}

std::size_t RandomFaults::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace purser::testing
