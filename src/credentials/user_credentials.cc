#include "purser/user_credentials.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <mutex>
#include <utility>

#include "core/text.h"
#include "credentials/auth_file.h"
#include "credentials/auth_file_edit.h"
#include "credentials/auth_files.h"
#include "credentials/credential_helper.h"
#include "credentials/credential_walk.h"
#include "credentials/helper_answers.h"
#include "credentials/places.h"
#include "system/files.h"

namespace purser {
namespace {

namespace fs = std::filesystem;
using Found = CredentialLook::Found;
using MaybeCredential = std::optional<Credential>;

// What login and logout cannot do is mended at the file: a login again would fail in the same way.
Error at_the_file(Error error, std::string operation, const RegistryName& registry) {
  if (error.hint.empty() && error.code != ErrorCode::cancelled) {
    error.hint = "Mend that, or name another file with --authfile";
  }
  return in_context(std::move(error), std::move(operation), registry);
}

}  // namespace

class UserCredentials::Impl {
 public:
  explicit Impl(UserCredentialsOptions options) : options_(std::move(options)) {
    if (!options_.environment) options_.environment = process_environment;
  }

  void walk(CredentialWalk& walk, const RegistryName& registry, std::string_view repository,
            const Patience& patience) {
    // A file that was typed comes before a variable that was set once and forgotten.
    if (options_.file.empty()) look_at_variable(walk, registry, repository);
    for (const AuthPlace& place : auth_places(options_.file, options_.environment)) {
      if (walk.done()) return;
      look_at_file(walk, place, registry, repository, patience);
    }
  }

  std::vector<CredentialLook> places() const {
    std::vector<CredentialLook> looks;
    const auto add = [&](std::string place) {
      looks.push_back({.place = std::move(place), .found = Found::not_asked});
    };
    if (options_.file.empty()) add(kAuthVariable);
    for (const AuthPlace& place : auth_places(options_.file, options_.environment)) {
      add(place.file.string());
    }
    return looks;
  }

  Result<CredentialHome> store(const RegistryName& registry, std::string_view path,
                               const Credential& credential, const Patience& patience) {
    const std::lock_guard lock(changing_);
    // Before a helper has the login, and before a pipe is read that nobody may write to.
    if (const auto place = files::place_to_replace(file()); !place) {
      return Unexpected(place.error());
    }
    CredentialHome home{.file = file(), .was_open_to_others = is_open_to_others(file())};
    const auto contents = contents_now(patience);
    if (!contents) return Unexpected(contents.error());
    const auto helper =
        open_if_any((*contents)->helper_for(owner(**contents), registry.str()), registry);
    if (!helper) return Unexpected(helper.error());
    if (*helper && !path.empty()) return Unexpected(no_part_in((*helper)->helper));
    if (*helper) {
      home.helpers = {(*helper)->helper.program().filename()};
      const std::string& server = (*helper)->servers.front();
      if (Status kept = (*helper)->helper.store(server, credential, patience); !kept) {
        return Unexpected(std::move(kept).error());
      }
    }
    const auto edit = [&](const std::string& text) -> Result<std::string> {
      auto change = with_login(text, target(registry, path),
                               *helper ? MaybeCredential() : MaybeCredential(credential));
      if (!change) return Unexpected(std::move(change).error());
      home.keys = std::move(change->keys);
      return std::move(change->text);
    };
    const Status edited = edit_file(file(), edit, patience);
    forget();
    if (!edited) return Unexpected(edited.error());
    return home;
  }

  Result<std::optional<CredentialHome>> erase(const RegistryName& registry, std::string_view path,
                                              const Patience& patience) {
    const std::lock_guard lock(changing_);
    std::error_code ignored;
    // A device keeps nothing: /dev/null is named where there is to be no file.
    if (fs::is_character_file(file(), ignored)) return std::optional<CredentialHome>();
    if (const auto place = files::place_to_replace(file()); !place) {
      return Unexpected(place.error());
    }
    CredentialHome home{.file = file()};
    const auto contents = contents_now(patience);
    if (!contents) return Unexpected(contents.error());
    // A helper that fails must not leave the password where it is in plain text.
    const Status helped =
        path.empty() ? erase_from_helpers(**contents, registry, home, patience) : Status();
    const Status edited = erase_from_file(target(registry, path), home, patience);
    forget();
    if (!helped) return Unexpected(half_erased(helped.error(), edited, home));
    if (!edited) return Unexpected(edited.error());
    if (home.helpers.empty() && home.keys.empty()) return std::optional<CredentialHome>();
    return std::optional<CredentialHome>(std::move(home));
  }

