// Changes to a file of docker or podman: one registry's entries, and nothing else in it.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/credentials.h"
#include "purser/result.h"
#include "system/patience.h"

namespace purser {

struct AuthFileChange {
  std::string text = {};               // of the whole file, in docker's layout
  std::vector<std::string> keys = {};  // that were set or taken out
};

// Whose login it is.
struct AuthTarget {
  std::string registry = {};
  std::string path = {};  // "team": for the repositories at and below it alone; empty: for all
  // By this name. docker and podman call Docker Hub by two keys, and podman's logout knows its own
  // alone: the key follows the owner_of() the file.
  std::filesystem::path file = "config.json";
};

// The text with the target's login in place of those that it had; without a credential an entry
// without a secret, as docker leaves one where a helper has the login. Entries for other parts of
// the registry stay. Of Docker Hub the key is the owner's, or in podman's file the one that is
// there. Errors: invalid_argument. Pure.
Result<AuthFileChange> with_login(std::string_view text, const AuthTarget& target,
                                  const std::optional<Credential>& credential);
// The text without the target's entries; no keys where it has none. Errors: invalid_argument.
Result<AuthFileChange> without_login(std::string_view text, const AuthTarget& target);

// Reads the file, edits it and puts it back while no other Purser does the same: two logins at once
// must both be there, whichever links lead them to the file. A file that is not there is an empty
// text; its folder is made. Unchanged text is not written. Errors: those of
// files::place_to_replace(), io, those of `edit`, and cancelled where another one's turn is not
// waited for any longer.
Status edit_file(const std::filesystem::path& file,
                 const std::function<Result<std::string>(const std::string& text)>& edit,
                 const Patience& patience = {});

// May others than its owner read the file?
bool is_open_to_others(const std::filesystem::path& file);

}  // namespace purser
