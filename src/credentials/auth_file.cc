#include "credentials/auth_file.h"

#include <algorithm>
#include <utility>

#include "core/base64.h"
#include "core/json.h"

namespace purser {
namespace {

Unexpected bad(std::string message) {
  return Unexpected(Error{.code = ErrorCode::invalid_argument, .message = std::move(message)});
}

// Splits the decoded `auth` at the first colon: a password may have more of them. base64(1)
// breaks its lines, and the other clients read it all the same.
Status read_auth(std::string encoded, Credential& credential) {
  std::erase_if(encoded, [](char c) { return c == '\r' || c == '\n'; });
  auto decoded = decode_base64(encoded);
  if (!decoded) return bad("its auth is not base64");
  while (decoded->ends_with('\0')) decoded->pop_back();
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return bad("its auth has no colon between user and password");
  credential.username = decoded->substr(0, colon);
  credential.password = Secret(decoded->substr(colon + 1));
  return {};
}

Result<std::optional<Credential>> read_entry(const nlohmann::json& entry) {
  if (entry.is_null()) return std::optional<Credential>();
  if (!entry.is_object()) return bad("it is not an object");
  const auto text = [&](const char* name) { return json::find_string(entry, name); };
  Credential credential;
  for (const auto& [name, member] : {std::pair{"password", &Credential::password},
                                     std::pair{"identitytoken", &Credential::identity_token},
                                     std::pair{"registrytoken", &Credential::registry_token}}) {
    auto secret = text(name);
    if (!secret) return bad(secret.error().message);
    credential.*member = Secret(secret->value_or(""));
  }
  // It is sent as it is: a line break in it would be a header of its own (C.1-14).
  const std::string& token = credential.registry_token.reveal();
  if (std::any_of(token.begin(), token.end(), [](char c) { return c <= 0x20 || c >= 0x7f; })) {
    return bad("its registrytoken has characters that no token has");
  }
  auto username = text("username");
  if (!username) return bad(username.error().message);
  credential.username = username->value_or("");
  auto auth = text("auth");
  if (!auth) return bad(auth.error().message);
  if (!auth->value_or("").empty()) {
    if (auto status = read_auth(**auth, credential); !status) {
      return Unexpected(std::move(status).error());
    }
  }
  // A request would go without it: then it must not hide a login that comes after it.
  const bool from_auth = !auth->value_or("").empty();
  const bool login = !credential.password.empty() && (from_auth || !credential.username.empty());
  if (!login && credential.identity_token.empty() && credential.registry_token.empty()) {
    return std::optional<Credential>();
  }
  return std::optional<Credential>(std::move(credential));
}

std::vector<AuthEntry> read_entries(const nlohmann::json& auths) {
  std::vector<AuthEntry> entries;
  for (const auto& [key, value] : auths.items()) {
    AuthEntry entry{.key = key};
    auto credential = read_entry(value);
    if (credential) {
      entry.credential = *std::move(credential);
    } else {
      entry.problem = credential.error().message;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

HelperEntry read_helper(std::string key, const nlohmann::json& value) {
  HelperEntry helper{.key = std::move(key)};
  if (value.is_string()) {
    helper.name = value.get<std::string>();
  } else {
    helper.problem = "the name of its credential helper is not a string";
  }
  return helper;
}

std::vector<HelperEntry> read_helpers(const nlohmann::json& cred_helpers,
                                      const nlohmann::json* store) {
  std::vector<HelperEntry> helpers;
  for (const auto& [key, value] : cred_helpers.items()) {
    // Without a key it would be taken for credsStore.
    if (!key.empty()) helpers.push_back(read_helper(key, value));
  }
  if (store != nullptr) helpers.push_back(read_helper({}, *store));
  return helpers;
}

const HelperEntry* helper_with(const std::vector<HelperEntry>& helpers, const std::string& key) {
  const auto found = std::find_if(helpers.begin(), helpers.end(),
                                  [&](const HelperEntry& helper) { return helper.key == key; });
  return found == helpers.end() ? nullptr : &*found;
}

bool is_one(const HelperEntry& helper) { return !helper.name.empty() || !helper.problem.empty(); }

}  // namespace

Result<AuthFile> parse_auth_file(std::string_view text, AuthFileFormat format) {
  AuthFile file;
  if (text.empty()) return file;  // as docker has it: /dev/null is in use
  const auto document = json::parse_strict(text);
  if (!document) return bad(document.error().message);
  if (!document->is_object()) return bad("it is not a JSON object");
  if (format == AuthFileFormat::dockercfg) {
    file.entries = read_entries(*document);
    return file;
  }
  const auto auths = json::find_object(*document, "auths");
  if (!auths) return bad(auths.error().message);
  if (*auths != nullptr) file.entries = read_entries(**auths);
  const auto helpers = json::find_object(*document, "credHelpers");
  if (!helpers) return bad(helpers.error().message);
  file.helpers = read_helpers(*helpers == nullptr ? nlohmann::json::object() : **helpers,
                              json::find(*document, "credsStore"));
  for (const auto& [name, value] : document->items()) {
    file.has_more |= name != "auths" && name != "credHelpers";
  }
  return file;
}

std::vector<const AuthEntry*> AuthFile::entries_for(AuthFileFormat format,
                                                    std::string_view registry,
                                                    std::string_view repository) const {
  std::vector<std::pair<std::size_t, const AuthEntry*>> fitting;
  for (const AuthEntry& entry : entries) {
    const std::size_t fit = fit_of_key(entry.key, format, registry, repository);
    if (fit > 0) fitting.emplace_back(fit, &entry);
  }
  std::stable_sort(fitting.begin(), fitting.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<const AuthEntry*> found;
  for (const auto& [fit, entry] : fitting) found.push_back(entry);
  return found;
}

std::vector<std::string> AuthFile::narrower_than(std::string_view registry,
                                                 std::string_view path) const {
  std::vector<std::string> paths;
  for (const AuthEntry& entry : entries) {
    const auto key = parse_auth_key(entry.key, AuthFileFormat::auths);
    if (!key || key->path.empty() || !same_registry(key->host, registry)) continue;
    if (!entry.credential && entry.problem.empty()) continue;
    const bool below =
        path.empty() || (key->path.size() > path.size() && key->path.starts_with(path) &&
                         key->path[path.size()] == '/');
    if (below) paths.push_back(key->path);
  }
  return paths;
}

const HelperEntry* AuthFile::helper_for(FileOwner owner, std::string_view registry) const {
  const HelperEntry* found = nullptr;
  for (const std::string& key : {own_key(owner, registry), std::string()}) {
    if (found == nullptr) found = helper_with(helpers, key);
  }
  return found != nullptr && is_one(*found) ? found : nullptr;
}

const HelperEntry* AuthFile::other_helper_for(FileOwner owner, std::string_view registry) const {
  const FileOwner other = owner == FileOwner::docker ? FileOwner::podman : FileOwner::docker;
  const std::string key = own_key(other, registry);
  if (key == own_key(owner, registry)) return nullptr;
  const HelperEntry* found = helper_with(helpers, key);
  return found != nullptr && is_one(*found) ? found : nullptr;
}

FileOwner owner_of(const std::filesystem::path& name, const AuthFile& file) {
  return name.filename() == "config.json" || file.has_more ? FileOwner::docker : FileOwner::podman;
}

}  // namespace purser