  std::vector<PartLogin> narrower_logins(const RegistryName& registry, std::string_view path) {
    const auto parsed = files_.read({.file = file()});
    if (!parsed || !*parsed) return {};
    LoginPlace place = place_in({.file = file()}, **parsed, registry);
    std::vector<PartLogin> logins;
    for (const std::string& part : (*parsed)->narrower_than(registry.str(), path)) {
      place.path = part;
      logins.push_back({.name = sanitize_for_terminal(registry.str() + "/" + part),
                        .login = login_command(place, usual_file()).value_or(""),
                        .logout = logout_command(place, usual_file()).value_or("")});
    }
    return logins;
  }

  fs::path file() const { return options_.file.empty() ? usual_file() : options_.file; }
  // What a login without --authfile writes.
  fs::path usual_file() const {
    if (const auto named = options_.environment("REGISTRY_AUTH_FILE")) return *named;
    return docker_config_file(options_.environment);
  }

 private:
  // A helper, and what it may keep the login under: first what it is stored under.
  struct OpenHelper {
    CredentialHelper helper;
    std::vector<std::string> servers;
  };

  AuthTarget target(const RegistryName& registry, std::string_view path) const {
    return {.registry = registry.str(), .path = std::string(path), .file = file()};
  }

  static LoginPlace place_in(const AuthPlace& place, const AuthFile& contents,
                             const RegistryName& registry) {
    const FileOwner owner = owner_of(place.file, contents);
    return {.registry = registry.str(),
            .file = place.file,
            .format = place.format,
            .has_helper = contents.helper_for(owner, registry.str()) != nullptr};
  }

  static Error no_part_in(const CredentialHelper& helper) {
    return {
        .code = ErrorCode::unsupported,
        .message = fmt::format("{} keeps logins of whole registries, and none for a part of one",
                               helper.program().filename().string()),
        .hint = "Log in to the registry, or name a file without that helper with --authfile"};
  }

  void look_at_variable(CredentialWalk& walk, const RegistryName& registry,
                        std::string_view repository) {
    CredentialLook look{.place = kAuthVariable};
    const auto text = options_.environment(kAuthVariable);
    if (!text) {
      look.found = Found::absent;
      return walk.add(std::move(look));
    }
    const auto file = parse_auth_file(*text, AuthFileFormat::auths);
    const LoginPlace here{.registry = registry.str()};
    if (!file) return walk.fail(std::move(look), Unreadable::place, here, file.error());
    // No helper for what is in the environment: whoever sets a variable need not be the user.
    look_at_entries(walk, look, *file, here, repository);
  }

  void look_at_file(CredentialWalk& walk, const AuthPlace& place, const RegistryName& registry,
                    std::string_view repository, const Patience& patience) {
    CredentialLook look{.place = place.file.string()};
    const auto file = files_.read(place, patience);
    if (!file) {
      const LoginPlace here{.registry = registry.str(), .file = place.file, .format = place.format};
      return walk.fail(std::move(look), Unreadable::place, here, file.error());
    }
    if (!*file) {
      look.found = Found::absent;
      return walk.add(std::move(look));
    }
    if (is_open_to_others(place.file)) look.note = "others can read this file";
    const FileOwner owner = owner_of(place.file, **file);
    const LoginPlace here = place_in(place, **file, registry);
    if (const HelperEntry* helper = (*file)->helper_for(owner, registry.str())) {
      look_at_helper(walk, look, *helper, here, patience);
      if (walk.done()) return;
    }
    look_at_entries(walk, look, **file, here, repository);
    if (walk.done()) return;
    // What the owner does not ask comes last: a login that he has just made must be the one in use.
    if (const HelperEntry* helper = (*file)->other_helper_for(owner, registry.str())) {
      look_at_helper(walk, look, *helper, here, patience);
    }
  }

