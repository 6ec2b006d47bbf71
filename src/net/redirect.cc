#include "net/redirect.h"

#include <string_view>
#include <utility>

#include "core/text.h"
#include "net/url.h"

namespace purser::net {
namespace {

Unexpected refuse(ErrorCode code, const std::string& url, const std::string& method, int status,
                  std::string message) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.http = HttpFailure{.status = status, .method = method, .url = redacted_url(url)};
  return Unexpected(std::move(error));
}

}  // namespace

bool is_redirect_status(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Result<std::optional<Redirect>> redirect_of(const std::string& method, const std::string& url,
                                            const http::Response& response) {
  const int status = response.status;
  const auto location = response.headers.get("Location");
  if (!is_redirect_status(status) || !location) return std::optional<Redirect>();
  const auto from = Url::parse(url);
  const auto to = from ? from->resolve(*location) : std::nullopt;
  if (!to) {
    return refuse(ErrorCode::bad_response, url, method, status,
                  "the server redirects to something that is no http or https URL: " +
                      shorten(redacted_url(*location), 200));
  }
  const bool same_origin = to->origin() == from->origin();
  const bool reads = method == "GET" || method == "HEAD";
  if (!reads && (status < 307 || !same_origin)) {
    return refuse(ErrorCode::refused, url, method, status,
                  "the server redirects a " + method + " to " + redacted_url(to->str()) + " by a " +
                      std::to_string(status) + "; a request that changes something is" +
                      " sent on only by 307 or 308, and only within the registry");
  }
  if (from->origin().scheme == "https" && to->origin().scheme == "http") {
    return refuse(ErrorCode::refused, url, method, status,
                  "the server redirects from https to http, to " + redacted_url(to->str()));
  }
  return std::optional<Redirect>(Redirect{to->str(), same_origin});
}

}  // namespace purser::net
