#include "cli/app.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "cli/exit_code.h"
#include "cli/help.h"
#include "cli/option_set.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/settings.h"
#include "cli/verb.h"
#include "purser/version.h"

namespace purser::cli {
namespace {

bool is_terminal(std::FILE* file) {
  const int fd = ::fileno(file);
  return fd >= 0 && ::isatty(fd) == 1;
}

// https://no-color.org, and terminals that can do nothing.
bool wants_colour(const Settings& settings, bool terminal) {
  if (settings.color != "auto") return settings.color == "always";
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return terminal && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

const VerbInfo* find_verb(std::string_view name) {
  const auto verbs = all_verbs();
  const auto found = std::find_if(verbs.begin(), verbs.end(),
                                  [&](const VerbInfo& verb) { return verb.name == name; });
  return found == verbs.end() ? nullptr : &*found;
}

Result<const VerbInfo*> verb_named(const std::string& name) {
  if (const VerbInfo* verb = find_verb(name)) return verb;
  const std::string_view nearest = nearest_verb(name);
  return Unexpected(usage_error(fmt::format("there is no verb \"{}\"", name),
                                nearest.empty() ? "`purser --help` lists the verbs"
                                                : fmt::format("Did you mean {}?", nearest)));
}

Status check_count(const VerbInfo& verb, const std::vector<std::string>& names) {
  if (names.size() >= verb.min_names && names.size() <= verb.max_names) return {};
  const bool too_many = names.size() > verb.max_names;
  // `login HOST PASSWORD`: what stands there in error may be a secret.
  if (too_many && verb.name == "login") {
    return Unexpected(usage_error("login takes one name, the registry",
                                  "Give the user name with -u USER, and the password with "
                                  "--password-stdin or in PURSER_PASSWORD"));
  }
  const std::string seen =
      too_many ? fmt::format("\"{}\" is one name too many for {}", names[verb.max_names], verb.name)
               : fmt::format("{} needs more names", verb.name);
  return Unexpected(usage_error(seen, fmt::format("Usage: purser {} {}", verb.name, verb.usage)));
}

class App {
 public:
  explicit App(const Environment& environment) : environment_(environment) {}

  ExitCode run(std::vector<std::string> arguments) {
    const Result<ExitCode> code = dispatch(std::move(arguments));
    return code ? *code : fail(code.error());
  }

 private:
  ExitCode fail(const Error& error) const {
    const bool terminal = is_terminal(environment_.err);
    Diagnostics(environment_.err, terminal, wants_colour(settings_, terminal), false, 0)
        .error(error);
    return exit_code_for(error.code);
  }

  Result<ExitCode> dispatch(std::vector<std::string> arguments) {
    OptionSet global;
    Settings before_verb;  // read again with the verb's own options; here only to find the verb
    declare_global_options(global, before_verb);
    const Result<std::size_t> front = global.parse_front(arguments);
    if (!front) return Unexpected(front.error());
    if (*front < arguments.size() && arguments[*front] == "help") {
      return help(global,
                  {arguments.begin() + static_cast<std::ptrdiff_t>(*front) + 1, arguments.end()});
    }
    if (before_verb.version) return print(fmt::format("purser {}\n", PURSER_VERSION));
    if (*front == arguments.size()) {
      if (before_verb.help) return print(program_help(global));
      return Unexpected(usage_error("there is no verb", "`purser --help` lists the verbs"));
    }
    const Result<const VerbInfo*> verb = verb_named(arguments[*front]);
    if (!verb) return Unexpected(verb.error());
    arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(*front));
    return run_verb(**verb, std::move(arguments));
  }

  Result<ExitCode> help(const OptionSet& global, const std::vector<std::string>& names) {
    if (names.empty()) return print(program_help(global));
    const Result<const VerbInfo*> verb = verb_named(names.front());
    if (!verb) return Unexpected(verb.error());
    return run_verb(**verb, {"--help"});
  }

  Result<ExitCode> run_verb(const VerbInfo& info, std::vector<std::string> arguments) {
    const std::unique_ptr<Verb> verb = info.make();
    OptionSet options;
    verb->declare(options);
    declare_global_options(options, settings_);
    const auto names = options.parse(std::move(arguments));
    if (!names) return Unexpected(names.error());
    if (settings_.help) return print(verb_help(info, options));
    if (settings_.version) return print(fmt::format("purser {}\n", PURSER_VERSION));
    if (const Status checked = check_settings(settings_); !checked) {
      return Unexpected(checked.error());
    }
    if (const Status checked = check_count(info, *names); !checked) {
      return Unexpected(checked.error());
    }
    const bool out_terminal = is_terminal(environment_.out);
    const bool err_terminal = is_terminal(environment_.err);
    Output out(environment_.out, out_terminal, wants_colour(settings_, out_terminal),
               settings_.format());
    Diagnostics err(environment_.err, err_terminal, wants_colour(settings_, err_terminal),
                    settings_.quiet, settings_.verbosity);
    Session session(settings_, out, err, environment_.stop, environment_.transport);
    Result<ExitCode> code = verb->run(session, *names);
    // Even after an error: what was answered before it must have been written.
    const Status written = out.flush();
    err.clear_progress();
    if (!code) return code;
    if (!written) return Unexpected(written.error());
    return code;
  }

  ExitCode print(const std::string& text) const {
    Output out(environment_.out, false, false, Format::text);
    out.raw(text);
    const Status written = out.flush();
    return written ? ExitCode::done : fail(written.error());
  }

  const Environment& environment_;
  Settings settings_ = {};
};

}  // namespace

int run(std::vector<std::string> arguments, const Environment& environment) {
  return static_cast<int>(App(environment).run(std::move(arguments)));
}

}  // namespace purser::cli
