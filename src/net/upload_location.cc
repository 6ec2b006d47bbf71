#include "net/upload_location.h"

#include <utility>

#include "core/text.h"
#include "net/scheme_mistake.h"
#include "net/url.h"

namespace purser::net {
namespace {

Unexpected refuse(ErrorCode code, std::string message) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  return Unexpected(std::move(error));
}

}  // namespace

Result<UploadLocation> resolve_upload_location(std::string_view asked_url,
                                               std::string_view location) {
  const auto asked = Url::parse(asked_url);
  const auto next = asked && !location.empty() ? asked->resolve(location) : std::nullopt;
  if (!next) {
    return refuse(ErrorCode::bad_response,
                  "the registry says that the upload goes on at something that is no http or https "
                  "URL: " +
                      shorten(redacted_url(location), 200));
  }
  if (next->origin() == asked->origin()) return UploadLocation{next->str(), true, false};
  if (asked->origin().scheme == "https" && next->origin().scheme == "http") {
    if (differs_in_scheme_alone(asked->origin(), next->origin())) {
      const std::string_view url = next->str();
      return UploadLocation{
          asked->origin().str() + std::string(url.substr(origin_text(url).size())), true, true};
    }
    return refuse(ErrorCode::refused, "the registry says that the upload goes on in http, at " +
                                          redacted_url(next->str()));
  }
  return UploadLocation{next->str(), false, false};
}

std::string with_digest(const UploadLocation& location, const Digest& digest) {
  const auto url = Url::parse(location.url);
  return url ? url->with_query("digest=" + percent_encode(digest.str())) : std::string();
}

}  // namespace purser::net
