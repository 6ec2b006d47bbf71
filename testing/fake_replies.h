// The answers that the fake registry is made of.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "purser/transport.h"

namespace purser::testing {

inline http::Response json_reply(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.add("Docker-Distribution-API-Version", "registry/2.0");
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  response.headers.add("Content-Length", std::to_string(body.size()));
  response.body = std::move(body);
  return response;
}

inline http::Response error_reply(int status, std::string_view code, std::string_view message) {
  return json_reply(status,
                    fmt::format(R"({{"errors":[{{"code":"{}","message":"{}"}}]}})", code, message));
}

inline http::Response empty_reply(int status) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Length", "0");
  return response;
}

inline http::Response text_reply(int status, std::string body) {
  http::Response response = json_reply(status, std::move(body));
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  return response;
}

inline http::Response manifest_unknown() {
  return error_reply(404, "MANIFEST_UNKNOWN", "manifest unknown");
}

}  // namespace purser::testing
