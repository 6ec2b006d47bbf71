#include "testing/flaky_transport.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <utility>

namespace purser::testing {
namespace {

http::Failure broken(std::string why) { return {http::Failure::Kind::broken, std::move(why)}; }

std::string target_of(const std::string& url) {
  const std::size_t host = url.find("://");
  const std::size_t path = host == std::string::npos ? host : url.find('/', host + 3);
  return path == std::string::npos ? "/" : url.substr(path);
}

// "Sun, 09 Sep 2001 01:46:40 GMT"
std::string http_date(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace

void FlakyTransport::start(http::RequestId id, http::Request request,
                           std::shared_ptr<http::CompletionQueue> queue) {
  queue->push({id, answer(id, std::move(request))});
}

http::Outcome FlakyTransport::answer(http::RequestId id, http::Request request) {
  const RandomFaults::Fault fault = faults_.next(request.method, target_of(request.url));
  switch (fault.kind) {
    case RandomFault::none:
      return pass(id, std::move(request));
    case RandomFault::error_before:
      return refusal(500, fault);
    case RandomFault::error_after:
      (void)pass(id, std::move(request));
      return refusal(500, fault);
    case RandomFault::busy:
    case RandomFault::busy_for:
      return refusal(503, fault);
    case RandomFault::limited:
    case RandomFault::limited_for:
      return refusal(429, fault);
    case RandomFault::reset_before:
      return broken("the connection was reset");
    case RandomFault::reset_after:
    case RandomFault::headers_cut:
    case RandomFault::body_cut:
      (void)pass(id, std::move(request));
      return broken("the connection ended inside the answer");
    case RandomFault::body_shortened:
      break;
  }
  http::Outcome outcome = pass(id, std::move(request));
  if (auto* response = std::get_if<http::Response>(&outcome)) {
    response->body.resize(response->body.size() / 2);
  }
  return outcome;
}

http::Outcome FlakyTransport::pass(http::RequestId id, http::Request request) {
  const auto answered = std::make_shared<http::CompletionQueue>();
  registry_->start(id, std::move(request), answered);
  return std::move(answered->take().at(0).outcome);
}

http::Response FlakyTransport::refusal(int status, const RandomFaults::Fault& fault) const {
  http::Response response{.status = status, .headers = {{"Content-Type", "text/plain"}}};
  response.body = "the test does not want to\n";
  if (fault.kind == RandomFault::busy_for || fault.kind == RandomFault::limited_for) {
    response.headers.add("Retry-After", fault.as_date ? http_date(clock_->wall_now() + fault.wait)
                                                      : std::to_string(fault.wait.count()));
  }
  return response;
}

}  // namespace purser::testing
