#include "net/limiter.h"

#include <algorithm>
#include <utility>

#include "purser/retry.h"

namespace purser::net {
namespace {

// So many answers that their time says something.
constexpr std::size_t kShortestRound = 16;
// Twice the requests must bring this much more, or the host is as fast as it gets.
constexpr double kWorthDoubling = 1.25;
constexpr double kWorthTrying = 1.1;
constexpr int kRoundsBetweenTries = 8;

}  // namespace

void AdaptiveWindow::note(Verdict verdict, TimePoint sent, TimePoint now) {
  if (verdict == Verdict::none) return;
  if (verdict == Verdict::overloaded) {
    // One cut for all that was under way when the host said so for the first time.
    if (sent > last_halved_) halve(now);
    return;
  }
  if (verdict == Verdict::failed) failed_ = true;
  if (!in_round_) return begin_round(now, 0);
  if (skip_ > 0) {
    // Those of before were under way in another number.
    if (--skip_ == 0) round_began_ = now;
    return;
  }
  if (++answers_ >= std::max(size_, kShortestRound)) end_round(now);
}

void AdaptiveWindow::begin_round(TimePoint now, std::size_t skip) {
  in_round_ = true;
  round_began_ = now;
  skip_ = skip;
  answers_ = 0;
  was_full_ = false;
  failed_ = false;
}

void AdaptiveWindow::end_round(TimePoint now) {
  const double seconds = std::chrono::duration<double>(now - round_began_).count();
  // Without requests that waited for room their number was not what held it up.
  if (!was_full_ || seconds <= 0.0) return begin_round(now, 0);
  const double speed = static_cast<double>(answers_) / seconds;
  if (failed_) return settle_at(mode_ == Mode::steady ? size_ : former_size_, speed, now);
  switch (mode_) {
    case Mode::doubling:
      if (former_speed_ > 0.0 && speed < former_speed_ * kWorthDoubling) {
        return settle_at(former_size_, former_speed_, now);
      }
      former_size_ = size_;
      former_speed_ = speed;
      if (size_ == kMost) return settle_at(size_, speed, now);
      return grow_to(size_ * 2, Mode::doubling, now);
    case Mode::trying: {
      const bool worth = speed >= former_speed_ * kWorthTrying;
      return worth ? settle_at(size_, speed, now) : settle_at(former_size_, former_speed_, now);
    }
    case Mode::steady:
      break;
  }
  former_size_ = size_;
  former_speed_ = speed;
  if (++quiet_rounds_ < kRoundsBetweenTries || size_ == kMost) return begin_round(now, 0);
  grow_to(size_ + std::max<std::size_t>(1, size_ / 4), Mode::trying, now);
}

void AdaptiveWindow::grow_to(std::size_t size, Mode mode, TimePoint now) {
  const std::size_t before = std::exchange(size_, std::min(size, kMost));
  mode_ = mode;
  begin_round(now, before);
}

void AdaptiveWindow::settle_at(std::size_t size, double speed, TimePoint now) {
  const std::size_t before = std::exchange(size_, size);
  mode_ = Mode::steady;
  former_size_ = size;
  former_speed_ = speed;
  quiet_rounds_ = 0;
  begin_round(now, before);
}

void AdaptiveWindow::halve(TimePoint now) {
  last_halved_ = now;
  settle_at(std::max<std::size_t>(1, size_ / 2), 0.0, now);
}

bool Limiter::acquire(std::string_view origin,
                      const std::shared_ptr<http::CompletionQueue>& waiting, bool beyond) {
  const std::lock_guard lock(mutex_);
  Host& host = entry(origin);
  const std::size_t room = fixed_.value_or(host.window.size());
  if (host.under_way >= room && !beyond) {
    host.window.note_full();
    const auto same = [&](const auto& other) { return other.lock() == waiting; };
    if (std::none_of(host.waiting.begin(), host.waiting.end(), same)) {
      host.waiting.push_back(waiting);
    }
    return false;
  }
  ++host.under_way;
  return true;
}

void Limiter::release(std::string_view origin, Verdict verdict, TimePoint sent, TimePoint now) {
  std::vector<std::weak_ptr<http::CompletionQueue>> waiting;
  {
    const std::lock_guard lock(mutex_);
    Host& host = entry(origin);
    --host.under_way;
    if (!fixed_) host.window.note(verdict, sent, now);
    if (host.under_way < fixed_.value_or(host.window.size())) waiting.swap(host.waiting);
  }
  for (const auto& queue : waiting) {
    if (const auto alive = queue.lock()) alive->wake();
  }
}

std::size_t Limiter::window(std::string_view origin) const {
  const std::lock_guard lock(mutex_);
  if (fixed_) return *fixed_;
  const auto found = hosts_.find(origin);
  return found == hosts_.end() ? AdaptiveWindow::kFirst : found->second.window.size();
}

Limiter::Host& Limiter::entry(std::string_view origin) {
  const auto found = hosts_.find(origin);
  return found != hosts_.end() ? found->second : hosts_[std::string(origin)];
}

Limiter::Verdict verdict_on(const http::Outcome& outcome) {
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) {
    const bool no_fault = failure->kind == http::Failure::Kind::cancelled ||
                          failure->kind == http::Failure::Kind::too_large ||
                          failure->kind == http::Failure::Kind::invalid ||
                          failure->kind == http::Failure::Kind::refused;
    return no_fault ? Limiter::Verdict::none : Limiter::Verdict::failed;
  }
  const int status = std::get<http::Response>(outcome).status;
  if (status == 429 || status == 503) return Limiter::Verdict::overloaded;
  return is_retryable_status(status) ? Limiter::Verdict::failed : Limiter::Verdict::answered;
}

}  // namespace purser::net
