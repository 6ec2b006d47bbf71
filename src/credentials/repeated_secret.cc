#include "credentials/repeated_secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base64.h"
#include "core/secret_lines.h"
#include "core/text.h"

namespace purser {
namespace {

// Without line breaks and blanks, which base64 is often broken by, and in one case, as hexadecimal
// digits come in both.
std::string folded(std::string_view text) {
  std::string bare = to_lower(text);
  std::erase_if(bare, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  return bare;
}

std::string in_json(const std::string& text, bool ascii) {
  const std::string quoted =
      nlohmann::json(text).dump(-1, ' ', ascii, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

// Go, in which most helpers are written, escapes what HTML would read.
std::string in_json_of_go(const std::string& text) {
  std::string escaped;
  for (const char c : in_json(text, false)) {
    const bool plain = c != '<' && c != '>' && c != '&';
    escaped += plain ? std::string(1, c) : fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
  }
  return escaped;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos;
    encoded += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return encoded;
}

// The letters that it has whatever stands before and after it ("user:" does): those that also hold
// bits of its neighbours are left out.
std::string core_of_base64(const std::string& secret, std::size_t offset) {
  const std::string letters = encode_base64(std::string(offset, 'x') + secret);
  const std::size_t begin = offset == 0 ? 0 : offset + 1;
  const std::size_t end = (offset + secret.size()) * 8 / 6;
  return end > begin ? letters.substr(begin, end - begin) : std::string();
}

std::vector<std::string> forms_of(const std::string& secret) {
  std::vector<std::string> forms = {secret, in_json(secret, false), in_json(secret, true),
                                    in_json_of_go(secret), percent_encoded(secret)};
  for (const std::size_t offset : {0U, 1U, 2U}) {
    std::string base64 = core_of_base64(secret, offset);
    forms.push_back(base64);
    std::replace(base64.begin(), base64.end(), '+', '-');
    std::replace(base64.begin(), base64.end(), '/', '_');
    forms.push_back(std::move(base64));
  }
  return forms;
}

bool holds(const std::string& where, const std::string& secret) {
  const std::vector<std::string> forms = forms_of(secret);
  return std::any_of(forms.begin(), forms.end(), [&](const std::string& form) {
    const std::string what = folded(form);
    return what.empty() || where.find(what) != std::string::npos;
  });
}

}  // namespace

bool repeats_secret(std::string_view text, const Secret& secret) {
  constexpr std::size_t kShort = 4;
  const std::string& bytes = secret.reveal();
  if (bytes.empty()) return false;
  const std::string where = folded(text);
  if (bytes.size() < kShort || holds(where, bytes)) return true;
  const std::vector<std::string> lines = lines_of_secret(bytes);
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return holds(where, line); });
}

}  // namespace purser
