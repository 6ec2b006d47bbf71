#include "net/field_scanner.h"

#include <algorithm>

#include "net/ascii.h"

namespace purser::net {

bool FieldScanner::accept(char c) {
  if (rest_.empty() || rest_.front() != c) return false;
  rest_.remove_prefix(1);
  return true;
}

void FieldScanner::skip(std::size_t count) { rest_.remove_prefix(std::min(count, rest_.size())); }

void FieldScanner::skip_ows() {
  while (!rest_.empty() && is_ows(rest_.front())) rest_.remove_prefix(1);
}

void FieldScanner::skip_separators() {
  while (!rest_.empty() && (is_ows(rest_.front()) || rest_.front() == ',')) rest_.remove_prefix(1);
}

std::string_view FieldScanner::until(char end) {
  const auto text = rest_.substr(0, rest_.find(end));
  rest_.remove_prefix(text.size());
  return text;
}

std::string_view FieldScanner::token() {
  const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_char);
  const auto text = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
  rest_.remove_prefix(text.size());
  return text;
}

std::string FieldScanner::value(std::string_view ends) {
  std::string result;
  if (!accept('"')) {
    while (!at_end() && !is_ows(peek()) && ends.find(peek()) == std::string_view::npos) {
      result += peek();
      skip(1);
    }
    return result;
  }
  while (!at_end() && !accept('"')) {
    if (peek() == '\\' && rest_.size() > 1) skip(1);
    result += peek();
    skip(1);
  }
  return result;
}

}  // namespace purser::net
