// From a registry's answer to an Error: what its body says, in whatever shape, and what that
// means for the operation that was tried.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "net/server_errors.h"
#include "purser/error.h"
#include "purser/transport.h"

namespace purser {

// What is being tried, for the errors of it: "read the tags of" + "localhost:5000" + "team/app".
struct Operation {
  std::string verb = {};
  std::string registry = {};
  std::string subject = {};
};

using net::read_error_body;
using net::ServerErrors;

// By status first. A code refines a 400 or a 404, and never turns another status into absence.
ErrorCode classify(int status, const ServerErrors& errors);

// Does the registry itself say, in its own protocol, that this is not there? A bare 404 of a proxy
// does not: nothing that deletes or restores may rest on that.
bool is_confirmed_absence(const http::Response& response);
bool is_confirmed_absence(const Error& error);

// Go's answer to http on a TLS port.
bool is_http_to_https_answer(const http::Response& response);

Error make_error(const Operation& operation, ErrorCode code, std::string message,
                 std::string hint = {});
// `url` may have a query: it is left out. `now`: what a Retry-After that names a date counts from.
Error error_from(const Operation& operation, std::string_view method, std::string_view url,
                 const http::Response& response, std::chrono::system_clock::time_point now);
// An error of a lower layer, told what was being tried.
Error in_context(Error error, const Operation& operation);

}  // namespace purser
