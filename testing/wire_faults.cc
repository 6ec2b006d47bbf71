#include "testing/wire_faults.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <chrono>
#include <string>

namespace purser::testing {
namespace {

std::string retry_after(const RandomFaults::Fault& fault) {
  if (!fault.as_date) return std::to_string(fault.wait.count());
  const auto until = std::chrono::system_clock::now() + fault.wait;
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(until)));
}

Answer refusal(int status, const RandomFaults::Fault& fault) {
  Answer answer{.response = {.status = status, .body = "the test does not want to\n"}};
  answer.response.headers.fields = {{"Content-Type", "text/plain"}};
  if (fault.kind == RandomFault::busy_for || fault.kind == RandomFault::limited_for) {
    answer.response.headers.fields.emplace_back("Retry-After", retry_after(fault));
  }
  return answer;
}

// A proxy that lost half of it and tells the length of the rest.
Answer shortened(WireResponse response) {
  response.body.resize(response.body.size() / 2);
  response.headers.remove("Content-Length");
  return {.response = std::move(response)};
}

}  // namespace

Answer answer_with(const RandomFaults::Fault& fault, const WireRequest& request, const Pass& pass) {
  switch (fault.kind) {
    case RandomFault::none:
      return {.response = pass()};
    case RandomFault::error_before:
      return refusal(500, fault);
    case RandomFault::error_after:
      pass();
      return refusal(500, fault);
    case RandomFault::busy:
    case RandomFault::busy_for:
      return refusal(503, fault);
    case RandomFault::limited:
    case RandomFault::limited_for:
      return refusal(429, fault);
    case RandomFault::reset_before:
      return {.reset = true};
    case RandomFault::reset_after:
      pass();
      return {.reset = true};
    case RandomFault::body_shortened:
      return shortened(pass());
    case RandomFault::headers_cut:
    case RandomFault::body_cut:
      break;
  }
  Answer answer{.response = pass()};
  const std::size_t body = answer.response.body.size();
  const std::size_t whole = answer.response.bytes(request.method).size();
  const bool in_body = fault.kind == RandomFault::body_cut && body > 0;
  answer.cut_after = in_body ? whole - (body + 1) / 2 : (whole - body) / 2;
  return answer;
}

}  // namespace purser::testing
