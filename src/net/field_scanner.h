// Reads the structured header fields of HTTP from left to right.
#pragma once

#include <string>
#include <string_view>

namespace purser::net {

// Thread rule: a value. Never reads past the end; every call that reads something advances.
class FieldScanner {
 public:
  explicit FieldScanner(std::string_view text) : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  char peek() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }
  std::string_view rest() const noexcept { return rest_; }
  bool accept(char c);
  void skip(std::size_t count);
  void skip_ows();
  void skip_separators();  // spaces, tabs and commas
  // What stands before `end`, which is not taken; all of the rest where there is none.
  std::string_view until(char end);
  std::string_view token();  // may be empty
  // A quoted string with its escapes undone, or bare text up to one of `ends`, a space or a tab:
  // servers send URLs without quotes.
  std::string value(std::string_view ends);

 private:
  std::string_view rest_;
};

}  // namespace purser::net
