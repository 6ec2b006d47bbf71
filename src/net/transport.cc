#include "purser/transport.h"

#include <algorithm>
#include <iterator>

#include "core/text.h"

namespace purser::http {

void Headers::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string_view name, std::string value) {
  remove(name);
  fields_.emplace_back(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_,
                [&](const auto& field) { return equals_ignoring_case(field.first, name); });
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const auto& field) {
    return equals_ignoring_case(field.first, name);
  });
  if (found == fields_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [field_name, value] : fields_) {
    if (equals_ignoring_case(field_name, name)) values.push_back(value);
  }
  return values;
}

void CompletionQueue::push(Completion completion) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = done_.empty();
    done_.push_back(std::move(completion));
  }
  if (was_empty) ready_.notify_all();
}

void CompletionQueue::push_all(std::vector<Completion> completions) {
  if (completions.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    std::move(completions.begin(), completions.end(), std::back_inserter(done_));
  }
  ready_.notify_all();
}

void CompletionQueue::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  ready_.notify_all();
}

std::vector<Completion> CompletionQueue::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

void CompletionQueue::wait_until(std::chrono::steady_clock::time_point when) {
  std::unique_lock lock(mutex_);
  const auto something = [&] { return woken_ || !done_.empty(); };
  // time_point::max() overflows in the conversions that a timed wait makes.
  if (when == std::chrono::steady_clock::time_point::max()) {
    ready_.wait(lock, something);
  } else {
    ready_.wait_until(lock, when, something);
  }
  woken_ = false;
}

bool CompletionQueue::empty() const {
  const std::lock_guard lock(mutex_);
  return done_.empty();
}

RequestId Transport::next_id() {
  static std::atomic<RequestId> last{0};
  return ++last;
}

namespace {

class SystemClock : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::now();
  }
  std::chrono::system_clock::time_point wall_now() const override {
    return std::chrono::system_clock::now();
  }
  void wait(CompletionQueue& queue, std::chrono::steady_clock::time_point until) override {
    queue.wait_until(until);
  }
};

}  // namespace

std::shared_ptr<Clock> system_clock() {
  static const auto clock = std::make_shared<SystemClock>();
  return clock;
}

}  // namespace purser::http
