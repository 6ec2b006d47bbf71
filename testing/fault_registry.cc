#include "testing/fault_registry.h"

#include <utility>
#include <variant>

#include "purser/transport.h"

namespace purser::testing {

FaultRegistry::FaultRegistry(FakeRegistryOptions options) {
  server_ =
      std::make_unique<HttpServer>([this](const WireRequest& request) { return answer(request); });
  options.host = server_->host();
  registry_ = std::make_unique<FakeRegistry>(std::move(options));
}

FaultRegistry::~FaultRegistry() { server_->stop(); }

void FaultRegistry::on_each(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

Answer FaultRegistry::answer(const WireRequest& request) {
  Script script;
  {
    const std::lock_guard lock(mutex_);
    script = script_;
  }
  const Pass pass_it = [&] { return pass(request); };
  return script ? script(request, pass_it) : Answer{.response = pass_it()};
}

WireResponse FaultRegistry::pass(const WireRequest& request) {
  http::Request asked{.method = request.method, .url = "http://" + host() + request.target};
  for (const auto& [name, value] : request.headers.fields) asked.headers.add(name, value);
  asked.body = std::make_shared<const std::string>(request.body);
  const auto answered = std::make_shared<http::CompletionQueue>();
  registry_->start(http::Transport::next_id(), std::move(asked), answered);
  const http::Completion done = std::move(answered->take().at(0));
  const auto* response = std::get_if<http::Response>(&done.outcome);
  if (response == nullptr) return {.status = 502, .body = "the fake registry gave no answer\n"};
  return {
      .status = response->status, .headers = {response->headers.fields()}, .body = response->body};
}

}  // namespace purser::testing
