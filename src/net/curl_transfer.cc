#include "net/curl_transfer.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"
#include "net/ascii.h"
#include "net/curl_failure.h"
#include "net/curl_route.h"
#include "net/curl_tls.h"
#include "net/withhold.h"

namespace purser::net {
namespace {

constexpr std::string_view kLongHeader = "the answer's header is over 64 KiB";

// The status of "HTTP/1.1 200 OK" or "HTTP/2 200"; 0 for anything else.
int status_of(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos || line.size() < space + 4) return 0;
  int status = 0;
  const auto digits = line.substr(space + 1, 3);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + 3, status);
  return error == std::errc() && end == digits.data() + 3 ? status : 0;
}

bool is_sendable_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_http_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_char);
}

}  // namespace

CurlTransfer::CurlTransfer(http::RequestId id, http::Request request,
                           std::shared_ptr<http::CompletionQueue> queue)
    : id_(id), request_(std::move(request)), queue_(std::move(queue)) {}

std::optional<http::Failure> CurlTransfer::prepare(EasyHandle easy,
                                                   const http::CurlTransportOptions& options,
                                                   const CurlRoute& route, CurlTls& tls) {
  const auto invalid = [](std::string why) {
    return http::Failure{http::Failure::Kind::invalid, std::move(why)};
  };
  easy_ = std::move(easy);
  if (!easy_) return invalid("out of memory for a request");
  if (!is_http_token(request_.method)) return invalid("the request's method is not valid");
  const bool plain = equals_ignoring_case(std::string_view(request_.url).substr(0, 7), "http://");
  if (!plain && !equals_ignoring_case(std::string_view(request_.url).substr(0, 8), "https://")) {
    return invalid("the URL is neither http nor https");
  }
  CURL* const e = easy_.get();
  if (curl_easy_setopt(e, CURLOPT_URL, request_.url.c_str()) != CURLE_OK) {
    return invalid("the URL is too long");
  }
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(e, CURLOPT_PRIVATE, this);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  // Sent as it is: dot segments are the business of whoever built the URL.
  curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
  // PIPEWAIT on a plain connection would hold back the first requests for nothing: there is no
  // ALPN.
  const bool http2 = !plain && !options.http1_only;
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(e, CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  // Less than 1 KiB/s for a minute is a dead connection.
  curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1024L);
  curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME,
                   std::max(60L, static_cast<long>(request_.timeout.count() / 1000) + 1));
  // Without it, giving up on a name that is being looked up would wait for the resolver, and every
  // other request with it.
  curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
  if (!options.user_agent.empty()) {
    curl_easy_setopt(e, CURLOPT_USERAGENT, options.user_agent.c_str());
  }
  set_security();
  set_method();
  if (auto failure = set_way(route, tls)) return failure;
  return set_headers();
}

// Where it goes, by which way, and who is met there.
std::optional<http::Failure> CurlTransfer::set_way(const CurlRoute& route, CurlTls& tls) {
  const auto url = Url::parse(request_.url);
  if (!url) return http::Failure{http::Failure::Kind::invalid, "the URL cannot be read"};
  origin_ = url->origin();
  const bool maybe_proxied = route.apply(easy_.get(), origin_);
  if (auto failure = tls.apply(easy_.get(), origin_)) return failure;
  if (origin_.scheme == "https") tls_ = &tls.of(origin_);
  return peer_rule_.apply(easy_.get(), request_.url, request_.innermost_peer, maybe_proxied);
}

void CurlTransfer::set_security() {
  CURL* const e = easy_.get();
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(e, CURLOPT_UNRESTRICTED_AUTH, 0L);
  curl_easy_setopt(e, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
}

void CurlTransfer::set_method() {
  CURL* const e = easy_.get();
  const std::string& method = request_.method;
  if (method == "HEAD") {
    // As a custom request libcurl would wait for the body that the Content-Length announces.
    curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool writes = method == "PUT" || method == "POST" || method == "PATCH";
  if (request_.body || writes) {
    // From memory and not copied: request_ outlives the transfer, and libcurl can rewind it.
    const std::string_view bytes = request_.body ? std::string_view(*request_.body) : "";
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(bytes.size()));
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, bytes.data());
  } else {
    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
  }
  if (method != "GET") curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method.c_str());
}

