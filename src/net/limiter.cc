#include "net/limiter.h"

#include <algorithm>
#include <utility>

#include "purser/retry.h"

namespace purser::net {
namespace {

// So many answers that their time says something; more of them where little is at stake.
constexpr std::size_t kShortestRound = 16;
constexpr std::size_t kShortestCarefulRound = 64;
// Twice the requests must bring this much more, or the host is as fast as it gets.
constexpr double kWorthDoubling = 1.25;
// A quarter more must bring a good part of that. A fifth fewer must cost nothing.
constexpr double kWorthMore = 1.1;
constexpr double kWorthFewer = 1.0;
constexpr int kRoundsBetweenTries = 3;
// One bad machine of many behind a name says 503 here and there; three of the last answers are more
// than that.
constexpr double kLastAnswers = 32.0;
constexpr double kToleratedShare = 2.5 / kLastAnswers;

}  // namespace

void AdaptiveWindow::note(const Sample& sample) {
  if (sample.verdict == Verdict::none) return;
  if (sample.multiplexed) most_ = kMost;
  const bool first = !in_round_;
  if (first) begin_round(sample.now, 0);
  if (is_overload(sample)) return halve(sample.now);
  if (first) return;
  if (sample.verdict == Verdict::failed) failed_ = true;
  if (skip_ > 0) {
    // Those of before were under way in another number.
    if (--skip_ == 0) round_began_ = sample.now;
    return;
  }
  ++answers_;
  if (is_full_) ++full_;
  if (answers_ >= round_length()) end_round(sample.now);
}

// One cut for all that was under way when the host said so for the first time.
bool AdaptiveWindow::is_overload(const Sample& sample) {
  if (sample.sent <= last_halved_) return false;
  if (sample.verdict == Verdict::limited) return true;
  const bool overloaded = sample.verdict == Verdict::overloaded;
  overload_share_ += ((overloaded ? 1.0 : 0.0) - overload_share_) / kLastAnswers;
  return overloaded && overload_share_ > kToleratedShare;
}

void AdaptiveWindow::halve(TimePoint now) {
  last_halved_ = now;
  overload_share_ = 0.0;
  former_size_ = mode_ == Mode::recovering ? std::max(size_, former_size_) : size_;
  former_speed_ = 0.0;
  resize(std::max<std::size_t>(1, size_ / 2), Mode::recovering, now);
}

std::size_t AdaptiveWindow::round_length() const {
  const bool careful = mode_ != Mode::doubling && mode_ != Mode::recovering;
  return careful ? std::max(2 * size_, kShortestCarefulRound) : std::max(size_, kShortestRound);
}

void AdaptiveWindow::begin_round(TimePoint now, std::size_t skip) {
  in_round_ = true;
  round_began_ = now;
  skip_ = skip;
  answers_ = full_ = 0;
  failed_ = false;
}

void AdaptiveWindow::end_round(TimePoint now) {
  const double seconds = std::chrono::duration<double>(now - round_began_).count();
  // Where seldom a request waited for room, their number was not what held it up.
  const bool says_something = full_ * 4 >= answers_ * 3 && seconds > 0.0 && !failed_;
  if (!says_something) return begin_round(now, 0);
  judge(static_cast<double>(answers_) / seconds, now);
}

void AdaptiveWindow::judge(double speed, TimePoint now) {
  switch (mode_) {
    case Mode::doubling:
      if (speed < former_speed_ * kWorthDoubling) {
        // A pause of the server, or of this machine, looks the same.
        if (!std::exchange(doubted_, true)) return begin_round(now, 0);
        return resize(former_size_, Mode::steady, now);
      }
      doubted_ = false;
      former_size_ = size_;
      former_speed_ = speed;
      return resize(size_ * 2, size_ < most_ ? Mode::doubling : Mode::steady, now);
    case Mode::recovering: {
      const std::size_t more = size_ + std::max<std::size_t>(1, size_ / 4);
      return resize(more, more * 4 < former_size_ * 3 ? Mode::recovering : Mode::steady, now);
    }
    case Mode::trying_more:
      if (speed >= former_speed_ * kWorthMore) return resize(size_, Mode::steady, now);
      return resize(former_size_, Mode::steady, now);
    case Mode::trying_fewer:
      if (speed >= former_speed_ * kWorthFewer) return resize(size_, Mode::steady, now);
      return resize(former_size_, Mode::steady, now);
    case Mode::steady:
      break;
  }
  former_size_ = size_;
  former_speed_ = speed;
  if (++quiet_rounds_ < kRoundsBetweenTries) return begin_round(now, 0);
  const bool fewer = std::exchange(fewer_next_, !fewer_next_) && size_ > kFirst;
  if (fewer) return resize(size_ - size_ / 5, Mode::trying_fewer, now);
  resize(size_ + std::max<std::size_t>(1, size_ / 4), Mode::trying_more, now);
}

void AdaptiveWindow::resize(std::size_t size, Mode mode, TimePoint now) {
  const std::size_t before = std::exchange(size_, std::min(size, most_));
  mode_ = mode;
  quiet_rounds_ = 0;
  begin_round(now, before);
}

bool Limiter::acquire(std::string_view origin,
                      const std::shared_ptr<http::CompletionQueue>& waiting, bool beyond) {
  const std::lock_guard lock(mutex_);
  Host& host = entry(origin);
  const std::size_t room = fixed_.value_or(host.window.size());
  const bool has_room = host.window.note_request(host.under_way, room);
  if (!has_room && !beyond) {
    const auto same = [&](const auto& other) { return other.lock() == waiting; };
    if (std::none_of(host.waiting.begin(), host.waiting.end(), same)) {
      host.waiting.push_back(waiting);
    }
    return false;
  }
  ++host.under_way;
  return true;
}

void Limiter::release(std::string_view origin, const Sample& sample) {
  std::vector<std::weak_ptr<http::CompletionQueue>> waiting;
  {
    const std::lock_guard lock(mutex_);
    Host& host = entry(origin);
    if (host.under_way > 0) --host.under_way;
    host.window.note(sample);
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
  if (status == 429) return Limiter::Verdict::limited;
  if (status == 503) return Limiter::Verdict::overloaded;
  return is_retryable_status(status) ? Limiter::Verdict::failed : Limiter::Verdict::answered;
}

}  // namespace purser::net
