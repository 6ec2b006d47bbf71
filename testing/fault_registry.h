// A fake registry behind real sockets, whose answers go wrong on their way: for what a client must
// bear (A.5 to A.10 of the protocol), down to the bytes.
//
//   FaultRegistry registry;
//   registry.content().add_image("team/app", "v1");
//   registry.on_each([](const WireRequest& request, const Pass& pass) {
//     Answer answer{.response = pass()};
//     if (request.method == "DELETE") answer.cut_after = 17;
//     return answer;
//   });
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "testing/fake_registry.h"
#include "testing/http_server.h"

namespace purser::testing {

// Thread rule: safe from any thread; a script is called from several at once.
class FaultRegistry {
 public:
  explicit FaultRegistry(FakeRegistryOptions options = {});
  ~FaultRegistry();

  std::string host() const { return server_->host(); }  // "127.0.0.1:40123"
  // What is in it, and how it behaves where nothing goes wrong.
  FakeRegistry& content() noexcept { return *registry_; }
  const FakeRegistry& content() const noexcept { return *registry_; }
  // Requests and counts, stalls.
  HttpServer& server() noexcept { return *server_; }

  // What becomes of each request; `pass` has the registry act on it. Null: all goes well.
  using Script = std::function<Answer(const WireRequest& request, const Pass& pass)>;
  void on_each(Script script);

 private:
  Answer answer(const WireRequest& request);
  WireResponse pass(const WireRequest& request);

  std::mutex mutex_;
  Script script_;
  std::unique_ptr<FakeRegistry> registry_;
  std::unique_ptr<HttpServer> server_;  // last: its threads use all of the above
};

}  // namespace purser::testing
