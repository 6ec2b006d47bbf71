#include "credentials/auth_file_edit.h"

#include <sys/stat.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "core/base64.h"
#include "core/text.h"
#include "credentials/auth_file.h"
#include "system/files.h"
#include "system/folder_lock.h"

namespace purser {
namespace {

using Json = nlohmann::ordered_json;

Unexpected bad(std::string message) {
  return Unexpected(Error{.code = ErrorCode::invalid_argument, .message = std::move(message)});
}

struct Contents {
  Json document;  // in the order of the file
  FileOwner owner;
};

// What Purser does not understand in full it does not write anew: the strict reader has seen it
// first.
Result<Contents> read_contents(std::string_view text, const AuthTarget& target) {
  const auto checked = parse_auth_file(text, AuthFileFormat::auths);
  if (!checked) return Unexpected(checked.error());
  const FileOwner owner = owner_of(target.file, *checked);
  if (text.empty()) return Contents{Json::object(), owner};
  Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return bad("it is not a JSON object");
  return Contents{std::move(document), owner};
}

// As docker writes it: two programs that take turns leave no difference but the change itself.
std::string dump(const Json& document) {
  return document.dump(1, '\t', false, Json::error_handler_t::replace);
}

bool is_for(std::string_view key, const AuthTarget& target) {
  const auto parsed = parse_auth_key(key, AuthFileFormat::auths);
  return parsed && parsed->path == target.path && same_registry(parsed->host, target.registry);
}

std::vector<std::string> keys_for(const Json& auths, const AuthTarget& target) {
  std::vector<std::string> keys;
  for (const auto& [key, entry] : auths.items()) {
    if (is_for(key, target)) keys.push_back(key);
  }
  return keys;
}

// The key to keep the login under. `known`: those of the target that the file has.
std::string key_for(const AuthTarget& target, FileOwner owner,
                    const std::vector<std::string>& known) {
  // By podman's name for Docker Hub, as docker has no keys for a part of a registry.
  if (!target.path.empty()) return own_key(FileOwner::podman, target.registry) + "/" + target.path;
  const std::string key = own_key(owner, target.registry);
  const bool only_others =
      !known.empty() && std::find(known.begin(), known.end(), key) == known.end();
  const bool is_hub_in_podmans = owner == FileOwner::podman && is_docker_hub(target.registry);
  // Who wrote another one finds it by that one.
  return is_hub_in_podmans && only_others ? known.front() : key;
}

Json entry_of(const std::optional<Credential>& credential) {
  Json entry = Json::object();
  if (!credential) return entry;
  if (!credential->username.empty() || !credential->password.empty()) {
    entry["auth"] = encode_base64(credential->username + ":" + credential->password.reveal());
  }
  if (!credential->identity_token.empty()) {
    entry["identitytoken"] = credential->identity_token.reveal();
  }
  return entry;
}

}  // namespace

Result<AuthFileChange> with_login(std::string_view text, const AuthTarget& target,
                                  const std::optional<Credential>& credential) {
  auto contents = read_contents(text, target);
  if (!contents) return Unexpected(std::move(contents).error());
  Json& document = contents->document;
  Json& auths = document["auths"];
  if (auths.is_null()) auths = Json::object();
  const std::vector<std::string> known = keys_for(auths, target);
  const std::string key = key_for(target, contents->owner, known);
  // Some keys are read as the whole registry: such a login must not come to be used for all of it.
  if (!is_for(key, target)) {
    return bad(
        fmt::format("an entry \"{}\" would not be read as one for a part of the registry", key));
  }
  for (const std::string& other : known) {
    if (other != key) auths.erase(other);
  }
  auths[key] = entry_of(credential);
  return AuthFileChange{.text = dump(document), .keys = {key}};
}

Result<AuthFileChange> without_login(std::string_view text, const AuthTarget& target) {
  auto contents = read_contents(text, target);
  if (!contents) return Unexpected(std::move(contents).error());
  Json& document = contents->document;
  AuthFileChange change{.text = std::string(text)};
  const auto auths = document.find("auths");
  if (auths == document.end() || auths->is_null()) return change;
  change.keys = keys_for(*auths, target);
  if (change.keys.empty()) return change;
  for (const std::string& key : change.keys) auths->erase(key);
  change.text = dump(document);
  return change;
}

Status edit_file(const std::filesystem::path& file,
                 const std::function<Result<std::string>(const std::string& text)>& edit,
                 const Patience& patience) {
  const auto named = std::filesystem::absolute(file);
  if (Status made = files::make_directories(named.parent_path()); !made) return made;
  // One file has one lock, by whichever link it was named: that of the folder that it is in.
  const auto target = files::place_to_replace(named);
  if (!target) return Unexpected(target.error());
  constexpr std::chrono::seconds kPatience{10};
  const auto lock = files::FolderLock::take(target->parent_path(), kPatience, patience);
  if (!lock) return Unexpected(lock.error());
  std::string old;
  std::error_code error;
  if (std::filesystem::exists(*target, error) || error) {
    auto text = files::read_small(*target, kMaxAuthFileBytes);
    if (!text) return Unexpected(std::move(text).error());
    old = *std::move(text);
  }
  const auto text = edit(old);
  if (!text) return Unexpected(text.error());
  return *text == old ? Status() : files::replace(*target, *text);
}

bool is_open_to_others(const std::filesystem::path& file) {
  struct stat status = {};
  return ::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

}  // namespace purser
