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

// In the order of the file. What Purser does not understand in full it does not write anew: the
// strict reader has seen it first.
Result<Json> read_ordered(std::string_view text) {
  const auto checked = parse_auth_file(text, AuthFileFormat::auths);
  if (!checked) return Unexpected(checked.error());
  if (text.empty()) return Json(Json::object());
  Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return bad("it is not a JSON object");
  return document;
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

// docker writes more into its file than podman does: which helper, headers, proxies.
bool is_podmans(const Json& document, const AuthTarget& target) {
  if (!target.may_be_podmans) return false;
  const auto items = document.items();
  return std::all_of(items.begin(), items.end(), [](const auto& item) {
    return item.key() == "auths" || item.key() == "credHelpers";
  });
}

// The key to keep the login under. `known`: those of the target that the file has.
std::string own_key(const Json& document, const AuthTarget& target,
                    const std::vector<std::string>& known) {
  const std::string host = to_lower(target.registry);
  if (!target.path.empty()) return host + "/" + target.path;
  if (!is_docker_hub(host) || !is_podmans(document, target)) return docker_key(host);
  const bool only_others =
      !known.empty() && std::find(known.begin(), known.end(), host) == known.end();
  // Who wrote another one finds it by that one.
  return only_others ? known.front() : host;
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
  auto document = read_ordered(text);
  if (!document) return Unexpected(std::move(document).error());
  Json& auths = (*document)["auths"];
  if (auths.is_null()) auths = Json::object();
  const std::vector<std::string> known = keys_for(auths, target);
  const std::string key = own_key(*document, target, known);
  // Some keys are read as the whole registry: such a login must not come to be used for all of it.
  if (!is_for(key, target)) {
    return bad(
        fmt::format("an entry \"{}\" would not be read as one for a part of the registry", key));
  }
  for (const std::string& other : known) {
    if (other != key) auths.erase(other);
  }
  auths[key] = entry_of(credential);
  return AuthFileChange{.text = dump(*document), .keys = {key}};
}

Result<AuthFileChange> without_login(std::string_view text, const AuthTarget& target) {
  auto document = read_ordered(text);
  if (!document) return Unexpected(std::move(document).error());
  AuthFileChange change{.text = std::string(text)};
  const auto auths = document->find("auths");
  if (auths == document->end() || auths->is_null()) return change;
  change.keys = keys_for(*auths, target);
  if (change.keys.empty()) return change;
  for (const std::string& key : change.keys) auths->erase(key);
  change.text = dump(*document);
  return change;
}

Status edit_file(const std::filesystem::path& file,
                 const std::function<Result<std::string>(const std::string& text)>& edit) {
  const auto named = std::filesystem::absolute(file);
  if (Status made = files::make_directories(named.parent_path()); !made) return made;
  // One file has one lock, by whichever link it was named: that of the folder that it is in.
  const auto target = files::place_to_replace(named);
  if (!target) return Unexpected(target.error());
  constexpr std::chrono::seconds kPatience{10};
  const auto lock = files::FolderLock::take(target->parent_path(), kPatience);
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
