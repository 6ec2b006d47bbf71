// A verb of the command line, and the list of them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.h"
#include "cli/option_set.h"
#include "cli/session.h"
#include "purser/result.h"

namespace purser::cli {

// One run of one verb. An object is made only for the verb that was asked for.
class Verb {
 public:
  virtual ~Verb() = default;
  virtual void declare(OptionSet&) {}
  // `names`: the arguments that are no options, as they were typed. An error is what the program
  // prints and exits by; a status is for everything that the verb has told already.
  virtual Result<ExitCode> run(Session& session, const std::vector<std::string>& names) = 0;
};

inline constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);

struct VerbInfo {
  std::string_view name;
  std::string_view usage;     // what stands after the name
  std::string_view purpose;   // one line
  std::string_view text;      // what --help says below it
  std::string_view examples;  // one a line
  std::size_t min_names;
  std::size_t max_names;
  std::unique_ptr<Verb> (*make)();
};

// Every verb, in the order of the help.
std::span<const VerbInfo> all_verbs();

// In verbs_*.cc, a family a file.
std::unique_ptr<Verb> make_ping();
std::unique_ptr<Verb> make_catalog();
std::unique_ptr<Verb> make_tags();
std::unique_ptr<Verb> make_digest();
std::unique_ptr<Verb> make_manifest();
std::unique_ptr<Verb> make_inspect();
std::unique_ptr<Verb> make_config();
std::unique_ptr<Verb> make_referrers();
std::unique_ptr<Verb> make_tag();
std::unique_ptr<Verb> make_untag();
std::unique_ptr<Verb> make_delete();
std::unique_ptr<Verb> make_put();
std::unique_ptr<Verb> make_parse();
std::unique_ptr<Verb> make_login();
std::unique_ptr<Verb> make_logout();
std::unique_ptr<Verb> make_auth();
std::unique_ptr<Verb> make_plan_verb();
std::unique_ptr<Verb> make_apply();
std::unique_ptr<Verb> make_prune();

}  // namespace purser::cli
