#include "purser/error.h"

#include "core/text.h"

namespace purser {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::unauthorized:
      return "unauthorized";
    case ErrorCode::forbidden:
      return "forbidden";
    case ErrorCode::unreachable:
      return "unreachable";
    case ErrorCode::rate_limited:
      return "rate_limited";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::bad_response:
      return "bad_response";
    case ErrorCode::digest_mismatch:
      return "digest_mismatch";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::incomplete:
      return "incomplete";
    case ErrorCode::refused:
      return "refused";
    case ErrorCode::changed:
      return "changed";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::io:
      return "io";
  }
  return "unknown";  // a value from outside the enumeration
}

std::string to_string(const Error& error) {
  std::string place = error.registry;
  if (!place.empty() && !error.subject.empty()) place += '/';
  place += error.subject;

  std::string line;
  if (!error.operation.empty()) {
    line = "cannot " + error.operation;
    if (!place.empty()) line += ' ' + place;
    line += ": ";
  } else if (!place.empty()) {
    line = place + ": ";
  }
  line += error.message.empty() ? std::string(to_string(error.code)) : error.message;
  if (!error.hint.empty()) {
    const char last = line.back();
    line += last == '.' || last == '!' || last == '?' ? " " : ". ";
    line += error.hint;
  }
  return sanitize_for_terminal(line);
}

}  // namespace purser
