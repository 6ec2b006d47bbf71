#include "testing/scripted_transport.h"

#include <gtest/gtest.h>

namespace purser::testing {

ScriptedTransport::~ScriptedTransport() {
  for (const auto& [line, steps] : script_) {
    EXPECT_TRUE(steps.empty()) << "never requested: " << line;
  }
}

void ScriptedTransport::answer(const std::string& method, const std::string& url,
                               http::Outcome outcome) {
  const std::lock_guard lock(mutex_);
  script_[method + " " + url].push_back({false, std::move(outcome)});
}

void ScriptedTransport::hold(const std::string& method, const std::string& url) {
  const std::lock_guard lock(mutex_);
  script_[method + " " + url].push_back({true, http::Response{}});
}

void ScriptedTransport::wait_for_held(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_.size() >= count; });
}

void ScriptedTransport::release(const http::Outcome& outcome) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, queue] : held_) queue->push({id, outcome});
  held_.clear();
}

std::vector<http::Request> ScriptedTransport::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> ScriptedTransport::lines() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const auto& request : requests_) lines.push_back(request.method + " " + request.url);
  return lines;
}

void ScriptedTransport::start(http::RequestId id, http::Request request,
                              std::shared_ptr<http::CompletionQueue> queue) {
  const std::lock_guard lock(mutex_);
  const std::string line = request.method + " " + request.url;
  requests_.push_back(std::move(request));
  auto& steps = script_[line];
  if (steps.empty()) {
    ADD_FAILURE() << "unexpected request: " << line;
    queue->push({id, http::Failure{http::Failure::Kind::invalid, "unexpected request"}});
    return;
  }
  Step step = std::move(steps.front());
  steps.pop_front();
  if (step.held) {
    held_.emplace(id, std::move(queue));
    changed_.notify_all();
  } else {
    queue->push({id, std::move(step.outcome)});
  }
}

void ScriptedTransport::cancel(http::RequestId id) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  found->second->push({id, http::Failure{http::Failure::Kind::cancelled, "cancelled"}});
  held_.erase(found);
}

}  // namespace purser::testing
