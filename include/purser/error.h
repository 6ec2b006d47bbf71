// Errors are values. Every failure that leaves the library is an Error: what was tried, against
// which registry and repository, what was seen, and what the user can do about it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

// What kind of failure it was. A caller decides by the code; a person reads the message.
enum class ErrorCode {
  invalid_argument,  // bad input of the caller: a malformed reference, digest, pattern, option or
                     // file
  not_found,     // the server said 404 (or a named quirk of it); never 401, 403, 5xx or a time-out
  unauthorized,  // no credentials, or the server refused them
  forbidden,     // authenticated, but lacks the right
  unreachable,   // no connection, unknown host, TLS failure, time-out, overloaded (5xx after
                 // retries)
  rate_limited,  // 429 after the retries that its Retry-After allows
  unsupported,   // the server has no such operation, or it is switched off there
  conflict,      // referenced, locked or immutable on the server
  bad_response,  // the server answered something that is not the registry protocol
  digest_mismatch,  // bytes do not hash to the digest they were asked or announced by
  too_large,        // an answer went over its limit
  incomplete,       // a list could not be read to its end
  refused,          // Purser itself refuses: a safety check, a credential rule
  changed,          // what was looked at is not there any more in that form (a tag moved)
  cancelled,        // the caller's stop token or deadline
  io,               // a local file or directory
};

// The stable name of a code, as JSON output carries it ("not_found").
std::string_view to_string(ErrorCode code);

// What the server answered, where it answered at all.
struct HttpFailure {
  int status = 0;
  std::string method = {};
  std::string url = {};                 // redacted: no user info, no query values
  std::vector<std::string> codes = {};  // the registry's error codes, such as "MANIFEST_UNKNOWN"
  std::string server_message = {};      // sanitised and shortened
};

struct Error {
  ErrorCode code = ErrorCode::bad_response;
  std::string message = {};    // one sentence without a final full stop: what was seen
  std::string operation = {};  // what was tried: "read the manifest of"
  std::string registry = {};   // host[:port]
  std::string subject = {};    // the repository or reference within it, where there is one
  std::string hint = {};       // what to do about it; may be empty
  std::optional<HttpFailure> http = {};
  // How long the server asked to wait before the next request (Retry-After, or a pause of the whole
  // host, A-90); no value: it named no time.
  std::optional<std::chrono::milliseconds> retry_after = {};
  // The server did certainly not act: the request was not sent, or it was answered 429, or 401 and
  // there was no token.
  bool not_done = false;
};

// One line for a person: "cannot OPERATION REGISTRY/SUBJECT: MESSAGE. HINT". Safe for a terminal.
std::string to_string(const Error& error);

}  // namespace purser
