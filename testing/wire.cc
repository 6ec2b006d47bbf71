#include "testing/wire.h"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>
#include <charconv>

namespace purser::testing {
namespace {

constexpr std::size_t kMaxLine = 64 * 1024;
constexpr std::size_t kPart = 64 * 1024;

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failure != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

bool is_chunked(const WireHeaders& headers) {
  return same_name(headers.get("Transfer-Encoding"), "chunked");
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

bool status_has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

std::string WireHeaders::get(std::string_view name) const {
  for (const auto& [field, value] : fields) {
    if (same_name(field, name)) return value;
  }
  return {};
}

bool WireHeaders::has(std::string_view name) const {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return same_name(field.first, name); });
}

void WireHeaders::remove(std::string_view name) {
  std::erase_if(fields, [&](const auto& field) { return same_name(field.first, name); });
}

std::vector<std::string> WireRequest::query(std::string_view name) const {
  const auto mark = target.find('?');
  if (mark == std::string::npos) return {};
  return form_values(std::string_view(target).substr(mark + 1), name);
}

std::string WireResponse::bytes(std::string_view method) const {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", status, reason(status));
  for (const auto& [name, value] : headers.fields) text += fmt::format("{}: {}\r\n", name, value);
  const bool framed = headers.has("Content-Length") || headers.has("Transfer-Encoding");
  if (!framed && !status_has_no_body(status)) {
    text += fmt::format("Content-Length: {}\r\n", body.size());
  }
  text += "\r\n";
  if (method == "HEAD" || status_has_no_body(status)) return text;
  if (!is_chunked(headers)) return text + body;
  if (!body.empty()) text += fmt::format("{:x}\r\n{}\r\n", body.size(), body);
  return text + "0\r\n\r\n";
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto code = text[i] == '%' ? number(text.substr(i + 1, 2), 16) : std::nullopt;
    if (code && i + 2 < text.size()) {
      decoded += static_cast<char>(*code);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::vector<std::string> form_values(std::string_view form, std::string_view name) {
  std::vector<std::string> values;
  while (!form.empty()) {
    const std::string_view pair = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(form.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && percent_decode(pair.substr(0, equals)) == name) {
      values.push_back(percent_decode(pair.substr(equals + 1)));
    }
  }
  return values;
}

std::optional<WireRequest> WireReader::request() {
  // A handshake need not have a line end in it: the peer would wait for its answer for ever.
  if ((buffer_.empty() && !fill()) || was_tls()) return std::nullopt;
  const auto first = line();
  if (!first) return std::nullopt;
  const auto space = first->find(' ');
  const auto last = first->rfind(" HTTP/1.");
  if (space == std::string::npos || last == std::string::npos || last <= space) return std::nullopt;

  WireRequest request;
  request.method = first->substr(0, space);
  request.target = first->substr(space + 1, last - space - 1);
  if (!headers_into(request.headers)) return std::nullopt;
  // A client with a big body waits a second for this before it sends anyway.
  if (same_name(request.headers.get("Expect"), "100-continue") &&
      !socket_.send_all("HTTP/1.1 100 Continue\r\n\r\n")) {
    return std::nullopt;
  }
  if (!body_into(request.headers, /*until_end=*/false, request.body)) return std::nullopt;
  return request;
}

std::optional<WireResponse> WireReader::response(std::string_view method) {
  for (;;) {
    const auto first = line();
    if (!first || !first->starts_with("HTTP/1.") || first->size() < 12) return std::nullopt;
    const auto status = number(std::string_view(*first).substr(9, 3), 10);
    if (!status) return std::nullopt;
    WireResponse response;
    response.status = static_cast<int>(*status);
    if (!headers_into(response.headers)) return std::nullopt;
    if (response.status / 100 == 1) continue;  // the answer is still to come
    const bool bodiless = method == "HEAD" || status_has_no_body(response.status);
    if (!bodiless && !body_into(response.headers, /*until_end=*/true, response.body)) {
      return std::nullopt;
    }
    return response;
  }
}

std::optional<std::string> WireReader::line() {
  std::size_t end = 0;
  while ((end = buffer_.find('\n')) == std::string::npos) {
    if (buffer_.size() > kMaxLine || !fill()) return std::nullopt;
  }
  std::string text = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

bool WireReader::headers_into(WireHeaders& headers) {
  for (;;) {
    const auto text = line();
    if (!text) return false;
    if (text->empty()) return true;
    const auto colon = text->find(':');
    if (colon == std::string::npos) return false;
    headers.fields.emplace_back(text->substr(0, colon),
                                trim(std::string_view(*text).substr(colon + 1)));
  }
}

bool WireReader::body_into(const WireHeaders& headers, bool until_end, std::string& body) {
  if (is_chunked(headers)) return chunks_into(body);
  if (headers.has("Content-Length")) {
    const auto size = number(headers.get("Content-Length"), 10);
    return size && exactly(*size, body);
  }
  if (until_end) {
    while (fill()) {
    }
    body = std::exchange(buffer_, {});
  }
  return true;
}

bool WireReader::chunks_into(std::string& body) {
  for (;;) {
    const auto head = line();
    const auto size = head ? number(*head, 16) : std::nullopt;
    if (!size) return false;
    if (*size == 0) break;
    std::string chunk;
    if (!exactly(*size, chunk) || !line()) return false;
    body += chunk;
  }
  WireHeaders trailers;
  return headers_into(trailers);
}

bool WireReader::exactly(std::size_t size, std::string& bytes) {
  while (buffer_.size() < size) {
    if (!fill()) return false;
  }
  bytes = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return true;
}

bool WireReader::fill() {
  const std::string part = socket_.receive(kPart, patience_);
  buffer_ += part;
  return !part.empty();
}

}  // namespace purser::testing
