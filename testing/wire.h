// HTTP/1.1 messages as they are on the wire: names, order and framing of the header fields are
// kept, nothing is added behind the back of a test, nothing is compressed or followed. That, and
// faults in the midst of a message, is why the servers of the tests do not stand on a server
// library.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/socket.h"

namespace purser::testing {

struct WireHeaders {
  std::vector<std::pair<std::string, std::string>> fields = {};

  // The first of that name, whatever its case; empty if there is none.
  std::string get(std::string_view name) const;
  bool has(std::string_view name) const;
  void remove(std::string_view name);
};

struct WireRequest {
  std::string method = {};
  std::string target = {};  // "/v2/app/tags/list?n=10", as it was sent
  WireHeaders headers = {};
  std::string body = {};

  std::string path() const { return target.substr(0, target.find('?')); }
  // The decoded values of that name in the query.
  std::vector<std::string> query(std::string_view name) const;
  std::string describe() const { return method + " " + target; }
};

struct WireResponse {
  int status = 200;
  WireHeaders headers = {};
  std::string body = {};

  // A Content-Length is added unless the headers already say how the body is framed, rightly or
  // not.
  std::string bytes(std::string_view method) const;
};

// The values of `name` in "a=1&b=2", decoded: a query, or a form.
std::vector<std::string> form_values(std::string_view form, std::string_view name);
std::string percent_decode(std::string_view text);

// Reads messages from one connection. Thread rule: one thread.
class WireReader {
 public:
  WireReader(const Socket& socket, std::chrono::milliseconds patience)
      : socket_(socket), patience_(patience) {}

  // Nothing when the peer is gone, was silent for too long, or does not speak HTTP/1.
  std::optional<WireRequest> request();
  // After a request that was none: the peer took this for a TLS port.
  bool was_tls() const noexcept { return buffer_.starts_with(kTlsHandshake); }
  // `method` is that of the request: a HEAD has no body in its answer, whatever its length says.
  std::optional<WireResponse> response(std::string_view method);

 private:
  static constexpr char kTlsHandshake = 0x16;

  std::optional<std::string> line();
  bool headers_into(WireHeaders& headers);
  bool body_into(const WireHeaders& headers, bool until_end, std::string& body);
  bool chunks_into(std::string& body);
  bool exactly(std::size_t size, std::string& bytes);
  bool fill();

  const Socket& socket_;
  std::chrono::milliseconds patience_;
  std::string buffer_;
};

}  // namespace purser::testing
