#include "purser/user_credentials.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <utility>

#include "core/text.h"
#include "credentials/auth_file.h"
#include "credentials/auth_file_edit.h"
#include "credentials/credential_helper.h"
#include "credentials/helper_answers.h"
#include "credentials/places.h"
#include "system/files.h"

namespace purser {
namespace {

namespace fs = std::filesystem;
using Found = CredentialLook::Found;
using MaybeCredential = std::optional<Credential>;

constexpr const char* kVariable = "DOCKER_AUTH_CONFIG";

std::string_view kind_of(const Credential& credential) {
  if (!credential.registry_token.empty()) return "registry token";
  if (!credential.identity_token.empty()) return "identity token";
  return "password";
}

Error in_context(Error error, std::string operation, const RegistryName& registry) {
  error.operation = std::move(operation);
  error.registry = registry.str();
  // A subject is shown as a part of the registry, which a file is not.
  if (!error.subject.empty()) {
    error.message = std::exchange(error.subject, {}) + ": " + error.message;
  }
  if (error.hint.empty()) {
    error.hint = fmt::format(
        "Mend it, or log in again with `purser login {}`; `purser auth explain "
        "{}` shows every place",
        registry.str(), registry.str());
  }
  return error;
}

// The system's reason alone: the place is named by whoever asks.
Unexpected reason_of(Error error) {
  error.operation.clear();
  error.subject.clear();
  return Unexpected(std::move(error));
}

// One walk down the places: what is used, or why nothing can be; and all that was seen.
class Walk {
 public:
  explicit Walk(bool to_the_end) : to_the_end_(to_the_end) {}

  bool decided() const { return decided_; }
  bool done() const { return decided_ && !to_the_end_; }

  void add(CredentialLook look) { looks_.push_back(std::move(look)); }
  void add(CredentialLook look, Credential credential) {
    look.username = sanitize_for_terminal(credential.username);
    look.kind = kind_of(credential);
    look.found = decided_ ? Found::shadowed : Found::used;
    if (!decided_) credential_ = std::move(credential);
    if (!decided_) credential_->source = look.helper.empty() ? look.place : look.helper;
    decided_ = true;
    add(std::move(look));
  }
  void fail(CredentialLook look, Error error) {
    look.found = Found::failed;
    look.note = error.message;
    if (!decided_) {
      error.message = (look.place.empty() ? "" : look.place + ": ") + error.message;
      error_ = std::move(error);
    }
    decided_ = true;
    add(std::move(look));
  }

  Result<MaybeCredential> result(const RegistryName& registry) && {
    if (!error_) return std::move(credential_);
    return Unexpected(in_context(*std::move(error_), "find the credentials for", registry));
  }
  std::vector<CredentialLook> looks() && { return std::move(looks_); }

 private:
  const bool to_the_end_;
  bool decided_ = false;
  MaybeCredential credential_;
  std::optional<Error> error_;
  std::vector<CredentialLook> looks_;
};

}  // namespace

class UserCredentials::Impl {
 public:
  explicit Impl(UserCredentialsOptions options) : options_(std::move(options)) {
    if (!options_.environment) options_.environment = process_environment;
  }

  void walk(Walk& walk, const RegistryName& registry, std::string_view repository) {
    // A file that was typed comes before a variable that was set once and forgotten.
    if (options_.file.empty()) look_at_variable(walk, registry, repository);
    for (const AuthPlace& place : auth_places(options_.file, options_.environment)) {
      if (walk.done()) return;
      look_at_file(walk, place, registry, repository);
    }
  }

  Result<CredentialHome> store(const RegistryName& registry, const Credential& credential) {
    const std::lock_guard lock(changing_);
    CredentialHome home{.file = file(), .was_open_to_others = is_open_to_others(file())};
    const auto helper = helper_of_file(registry);
    if (!helper) return Unexpected(helper.error());
    if (*helper) {
      home.helper = (*helper)->program().filename();
      if (Status kept = (*helper)->store(docker_key(registry.str()), credential); !kept) {
        return Unexpected(std::move(kept).error());
      }
    }
    const Status edited = edit_file(file(), [&](const std::string& text) -> Result<std::string> {
      auto change = with_login(text, registry.str(),
                               *helper ? MaybeCredential() : MaybeCredential(credential));
      if (!change) return Unexpected(std::move(change).error());
      home.keys = std::move(change->keys);
      return std::move(change->text);
    });
    forget();
    if (!edited) return Unexpected(edited.error());
    return home;
  }

