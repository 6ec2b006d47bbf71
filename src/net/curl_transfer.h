// One request on one easy handle: its options, what has arrived of its answer, how it ended.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/host_tls.h"
#include "net/peer_rule.h"
#include "net/url.h"
#include "purser/transport.h"

namespace purser::net {

// A registry's answer has a dozen fields; more than this is an attack on memory or a broken proxy.
inline constexpr std::size_t kMaxHeaderBytes = 64 * 1024;
inline constexpr std::size_t kMaxHeaderFields = 100;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

struct SlistDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

class CurlRoute;
class CurlTls;

// Thread rule: lives on the I/O thread; must not move while the handle is in the multi.
class CurlTransfer {
 public:
  CurlTransfer(http::RequestId id, http::Request request,
               std::shared_ptr<http::CompletionQueue> queue);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // Takes the handle (fresh or used before) and sets it up. A failure: the request cannot be sent.
  std::optional<http::Failure> prepare(EasyHandle easy, const http::CurlTransportOptions& options,
                                       const CurlRoute& route, CurlTls& tls);
  // What came of it, once libcurl is done.
  http::Outcome finish(CURLcode code);
  // Gives the handle back for the next request.
  EasyHandle release();

  http::RequestId id() const noexcept { return id_; }
  CURL* easy() const noexcept { return easy_.get(); }
  const std::shared_ptr<http::CompletionQueue>& queue() const noexcept { return queue_; }
  std::chrono::milliseconds timeout() const noexcept { return request_.timeout; }
  // When the answer must have begun.
  std::chrono::steady_clock::time_point deadline() const noexcept { return deadline_; }
  void set_deadline(std::chrono::steady_clock::time_point when) noexcept { deadline_ = when; }
  bool answer_has_begun() const noexcept { return header_bytes_ > 0; }

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);

  void set_method();
  std::optional<http::Failure> set_way(const CurlRoute& route, CurlTls& tls);
  std::optional<http::Failure> set_headers();
  void set_security();
  bool header_line(std::string_view line);
  bool fold(std::string_view rest);
  bool header_end();
  bool body(std::string_view bytes);
  bool fail(std::string message);
  bool answers_without_body() const;
  http::Failure broken_off(CURLcode code);

  http::RequestId id_;
  http::Request request_;
  std::shared_ptr<http::CompletionQueue> queue_;
  EasyHandle easy_;
  Origin origin_;
  const HostTls* tls_ = nullptr;  // of an https origin
  std::unique_ptr<curl_slist, SlistDeleter> header_list_;
  PeerRule peer_rule_;

  std::chrono::steady_clock::time_point deadline_ = {};
  http::Response response_;
  std::vector<std::pair<std::string, std::string>> fields_;  // of the block that is arriving
  std::size_t header_bytes_ = 0;
  bool header_complete_ = false;
  std::optional<http::Failure> failure_;
  char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace purser::net
