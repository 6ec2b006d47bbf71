// What a file of docker or podman says about credentials, read and not yet judged.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "credentials/auth_key.h"
#include "purser/credentials.h"
#include "purser/result.h"

namespace purser {

// Thousands of registries; a file beyond it was named by mistake.
inline constexpr std::size_t kMaxAuthFileBytes = std::size_t{4} << 20U;

// An entry of `auths`.
struct AuthEntry {
  std::string key = {};
  std::optional<Credential> credential = {};  // none: no secret, as docker leaves it for a helper
  std::string problem = {};  // why it cannot be used: an error for its registry alone
};

// A helper as the file names it.
struct HelperEntry {
  std::string key = {};  // of credHelpers; empty: credsStore, for every registry
  std::string name = {};
  std::string problem = {};
};

struct AuthFile {
  std::vector<AuthEntry> entries = {};
  std::vector<HelperEntry> helpers = {};  // credHelpers, then credsStore
  bool has_more = false;                  // than `auths` and `credHelpers`

  // The entries for a registry or a repository of it, the one that counts first.
  std::vector<const AuthEntry*> entries_for(AuthFileFormat format, std::string_view registry,
                                            std::string_view repository) const;
  // The paths ("team") of the entries with a login for a part of the registry, below `path` where
  // one is given. Of the format `auths`.
  std::vector<std::string> narrower_than(std::string_view registry, std::string_view path) const;
  // The helper that has the registry's login for the owner of the file: by the key of credHelpers
  // that is the owner's own for it, and no other spelling, since he asks by no other; else by
  // credsStore. An empty name in credHelpers is no helper, and no credsStore either (as docker has
  // it).
  const HelperEntry* helper_for(FileOwner owner, std::string_view registry) const;
  // The one that has the login of Docker Hub for who is not the owner, and reads the file too.
  const HelperEntry* other_helper_for(FileOwner owner, std::string_view registry) const;
};

// By its name, and by what is in it: docker's file is called config.json, and docker writes more
// into a file than podman does (which store, headers, proxies).
FileOwner owner_of(const std::filesystem::path& name, const AuthFile& file);

// Errors: invalid_argument, without any of the text's values in it. Pure.
Result<AuthFile> parse_auth_file(std::string_view text, AuthFileFormat format);

}  // namespace purser
