// Where an upload goes on: the Location of the registry's last answer, and the URL that ends
// the upload. Pure functions on text that a server wrote.
#pragma once

#include <string>
#include <string_view>

#include "purser/digest.h"
#include "purser/result.h"

namespace purser::net {

struct UploadLocation {
  std::string url = {};       // absolute; its query as it was sent, byte for byte
  bool same_origin = false;   // false: Authorization stays behind (CVE-2026-50151)
  bool was_upgraded = false;  // sent as http by a registry in https: worth a warning
};

// `location` as the answer to a request to `asked_url` has it: absolute, or relative to that URL
// (RFC 3986, section 5). A fragment is dropped. http on the registry's own host is made https where
// the registry was asked in https: a proxy's mistake. Errors: bad_response for what is no URL;
// refused for http on another host.
Result<UploadLocation> resolve_upload_location(std::string_view asked_url,
                                               std::string_view location);

// The URL of the PUT that ends the upload: `digest` is added to the query, which stays as it is.
std::string with_digest(const UploadLocation& location, const Digest& digest);

}  // namespace purser::net
