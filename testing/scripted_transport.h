// A transport that answers by script and records what it was asked. A request that the script does
// not expect fails the test, and so does an answer that nobody asked for.
//
//   ScriptedTransport transport;
//   transport.answer("GET", "http://r.test/v2/", http::Response{200});
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "purser/transport.h"

namespace purser::testing {

// Thread rule: all members may be called at once.
class ScriptedTransport : public http::Transport {
 public:
  ~ScriptedTransport() override;

  // The next request of this method and URL is answered so; several answers of one request are
  // given in order.
  void answer(const std::string& method, const std::string& url, http::Outcome outcome);
  // The next one is left without an answer until it is cancelled or released.
  void hold(const std::string& method, const std::string& url);
  // Blocks until that many requests are held.
  void wait_for_held(std::size_t count);
  // Answers all that are held.
  void release(const http::Outcome& outcome);

  std::vector<http::Request> requests() const;
  // "GET http://r.test/v2/", one for each request, in order.
  std::vector<std::string> lines() const;

  void start(http::RequestId id, http::Request request,
             std::shared_ptr<http::CompletionQueue> queue) override;
  void cancel(http::RequestId id) override;

 private:
  struct Step {
    bool held = false;
    http::Outcome outcome;
  };
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::deque<Step>> script_;
  std::map<http::RequestId, std::shared_ptr<http::CompletionQueue>> held_;
  std::vector<http::Request> requests_;
};

}  // namespace purser::testing