  static void look_at_entries(CredentialWalk& walk, CredentialLook look, const AuthFile& file,
                              LoginPlace here, std::string_view repository) {
    bool any = false;
    for (const AuthEntry* entry : file.entries_for(here.format, here.registry, repository)) {
      const auto key = parse_auth_key(entry->key, here.format);
      here.path = key ? key->path : "";
      look.section = "auths";
      look.key = sanitize_for_terminal(entry->key);
      if (!entry->problem.empty()) {
        walk.fail(look, Unreadable::entry, here,
                  Error{.code = ErrorCode::invalid_argument,
                        .message = fmt::format("the entry \"{}\" cannot be used: {}", look.key,
                                               entry->problem)});
      } else if (entry->credential) {
        walk.add(look, here, *entry->credential);
      } else {
        continue;
      }
      any = true;
      if (walk.done()) return;
    }
    if (any) return;
    look.section = "auths";
    look.key = {};
    look.found = Found::nothing;
    walk.add(std::move(look));
  }

  void look_at_helper(CredentialWalk& walk, CredentialLook look, const HelperEntry& entry,
                      const LoginPlace& here, const Patience& patience) {
    look.section = entry.key.empty() ? "credsStore" : "credHelpers";
    look.key = sanitize_for_terminal(entry.key);
    look.helper = "docker-credential-" + sanitize_for_terminal(entry.name);
    if (walk.decided()) {
      look.found = Found::not_asked;
      return walk.add(std::move(look));
    }
    const auto opened = open_helper(entry, here.file, here.registry);
    if (!opened) return walk.fail(std::move(look), Unreadable::helper, here, opened.error());
    look.helper = opened->helper.program().string();
    const auto credential = answers_.ask(opened->helper, opened->servers, patience);
    if (!credential) {
      return walk.fail(std::move(look), Unreadable::helper, here, credential.error());
    }
    if (credential->has_value()) return walk.add(std::move(look), here, **credential);
    look.found = Found::nothing;
    walk.add(std::move(look));
  }

  Result<OpenHelper> open_helper(const HelperEntry& entry, const fs::path& file,
                                 std::string_view registry) const {
    if (!entry.problem.empty()) {
      return Unexpected(
          Error{.code = ErrorCode::invalid_argument, .message = entry.problem, .hint = {}});
    }
    if (!may_name_helpers(file, options_.environment)) {
      return Unexpected(Error{
          .code = ErrorCode::refused,
          .message = fmt::format("the credential helper docker-credential-{} is not run, because "
                                 "the file that names it is in a checkout or in the current "
                                 "directory, where it may be somebody else's",
                                 shorten(sanitize_for_terminal(entry.name), 80)),
          .hint = "Keep the file outside of checkouts, name it by an absolute path, and run Purser "
                  "from outside of its folder"});
    }
    const std::string path = options_.environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
    auto helper = CredentialHelper::find(entry.name, path, options_.helper_timeout);
    if (!helper) return Unexpected(std::move(helper).error());
    return OpenHelper{*std::move(helper), servers_of(registry, entry.key)};
  }

  // Out of every one that may have it. Errors: the first one's.
  Status erase_from_helpers(const AuthFile& contents, const RegistryName& registry,
                            CredentialHome& home, const Patience& patience) const {
    Status all;
    const FileOwner owns = owner(contents);
    for (const HelperEntry* entry : {contents.helper_for(owns, registry.str()),
                                     contents.other_helper_for(owns, registry.str())}) {
      const auto helper = open_if_any(entry, registry);
      if (helper && !*helper) continue;
      const Status erased =
          helper ? erase_from(**helper, home, patience) : Unexpected(helper.error());
      if (all && !erased) all = erased;
    }
    return all;
  }

  // An entry that cannot be read is erased all the same.
  static Status erase_from(const OpenHelper& opened, CredentialHome& home,
                           const Patience& patience) {
    Status all;
    bool any = false;
    for (const std::string& server : opened.servers) {
      const auto credential = opened.helper.get(server, patience);
      if (credential && !credential->has_value()) continue;
      const Status erased = opened.helper.erase(server, patience);
      any = any || erased;
      if (all && !erased) all = erased;
    }
    if (any) home.helpers.push_back(opened.helper.program().filename());
    return all;
  }

