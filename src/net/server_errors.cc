#include "net/server_errors.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/text.h"

namespace purser::net {
namespace {

constexpr std::size_t kMaxErrorBytes = 64 * 1024;  // of a body that is looked at
constexpr std::size_t kMaxMessageBytes = 300;      // of what a person is shown
constexpr std::size_t kMaxCodes = 16;
constexpr std::size_t kMaxCodeBytes = 64;

using Json = nlohmann::json;

std::string clean(std::string_view text) {
  return shorten(sanitize_for_terminal(text), kMaxMessageBytes);
}

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string text_of(const Json* value) {
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  if (value->is_number_integer()) return std::to_string(value->get<std::int64_t>());
  return {};
}

// One entry of `errors`: {code, message, detail}; Artifactory has `status` for `code`.
void read_entry(const Json& entry, ServerErrors& errors, std::vector<std::string>& messages) {
  if (!entry.is_object()) return;
  std::string code = text_of(member(entry, "code"));
  if (code.empty()) code = text_of(member(entry, "status"));
  std::string message = text_of(member(entry, "message"));
  if (code.empty() && message.empty()) return;
  errors.structured = true;
  if (!code.empty() && errors.codes.size() < kMaxCodes) {
    errors.codes.push_back(shorten(sanitize_for_terminal(code), kMaxCodeBytes));
  }
  if (message.empty()) message = code;
  if (std::find(messages.begin(), messages.end(), message) == messages.end()) {
    messages.push_back(std::move(message));
  }
}

// The shapes of token servers and others: {"error": ...}, {"details": ...}, {"message": ...}.
std::string loose_message(const Json& body) {
  for (const char* name : {"error_description", "message", "details", "error"}) {
    const Json* value = member(body, name);
    if (std::string text = text_of(value); !text.empty()) return text;
    if (value != nullptr) {
      if (std::string text = text_of(member(*value, "message")); !text.empty()) return text;
    }
  }
  return {};
}

bool looks_like_html(std::string_view body) {
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && body[start] == '<';
}

// The words of a page without its marks; scripts and styles with everything in them.
std::string text_of_html(std::string_view body) {
  const std::string lower = to_lower(body);
  if (const std::size_t title = lower.find("<title"); title != std::string::npos) {
    const std::size_t begin = lower.find('>', title);
    const std::size_t end = lower.find("</title", title);
    if (begin != std::string::npos && end != std::string::npos && begin < end) {
      return "an HTML page, \"" + std::string(body.substr(begin + 1, end - begin - 1)) + "\"";
    }
  }
  return "an HTML page";
}

}  // namespace

bool ServerErrors::has(std::string_view code) const {
  return std::any_of(codes.begin(), codes.end(),
                     [code](const std::string& own) { return equals_ignoring_case(own, code); });
}

ServerErrors read_error_body(const http::Response& response) {
  ServerErrors errors;
  const std::string_view body = std::string_view(response.body).substr(0, kMaxErrorBytes);
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    errors.message = looks_like_html(body) ? clean(text_of_html(body)) : clean(body);
    return errors;
  }
  std::vector<std::string> messages;
  if (const Json* list = member(json, "errors")) {
    if (list->is_array()) {
      for (const Json& entry : *list) read_entry(entry, errors, messages);
    } else {
      read_entry(*list, errors, messages);
    }
  }
  std::string joined;
  for (const std::string& message : messages) joined += (joined.empty() ? "" : "; ") + message;
  if (joined.empty()) joined = loose_message(json);
  errors.message = clean(joined);
  return errors;
}

void append_server_message(std::string& message, std::string_view server_message) {
  if (server_message.empty()) return;
  message.append(": ").append(server_message);
  while (message.ends_with('.') || message.ends_with(' ')) message.pop_back();
}

}  // namespace purser::net
