// The options that a verb takes. Thin on purpose: CLI11 reads them, and only option_set.cc sees it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/result.h"

namespace purser::cli {

// Names (references, files) never go through CLI11: it takes `[::1]` for a list and would hand on
// `::1`. They come back from parse() exactly as they were typed.
class OptionSet {
 public:
  OptionSet();
  ~OptionSet();
  OptionSet(const OptionSet&) = delete;
  OptionSet& operator=(const OptionSet&) = delete;

  // `names` as in "-o,--output". The targets must outlive parse(). No option takes an empty value,
  // and no flag takes any.
  void flag(std::string names, bool& target, std::string help);
  void count(std::string names, int& target, std::string help);
  void text(std::string names, std::string& target, std::string value, std::string help);
  void texts(std::string names, std::vector<std::string>& target, std::string value,
             std::string help);
  void choice(std::string names, std::string& target, std::vector<std::string> choices,
              std::string help);
  void number(std::string names, std::size_t& target, std::string value, std::string help);
  void number(std::string names, std::function<void(std::size_t)> take, std::string value,
              std::string help);

  // An option that people know from elsewhere and that is an error here, with the reason. Its value
  // is shown nowhere, and help() does not list it.
  void refused(std::string names, std::string reason);

  // What is declared from here on is listed under this title by help().
  void group(std::string title);

  // Reads the options out of the arguments and returns the names among them, in order. `--` ends
  // the options. Errors: invalid_argument.
  Result<std::vector<std::string>> parse(std::vector<std::string> arguments);

  // Reads the options at the front; returns the position of the first argument that is none.
  // Errors: invalid_argument.
  Result<std::size_t> parse_front(const std::vector<std::string>& arguments);

  // The options as --help lists them.
  std::string help() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// An error of the command line: exit 2.
Error usage_error(std::string message, std::string hint = {});

}  // namespace purser::cli
