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

namespace purser {

struct AuthFileChange {
  std::string text = {};               // of the whole file, in docker's layout
  std::vector<std::string> keys = {};  // that were set or taken out
};

// The text with this registry's login in place of those that it had; without a credential an entry
// without a secret, as docker leaves one where a helper has the login. Entries for a part of the
// registry stay. Errors: invalid_argument. Pure.
Result<AuthFileChange> with_login(std::string_view text, std::string_view registry,
                                  const std::optional<Credential>& credential);
// The text without this registry's entries; no keys where it has none. Errors: invalid_argument.
Result<AuthFileChange> without_login(std::string_view text, std::string_view registry);

// Reads the file, edits it and puts it back while no other Purser does the same: two logins at once
// must both be there. A file that is not there is an empty text; its folder is made. Unchanged text
// is not written. Errors: io, and those of `edit`.
Status edit_file(const std::filesystem::path& file,
                 const std::function<Result<std::string>(const std::string& text)>& edit);

// May others than its owner read the file?
bool is_open_to_others(const std::filesystem::path& file);

}  // namespace purser