  Status erase_from_file(const AuthTarget& target, CredentialHome& home, const Patience& patience) {
    std::error_code ignored;
    if (fs::status(target.file, ignored).type() == fs::file_type::not_found) return {};
    std::vector<std::string> keys;
    const auto edit = [&](const std::string& text) -> Result<std::string> {
      auto change = without_login(text, target);
      if (!change) return Unexpected(std::move(change).error());
      keys = std::move(change->keys);
      return std::move(change->text);
    };
    Status edited = edit_file(target.file, edit, patience);
    if (edited) home.keys = std::move(keys);
    return edited;
  }

  static Error half_erased(Error error, const Status& edited, const CredentialHome& home) {
    std::vector<std::string> places = home.helpers;
    if (!home.keys.empty()) places.push_back(home.file.string());
    if (!places.empty()) {
      error.message += fmt::format("; the login was removed from {}", fmt::join(places, " and "));
    }
    if (!edited) {
      error.message += "; the file could not be changed either: " + to_string(edited.error());
    }
    return error;
  }

  // Of the file that store() and erase() change; of one that is not there, nothing.
  Result<AuthFiles::MaybeFile> contents_now(const Patience& patience) {
    forget();  // another program may have changed the file since
    auto contents = files_.read({.file = file()}, patience);
    if (contents && !*contents) return std::make_shared<const AuthFile>();
    if (contents) return contents;
    Error error = contents.error();
    error.message = file().string() + ": " + error.message;
    return Unexpected(std::move(error));
  }
  FileOwner owner(const AuthFile& contents) const { return owner_of(file(), contents); }

  Result<std::optional<OpenHelper>> open_if_any(const HelperEntry* entry,
                                                const RegistryName& registry) const {
    if (entry == nullptr) return std::optional<OpenHelper>();
    auto helper = open_helper(*entry, file(), registry.str());
    if (!helper) return Unexpected(std::move(helper).error());
    return std::optional<OpenHelper>(*std::move(helper));
  }

  void forget() {
    answers_.forget();
    files_.forget();
  }

  UserCredentialsOptions options_;
  std::mutex changing_;  // one store() or erase() at a time; look-ups do not wait for it
  AuthFiles files_;
  HelperAnswers answers_;
};

std::string_view to_string(CredentialLook::Found found) {
  switch (found) {
    case Found::absent:
      return "absent";
    case Found::nothing:
      return "nothing";
    case Found::used:
      return "used";
    case Found::shadowed:
      return "shadowed";
    case Found::not_asked:
      return "not asked";
    case Found::failed:
      break;
  }
  return "failed";
}

UserCredentials::UserCredentials(UserCredentialsOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
UserCredentials::~UserCredentials() = default;

Result<std::optional<Credential>> UserCredentials::find(const RegistryName& registry,
                                                        std::string_view repository,
                                                        const CallOptions& options) const {
  CredentialWalk walk(CredentialWalk::Until::decided, registry.str(), impl_->usual_file());
  impl_->walk(walk, registry, repository, Patience(options));
  return std::move(walk).result(registry);
}

std::vector<CredentialLook> UserCredentials::explain(const RegistryName& registry,
                                                     std::string_view repository,
                                                     const CallOptions& options) const {
  CredentialWalk walk(CredentialWalk::Until::the_end, registry.str(), impl_->usual_file());
  impl_->walk(walk, registry, repository, Patience(options));
  return std::move(walk).looks();
}

Result<CredentialHome> UserCredentials::store(const RegistryName& registry,
                                              const Credential& credential, std::string_view path,
                                              const CallOptions& options) {
  auto home = impl_->store(registry, path, credential, Patience(options));
  if (home) return home;
  return Unexpected(at_the_file(std::move(home).error(), "keep the login of", registry));
}

Result<std::optional<CredentialHome>> UserCredentials::erase(const RegistryName& registry,
                                                             std::string_view path,
                                                             const CallOptions& options) {
  auto home = impl_->erase(registry, path, Patience(options));
  if (home) return home;
  return Unexpected(at_the_file(std::move(home).error(), "remove the login of", registry));
}

std::vector<CredentialLook> UserCredentials::places() const { return impl_->places(); }

std::vector<PartLogin> UserCredentials::narrower_logins(const RegistryName& registry,
                                                        std::string_view path) const {
  return impl_->narrower_logins(registry, path);
}

std::filesystem::path UserCredentials::file() const { return impl_->file(); }

}  // namespace purser