  Result<std::optional<CredentialHome>> erase(const RegistryName& registry) {
    const std::lock_guard lock(changing_);
    CredentialHome home{.file = file()};
    const auto helper = helper_of_file(registry);
    if (!helper) return Unexpected(helper.error());
    if (*helper) {
      const auto erased = erase_from(**helper, registry);
      if (!erased) return Unexpected(erased.error());
      if (*erased) home.helper = (*helper)->program().filename();
    }
    std::error_code error;
    const bool is_there = fs::exists(file(), error) || error;
    const Status edited = !is_there ? Status() : edit_file(file(), [&](const std::string& text) {
      auto change = without_login(text, registry.str());
      if (change) home.keys = change->keys;
      return change ? Result<std::string>(std::move(change->text))
                    : Result<std::string>(Unexpected(std::move(change).error()));
    });
    forget();
    if (!edited) return Unexpected(edited.error());
    if (home.helper.empty() && home.keys.empty()) return std::optional<CredentialHome>();
    return std::optional<CredentialHome>(std::move(home));
  }

  fs::path file() const {
    if (!options_.file.empty()) return options_.file;
    if (const auto named = options_.environment("REGISTRY_AUTH_FILE")) return *named;
    return docker_config_file(options_.environment);
  }

 private:
  // None: there is no such file.
  using MaybeFile = std::shared_ptr<const AuthFile>;

  void look_at_variable(Walk& walk, const RegistryName& registry, std::string_view repository) {
    CredentialLook look{.place = kVariable};
    const auto text = options_.environment(kVariable);
    if (!text) {
      look.found = Found::absent;
      return walk.add(std::move(look));
    }
    const auto file = parse_auth_file(*text, AuthFileFormat::auths);
    if (!file) return walk.fail(std::move(look), file.error());
    // No helper for what is in the environment: whoever sets a variable need not be the user.
    look_at_entries(walk, look, *file, AuthFileFormat::auths, registry, repository);
  }

  void look_at_file(Walk& walk, const AuthPlace& place, const RegistryName& registry,
                    std::string_view repository) {
    CredentialLook look{.place = place.file.string()};
    const auto file = read(place);
    if (!file) return walk.fail(std::move(look), file.error());
    if (!*file) {
      look.found = Found::absent;
      return walk.add(std::move(look));
    }
    if (is_open_to_others(place.file)) look.note = "others can read this file";
    if (const HelperEntry* helper = (*file)->helper_for(registry.str())) {
      look_at_helper(walk, look, *helper, place, registry);
      if (walk.done()) return;
    }
    look_at_entries(walk, look, **file, place.format, registry, repository);
  }

