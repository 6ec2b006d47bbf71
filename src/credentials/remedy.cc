#include "credentials/remedy.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "purser/reference.h"

namespace purser {
namespace {

// For a shell, and for a terminal.
std::string quoted(const std::filesystem::path& file) {
  constexpr std::string_view kPlain = "/._-+,=@%:";
  const std::string text = sanitize_for_terminal(file.string());
  const bool plain = std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || kPlain.find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// By a command that is shown: with the key of an entry that no login has made, or with a file whose
// name has controls in it, it would be about something else.
bool can_be_named(const LoginPlace& place) {
  const std::string file = place.file.string();
  return (place.path.empty() || is_valid_repository_path(place.path)) &&
         sanitize_for_terminal(file) == file;
}

std::string command(std::string_view verb, const LoginPlace& place,
                    const std::filesystem::path& usual_file) {
  std::string text = fmt::format("purser {} {}", verb, place.registry);
  if (!place.path.empty()) text += "/" + place.path;
  // A login does not write docker's format of 2014; it goes into a file that is asked before.
  const bool elsewhere = place.file != usual_file && place.format == AuthFileFormat::auths;
  if (elsewhere) text += " --authfile " + quoted(place.file);
  return text;
}

}  // namespace

std::optional<std::string> login_command(const LoginPlace& place,
                                         const std::filesystem::path& usual_file) {
  LoginPlace target = place;
  // No helper keeps a login for a part; the one that it keeps for the whole is asked first.
  if (place.has_helper) target.path.clear();
  if (place.file.empty() || !can_be_named(target)) return std::nullopt;
  return command("login", target, usual_file);
}

std::optional<std::string> logout_command(const LoginPlace& place,
                                          const std::filesystem::path& usual_file) {
  const bool is_ours = !place.file.empty() && place.format == AuthFileFormat::auths;
  if (!is_ours || !can_be_named(place)) return std::nullopt;
  return command("logout", place, usual_file);
}

std::string remedy_of(const LoginPlace& place, const std::filesystem::path& usual_file) {
  if (place.file.empty()) {
    return fmt::format("change or unset {}, which `purser login` leaves as it is", kAuthVariable);
  }
  if (const auto login = login_command(place, usual_file)) {
    return fmt::format("log in again with `{}`", *login);
  }
  return fmt::format("mend the entry in {}", quoted(place.file));
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
      if (const auto login = login_command(place, usual_file)) {
        return fmt::format("Mend the entry, or replace it with `{}`; {}", *login, explain);
      }
      return fmt::format("Mend the entry; {}", explain);
    case Unreadable::helper:
      return fmt::format("Mend the helper, or take its name out of {}; {}", quoted(place.file),
                         explain);
  }
  return fmt::format("Mend the file, or name another with --authfile; {}", explain);
}

}  // namespace purser
