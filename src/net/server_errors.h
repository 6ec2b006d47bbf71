// What a server says of an error, in whatever shape: a registry, its token server, or what
// stands before them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "purser/transport.h"

namespace purser::net {

// The body of an answer that is no success.
struct ServerErrors {
  std::vector<std::string> codes = {};  // "MANIFEST_UNKNOWN", in the order received
  std::string message = {};             // sanitised and shortened; empty where there was none
  bool structured = false;              // the registry protocol's own JSON, with at least one entry

  bool has(std::string_view code) const;
};
ServerErrors read_error_body(const http::Response& response);

// Adds what the server said to a message about its answer: "answered 403" + ": " + "no account".
void append_server_message(std::string& message, std::string_view server_message);

}  // namespace purser::net