  static void look_at_entries(Walk& walk, CredentialLook look, const AuthFile& file,
                              AuthFileFormat format, const RegistryName& registry,
                              std::string_view repository) {
    bool any = false;
    for (const AuthEntry* entry : file.entries_for(format, registry.str(), repository)) {
      look.section = "auths";
      look.key = sanitize_for_terminal(entry->key);
      if (!entry->problem.empty()) {
        walk.fail(look, Error{.code = ErrorCode::invalid_argument,
                              .message = fmt::format("the entry \"{}\" cannot be used: {}",
                                                     look.key, entry->problem)});
      } else if (entry->credential) {
        walk.add(look, *entry->credential);
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

  void look_at_helper(Walk& walk, CredentialLook look, const HelperEntry& entry,
                      const AuthPlace& place, const RegistryName& registry) {
    look.section = entry.key.empty() ? "credsStore" : "credHelpers";
    look.key = sanitize_for_terminal(entry.key);
    look.helper = "docker-credential-" + sanitize_for_terminal(entry.name);
    if (walk.decided()) {
      look.found = Found::not_asked;
      return walk.add(std::move(look));
    }
    const auto helper = open_helper(entry, place.file);
    if (!helper) return walk.fail(std::move(look), helper.error());
    look.helper = helper->program().string();
    const auto credential = answers_.ask(*helper, registry);
    if (!credential) return walk.fail(std::move(look), credential.error());
    if (credential->has_value()) return walk.add(std::move(look), **credential);
    look.found = Found::nothing;
    walk.add(std::move(look));
  }

  Result<CredentialHelper> open_helper(const HelperEntry& entry, const fs::path& file) const {
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
    return CredentialHelper::find(entry.name, path, options_.helper_timeout);
  }

  // Whether it had one. An entry that cannot be read is erased all the same.
  static Result<bool> erase_from(const CredentialHelper& helper, const RegistryName& registry) {
    bool any = false;
    for (const std::string& server : helper_servers_of(registry)) {
      const auto credential = helper.get(server);
      if (credential && !credential->has_value()) continue;
      if (Status erased = helper.erase(server); !erased) {
        return Unexpected(std::move(erased).error());
      }
      any = true;
    }
    return any;
  }

  Result<MaybeFile> read(const AuthPlace& place) {
    const std::lock_guard lock(mutex_);
    const auto known = files_.find(place.file);
    if (known != files_.end()) return known->second;
    return files_.emplace(place.file, read_now(place)).first->second;
  }

  static Result<MaybeFile> read_now(const AuthPlace& place) {
    std::error_code error;
    const auto type = fs::status(place.file, error).type();
    const bool not_ours = place.guessed && error == std::errc::permission_denied;
    if (type == fs::file_type::not_found || not_ours) {
      if (!place.must_exist) return MaybeFile();
      return Unexpected(Error{.code = ErrorCode::io, .message = "there is no such file"});
    }
    const auto text = files::read_small(place.file, kMaxAuthFileBytes);
    if (!text) return reason_of(text.error());
    auto file = parse_auth_file(*text, place.format);
    if (!file) return Unexpected(std::move(file).error());
    return std::make_shared<const AuthFile>(*std::move(file));
  }

  // The helper that keeps this registry's login for the file that store() and erase() change.
  Result<std::optional<CredentialHelper>> helper_of_file(const RegistryName& registry) {
    forget();  // another program may have changed the file since
    const auto parsed = read({.file = file()});
    if (!parsed) {
      Error error = parsed.error();
      error.message = file().string() + ": " + error.message;
      return Unexpected(std::move(error));
    }
    const HelperEntry* entry = *parsed ? (*parsed)->helper_for(registry.str()) : nullptr;
    if (entry == nullptr) return std::optional<CredentialHelper>();
    auto helper = open_helper(*entry, file());
    if (!helper) return Unexpected(std::move(helper).error());
    return std::optional<CredentialHelper>(*std::move(helper));
  }

  void forget() {
    answers_.forget();
    const std::lock_guard lock(mutex_);
    files_.clear();
  }

  UserCredentialsOptions options_;
  std::mutex changing_;  // one store() or erase() at a time; look-ups do not wait for it
  std::mutex mutex_;     // of files_; never held while a helper runs
  std::map<fs::path, Result<MaybeFile>> files_;
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
                                                        std::string_view repository) const {
  Walk walk(/*to_the_end=*/false);
  impl_->walk(walk, registry, repository);
  return std::move(walk).result(registry);
}

std::vector<CredentialLook> UserCredentials::explain(const RegistryName& registry,
                                                     std::string_view repository) const {
  Walk walk(/*to_the_end=*/true);
  impl_->walk(walk, registry, repository);
  return std::move(walk).looks();
}

Result<CredentialHome> UserCredentials::store(const RegistryName& registry,
                                              const Credential& credential) {
  auto home = impl_->store(registry, credential);
  if (!home) {
    return Unexpected(in_context(std::move(home).error(), "keep the login of", registry));
  }
  return home;
}

Result<std::optional<CredentialHome>> UserCredentials::erase(const RegistryName& registry) {
  auto home = impl_->erase(registry);
  if (!home) {
    return Unexpected(in_context(std::move(home).error(), "remove the login of", registry));
  }
  return home;
}

std::filesystem::path UserCredentials::file() const { return impl_->file(); }

}  // namespace purser
