#include "cli/option_set.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

namespace purser::cli {

Error usage_error(std::string message, std::string hint) {
  Error error;
  error.code = ErrorCode::invalid_argument;
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

struct OptionSet::State {
  CLI::App app;
  std::string group = "Options";
  std::vector<std::string> groups = {};  // in the order of their first option
  std::vector<std::string> flags = {};   // their long names

  CLI::Option* finish(CLI::Option* option, const std::string& value) {
    if (!value.empty()) option->type_name(value);
    option->group(group);
    if (std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
    return option;
  }
};

namespace {

// "--output" of "-o,--output": the name that a message calls an option by.
std::string long_name(const std::string& names) { return names.substr(names.rfind(',') + 1); }

// An empty value is a shell variable that is not set. Taken for "not given", `-u "$NAME"` would
// send the stored login of somebody else.
void refuse_empty(CLI::Option* option, const std::string& name) {
  option->check([name](const std::string& text) {
    return text.empty() ? fmt::format("{} needs a value, and this one is empty", name)
                        : std::string();
  });
}

}  // namespace

OptionSet::OptionSet() : state_(std::make_unique<State>()) {
  state_->app.set_help_flag();
  state_->app.allow_extras();
}
OptionSet::~OptionSet() = default;

void OptionSet::group(std::string title) { state_->group = std::move(title); }

void OptionSet::flag(std::string names, bool& target, std::string help) {
  state_->flags.push_back(long_name(names));
  state_->finish(state_->app.add_flag(std::move(names), target, std::move(help)), {});
}

void OptionSet::count(std::string names, int& target, std::string help) {
  state_->finish(state_->app.add_flag(std::move(names), target, std::move(help)), {});
}

void OptionSet::text(std::string names, std::string& target, std::string value, std::string help) {
  const std::string name = long_name(names);
  CLI::Option* option = state_->app.add_option(std::move(names), target, std::move(help));
  refuse_empty(option, name);
  state_->finish(option, value);
}

void OptionSet::texts(std::string names, std::vector<std::string>& target, std::string value,
                      std::string help) {
  const std::string name = long_name(names);
  CLI::Option* option = state_->app.add_option(std::move(names), target, std::move(help));
  refuse_empty(option, name);
  // One value an occurrence, taken as it is: without this CLI11 would eat the names that follow.
  option->expected(1)->allow_extra_args(false);
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  state_->finish(option, value);
}

void OptionSet::choice(std::string names, std::string& target, std::vector<std::string> choices,
                       std::string help) {
  const std::string value = fmt::format("{}", fmt::join(choices, "|"));
  const std::string name = long_name(names);
  CLI::Option* option = state_->app.add_option(std::move(names), target, std::move(help));
  option->check([choices, value, name](const std::string& text) {
    const bool known = std::find(choices.begin(), choices.end(), text) != choices.end();
    return known ? std::string() : fmt::format("{} takes {}, not \"{}\"", name, value, text);
  });
  state_->finish(option, value);
}

void OptionSet::number(std::string names, std::size_t& target, std::string value,
                       std::string help) {
  number(
      std::move(names), [&target](std::size_t given) { target = given; }, std::move(value),
      std::move(help));
}

void OptionSet::number(std::string names, std::function<void(std::size_t)> take, std::string value,
                       std::string help) {
  const std::string name = long_name(names);
  CLI::Option* option = state_->app.add_option_function<std::string>(
      std::move(names),
      [take = std::move(take), name](const std::string& text) {
        std::size_t given = 0;
        const char* end = text.data() + text.size();
        const auto [stop, failure] = std::from_chars(text.data(), end, given);
        if (failure != std::errc() || stop != end) {
          throw CLI::ValidationError(
              fmt::format("{} takes a number from 0 up, not \"{}\"", name, text));
        }
        take(given);
      },
      std::move(help));
  state_->finish(option, value);
}

void OptionSet::refused(std::string names, std::string reason) {
  CLI::Option* option = state_->app.add_option_function<std::string>(
      std::move(names),
      [reason = std::move(reason)](const std::string&) { throw CLI::ValidationError(reason); });
  option->expected(0, 1)->group("");
}

namespace {

// What CLI11 would read in its own way, and what cannot mean anything.
Status check_arguments(const std::vector<std::string>& arguments,
                       const std::vector<std::string>& flags) {
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    const bool has_value = name.size() != argument.size();
    // Its value would be repeated by the error, and behind --password-stdin= stands a password.
    if (has_value && std::find(flags.begin(), flags.end(), name) != flags.end()) {
      return Unexpected(usage_error(fmt::format("{} takes no value", name)));
    }
    if (argument == "++") {
      return Unexpected(usage_error("\"++\" is neither an option nor a name",
                                    "Write a file of that name as ./++"));
    }
    if (argument.starts_with("--") && argument.size() > 3 &&
        argument.find('=') == argument.size() - 1) {
      return Unexpected(
          usage_error(fmt::format("{} needs a value", argument.substr(0, argument.size() - 1))));
    }
    if (argument.find('\0') != std::string::npos) {
      return Unexpected(usage_error("an argument has a NUL byte in it"));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> OptionSet::parse(std::vector<std::string> arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> after;
  if (end != arguments.end()) after.assign(end + 1, arguments.end());
  arguments.erase(end, arguments.end());
  if (const Status checked = check_arguments(arguments, state_->flags); !checked) {
    return Unexpected(checked.error());
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
  try {
    state_->app.parse(std::move(arguments));
  } catch (const CLI::Error& error) {
    return Unexpected(usage_error(error.what()));
  }
  std::vector<std::string> names = state_->app.remaining();
  for (const std::string& name : names) {
    if (name.size() > 1 && name.starts_with('-')) {
      // Without its value, which may be a password.
      return Unexpected(
          usage_error(fmt::format("there is no option {} here", name.substr(0, name.find('='))),
                      "Write -- before a name that begins with a dash"));
    }
  }
  names.insert(names.end(), after.begin(), after.end());
  return names;
}

Result<std::size_t> OptionSet::parse_front(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> front(arguments.begin(), end);
  if (const Status checked = check_arguments(front, state_->flags); !checked)
    return Unexpected(checked.error());
  std::reverse(front.begin(), front.end());
  state_->app.prefix_command();
  try {
    state_->app.parse(std::move(front));
  } catch (const CLI::Error& error) {
    return Unexpected(usage_error(error.what()));
  }
  const std::vector<std::string> rest = state_->app.remaining();
  const auto size = static_cast<std::size_t>(end - arguments.begin());
  if (!rest.empty() && rest.front().starts_with('-') && rest.front().size() > 1) {
    return Unexpected(usage_error(fmt::format("there is no option {} before the verb",
                                              rest.front().substr(0, rest.front().find('='))),
                                  "Write the options of a verb after it"));
  }
  return size - rest.size();
}

namespace {

constexpr std::size_t kHelpIndent = 28;
constexpr std::size_t kHelpWidth = 100;

// The purpose beside the option, broken at blanks; a long option has a line of its own, so that all
// purposes begin in one column.
std::string help_entry(const std::string& option, std::string_view purpose) {
  std::string text = "  " + option;
  std::size_t column = text.size();
  if (column > kHelpIndent - 2) {
    text += '\n';
    column = 0;
  }
  text.append(kHelpIndent - column, ' ');
  column = kHelpIndent;
  while (!purpose.empty()) {
    const std::size_t end = std::min(purpose.find(' '), purpose.size());
    if (column > kHelpIndent && column + 1 + end > kHelpWidth) {
      text += '\n' + std::string(kHelpIndent, ' ');
      column = kHelpIndent;
    }
    if (column > kHelpIndent) {
      text += ' ';
      ++column;
    }
    text += purpose.substr(0, end);
    column += end;
    purpose.remove_prefix(std::min(end + 1, purpose.size()));
  }
  return text + '\n';
}

}  // namespace

std::string OptionSet::help() const {
  std::string text;
  for (const std::string& group : state_->groups) {
    text += group + ":\n";
    for (const CLI::Option* option : state_->app.get_options()) {
      if (option->get_group() != group) continue;
      std::string names = option->get_name(false, true);
      for (std::size_t comma = names.find(','); comma != std::string::npos;
           comma = names.find(',', comma + 2)) {
        names.insert(comma + 1, " ");
      }
      const std::string value = option->get_expected_max() == 0 ? "" : option->get_type_name();
      const std::string left = value.empty() ? names : names + " " + value;
      text += help_entry(left, option->get_description());
    }
    text += "\n";
  }
  return text;
}

}  // namespace purser::cli
