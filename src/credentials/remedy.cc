#include "credentials/remedy.h"

#include <fmt/format.h>

#include "core/text.h"
#include "purser/reference.h"

namespace purser {
namespace {

// For a shell, and for a terminal.
std::string quoted(const std::filesystem::path& file) {
  const std::string text = sanitize_for_terminal(file.string());
  return text.find_first_of(" \t'\"$&;()<>|*?`\\") == std::string::npos ? text : "'" + text + "'";
}

}  // namespace

std::string login_command(const LoginPlace& place, const std::filesystem::path& usual_file) {
  std::string command = "purser login " + place.registry;
  if (is_valid_repository_path(place.path)) command += "/" + place.path;
  // A login does not write docker's format of 2014; it goes into a file that is asked before.
  const bool elsewhere = place.file != usual_file && place.format == AuthFileFormat::auths;
  if (elsewhere && !place.file.empty()) command += " --authfile " + quoted(place.file);
  return command;
}

std::string remedy_of(const LoginPlace& place, const std::filesystem::path& usual_file) {
  if (place.file.empty()) {
    return fmt::format("change or unset {}, which `purser login` leaves as it is", kAuthVariable);
  }
  return fmt::format("log in again with `{}`", login_command(place, usual_file));
}

std::string hint_for(Unreadable what, const LoginPlace& place,
                     const std::filesystem::path& usual_file) {
  const std::string explain =
      fmt::format("`purser auth explain {}` shows every place", place.registry);
  if (place.file.empty()) return fmt::format("Mend or unset {}; {}", kAuthVariable, explain);
  switch (what) {
    case Unreadable::place:
      break;
    case Unreadable::entry:
      return fmt::format("Mend the entry, or replace it with `{}`; {}",
                         login_command(place, usual_file), explain);
    case Unreadable::helper:
      return fmt::format("Mend the helper, or take its name out of {}; {}", quoted(place.file),
                         explain);
  }
  return fmt::format("Mend the file, or name another with --authfile; {}", explain);
}

}  // namespace purser
