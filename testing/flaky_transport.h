// A way to a fake registry on which requests fail at random.
#pragma once

#include <memory>

#include "purser/transport.h"
#include "testing/fake_registry.h"
#include "testing/random_faults.h"

namespace purser::testing {

// Thread rule: all members may be called at once.
class FlakyTransport : public http::Transport {
 public:
  FlakyTransport(std::shared_ptr<FakeRegistry> registry, std::shared_ptr<http::Clock> clock,
                 std::uint64_t seed, RandomFaultOptions options = {})
      : registry_(std::move(registry)), clock_(std::move(clock)), faults_(seed, options) {}

  void start(http::RequestId id, http::Request request,
             std::shared_ptr<http::CompletionQueue> queue) override;
  void cancel(http::RequestId) override {}  // everything is answered at once

  std::size_t faults() const { return faults_.count(); }

 private:
  http::Outcome answer(http::RequestId id, http::Request request);
  http::Outcome pass(http::RequestId id, http::Request request);
  http::Response refusal(int status, const RandomFaults::Fault& fault) const;

  const std::shared_ptr<FakeRegistry> registry_;
  const std::shared_ptr<http::Clock> clock_;  // that dates are made of
  RandomFaults faults_;
};

}  // namespace purser::testing