std::optional<http::Failure> CurlTransfer::set_headers() {
  curl_slist* list = nullptr;
  const auto append = [&](const std::string& line) {
    if (curl_slist* longer = curl_slist_append(list, line.c_str())) list = longer;
  };
  for (const auto& [name, value] : request_.headers.fields()) {
    if (!is_http_token(name) || !is_sendable_value(value)) {
      curl_slist_free_all(list);
      return http::Failure{http::Failure::Kind::invalid, "a header of the request is not valid"};
    }
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  // What libcurl would add by itself: a request is sent as it is.
  if (!request_.headers.get("Accept")) append("Accept:");
  if (!request_.headers.get("Content-Type")) append("Content-Type:");
  header_list_.reset(list);
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, list);
  return std::nullopt;
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t length = size * count;
  return static_cast<CurlTransfer*>(self)->header_line({data, length}) ? length : 0;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t length = size * count;
  return static_cast<CurlTransfer*>(self)->body({data, length}) ? length : 0;
}

bool CurlTransfer::fail(std::string message) {
  failure_ = http::Failure{http::Failure::Kind::too_large, std::move(message)};
  return false;
}

// Also called for trailers, after the body: those are not looked at.
bool CurlTransfer::header_line(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) return fail(std::string(kLongHeader));
  const bool whole = !line.empty() && line.back() == '\n';
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (header_complete_) return true;
  if (line.substr(0, 5) == "HTTP/" && fields_.empty()) {
    response_.status = status_of(line);
    return true;
  }
  if (line.empty()) return whole ? header_end() : true;
  if (is_ows(line.front())) return fold(trim_ows(line));
  const auto colon = line.find(':');
  const auto name = trim_ows(line.substr(0, colon));
  if (colon == std::string_view::npos || !is_http_token(name)) return true;
  if (fields_.size() >= kMaxHeaderFields) {
    return fail("the answer has over 100 header fields");
  }
  fields_.emplace_back(name, trim_ows(line.substr(colon + 1)));
  return true;
}

// A field that goes on in the next line (obsolete, and still sent): a Link cut there would make a
// list short.
bool CurlTransfer::fold(std::string_view rest) {
  if (!fields_.empty()) fields_.back().second.append(" ").append(rest);
  return true;
}

bool CurlTransfer::answers_without_body() const {
  return request_.method == "HEAD" || response_.status == 204 || response_.status == 304;
}

bool CurlTransfer::header_end() {
  if (response_.status / 100 == 1) {  // an interim answer; the real one follows
    response_ = {};
    fields_.clear();
    return true;
  }
  header_complete_ = true;
  for (auto& [name, value] : fields_) response_.headers.add(std::move(name), std::move(value));
  if (answers_without_body()) return true;
  const auto length = response_.headers.get("Content-Length");
  if (!length) return true;
  std::size_t bytes = 0;
  const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), bytes);
  if (error == std::errc::result_out_of_range || bytes > request_.max_body_bytes) {
    return fail("the answer announces more than " + std::to_string(request_.max_body_bytes) +
                " bytes");
  }
  if (error == std::errc()) response_.body.reserve(std::min<std::size_t>(bytes, 1024 * 1024));
  return true;
}

bool CurlTransfer::body(std::string_view bytes) {
  if (bytes.size() > request_.max_body_bytes - response_.body.size()) {
    return fail("the answer is larger than " + std::to_string(request_.max_body_bytes) + " bytes");
  }
  response_.body.append(bytes);
  return true;
}

// What has arrived may be the first part of something that can be asked for from there on.
http::Failure CurlTransfer::broken_off(CURLcode code) {
  http::Failure failure = failure_of(code, error_text_, origin_, tls_);
  const bool inside =
      failure.kind == http::Failure::Kind::broken || failure.kind == http::Failure::Kind::timeout;
  if (!inside || !header_complete_ || request_.method != "GET") return failure;
  withhold_secrets(request_, response_);
  failure.cut = std::move(response_);
  return failure;
}

http::Outcome CurlTransfer::finish(CURLcode code) {
  if (failure_) return *std::move(failure_);
  // Other codes come after a connection, to another address of the same name.
  const bool not_connected = code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK;
  if (not_connected && peer_rule_.refusal()) return *peer_rule_.refusal();
  // libcurl 7.88 gives up a single line of over 100 KiB with these words (C.1-5).
  if (code == CURLE_OUT_OF_MEMORY && !header_complete_) {
    return http::Failure{http::Failure::Kind::too_large, std::string(kLongHeader)};
  }
  if (code != CURLE_OK) return broken_off(code);
  // libcurl 7.88 says CURLE_OK when the connection closes inside the header block: a 404 or a list
  // without its Link would be made up.
  if (!header_complete_ || response_.status == 0) {
    return http::Failure{http::Failure::Kind::broken,
                         "the connection ended inside the header of the answer"};
  }
  response_.peer = peer_rule_.peer(easy_.get());
  long version = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
  response_.multiplexed = version >= CURL_HTTP_VERSION_2_0;
  withhold_secrets(request_, response_);
  return std::move(response_);
}

EasyHandle CurlTransfer::release() {
  if (easy_) curl_easy_reset(easy_.get());
  return std::move(easy_);
}

}  // namespace purser::net
