#include "testing/fake_registry.h"

#include <algorithm>
#include <utility>

namespace purser::testing {

FakeRegistry::FakeRegistry(FakeRegistryOptions options)
    : host_(options.host), options_(std::move(options)) {}
FakeRegistry::~FakeRegistry() = default;

void FakeRegistry::start(http::RequestId id, http::Request request,
                         std::shared_ptr<http::CompletionQueue> queue) {
  SeenRequest seen{request.method,
                   request.url,
                   {},
                   request.headers,
                   request.body ? *request.body : std::string(),
                   0};
  const std::size_t scheme = seen.url.find("://");
  const std::size_t slash = scheme == std::string::npos ? scheme : seen.url.find('/', scheme + 3);
  seen.target = slash == std::string::npos ? "/" : seen.url.substr(slash);
  http::Outcome outcome = answer(seen);
  if (auto* response = std::get_if<http::Response>(&outcome)) {
    seen.status = response->status;
    if (seen.method == "HEAD") response->body.clear();
    if (response->body.size() > request.max_body_bytes) {
      outcome = http::Failure{http::Failure::Kind::too_large, "the answer is over its limit"};
    }
  }
  {
    const std::lock_guard lock(mutex_);
    log_.push_back(std::move(seen));
  }
  queue->push({id, std::move(outcome)});
}

void FakeRegistry::cancel(http::RequestId) {}  // everything is answered at once

http::Outcome FakeRegistry::answer(const SeenRequest& seen) {
  Before before;
  After after;
  std::optional<Fault> fault;
  {
    const std::lock_guard lock(mutex_);
    before = before_;
    after = after_;
    fault = due_fault(seen);
  }
  if (before) {
    if (std::optional<http::Outcome> instead = before(seen)) return *std::move(instead);
  }
  const http::Failure broken{http::Failure::Kind::broken, "the connection ended early"};
  if (fault && fault->kind == Fault::Kind::broken_before) return broken;
  http::Response injected;
  if (fault) injected = {fault->status, fault->headers, fault->body};
  if (fault && fault->kind == Fault::Kind::status) return injected;

  http::Outcome outcome;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t scheme = seen.url.find("://");
    const std::string rest = scheme == std::string::npos ? "" : seen.url.substr(scheme + 3);
    const std::string host = rest.substr(0, rest.find('/'));
    if (host != host_ && (options_.blob_host.empty() || host != options_.blob_host)) {
      return http::Failure{http::Failure::Kind::resolve, "could not resolve host: " + host};
    }
    const bool tls = seen.url.rfind("https://", 0) == 0;
    if (tls && options_.scheme == "http") {
      return http::Failure{http::Failure::Kind::tls, "wrong version number"};
    }
    if (!tls && options_.scheme == "https") {
      // As Go's server does.
      outcome = http::Response{400, {}, "Client sent an HTTP request to an HTTPS server.\n"};
    } else {
      outcome = serve(seen);
    }
  }
  if (after) after(seen, outcome);
  if (fault && fault->kind == Fault::Kind::broken_after) return broken;
  if (fault && fault->kind == Fault::Kind::status_after) return injected;
  return outcome;
}

std::optional<Fault> FakeRegistry::due_fault(const SeenRequest& seen) {
  for (Fault& fault : faults_) {
    if (fault.times == 0) continue;
    if (!fault.method.empty() && fault.method != seen.method) continue;
    if (seen.target.find(fault.contains) == std::string::npos) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    if (fault.times > 0) --fault.times;
    return fault;
  }
  return std::nullopt;
}

void FakeRegistry::set_options(FakeRegistryOptions options) {
  const std::lock_guard lock(mutex_);
  options.host = host_;
  options_ = std::move(options);
}

FakeRegistryOptions FakeRegistry::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

void FakeRegistry::fail(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FakeRegistry::clear_faults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

void FakeRegistry::on_request(Before hook) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(hook);
}

void FakeRegistry::after_request(After hook) {
  const std::lock_guard lock(mutex_);
  after_ = std::move(hook);
}

std::vector<SeenRequest> FakeRegistry::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

void FakeRegistry::clear_log() {
  const std::lock_guard lock(mutex_);
  log_.clear();
}

std::size_t FakeRegistry::count(std::string_view method, std::string_view contains) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(log_.begin(), log_.end(), [&](const auto& seen) {
    return (method.empty() || seen.method == method) &&
           seen.target.find(contains) != std::string::npos;
  }));
}

}  // namespace purser::testing
