// login, logout: what later runs, and docker and podman, find by themselves.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/names.h"
#include "cli/prompt.h"
#include "cli/verb.h"
#include "purser/client.h"
#include "purser/user_credentials.h"

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;
using Found = CredentialLook::Found;

constexpr const char* kOperation = "log in to";

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

bool has_password(const Settings& settings) {
  const char* variable = std::getenv("PURSER_PASSWORD");
  return settings.password_stdin || (variable != nullptr && *variable != '\0');
}

// Control characters would be taken for something else by one of the programs that read the file.
Status check_username(const std::string& username) {
  const bool plain = std::none_of(username.begin(), username.end(), [](unsigned char c) {
    return c < 0x20 || c == 0x7f || c == ':';
  });
  if (plain && !username.empty()) return {};
  return Unexpected(usage_error("a user name has no ':' and no control character in it"));
}

// How to be rid of a login that is named and left alone.
std::string way_out(const CredentialLook& look) {
  if (!look.logout.empty()) return fmt::format("`{}` removes it", look.logout);
  if (look.place == "DOCKER_AUTH_CONFIG") return "unset that variable to be rid of it";
  return "take the entry out of that file to be rid of it";
}

class LoginVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    options.refused("-p",
                    "a password in the arguments can be read by every user of this machine; give "
                    "it with --password-stdin or in PURSER_PASSWORD");
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const Result<LoginScope> scope = parse_login_scope(names.front());
    if (!scope) return Unexpected(scope.error());
    if (const auto doubt = doubt_about_login(*scope)) session.err().warning(*doubt);
    const Result<Credential> credential = ask(session, *scope);
    if (!credential) return Unexpected(credential.error());
    const Result<bool> verified = verify(session, *scope, *credential);
    if (!verified) return Unexpected(refusal(verified.error()));
    if (!*verified) {
      session.err().warning(fmt::format(
          "{} asks for no login, so that the password could not be checked", scope->str()));
    }
    const auto kept = session.user_credentials()->store(scope->registry, *credential, scope->path,
                                                        session.call());
    if (!kept) return Unexpected(kept.error());
    warn(session, *scope, *kept);
    print(session.out(), *scope, *credential, *kept, *verified);
    return ExitCode::done;
  }

 private:
  // Whether the registry asked for the login; an error where it did not take it.
  static Result<bool> verify(Session& session, const LoginScope& scope,
                             const Credential& credential) {
    const auto client =
        session.make_client(scope.registry, single_credential(scope.registry, credential));
    if (!client) return Unexpected(client.error());
    const Result<PingInfo> info = client->ping(session.call());
    if (info && info->status == 401) return Unexpected(no_challenge(scope.registry));
    if (info && info->auth != "none") return true;
    const bool denied = !info && was_denied(info.error()) && !is_about_the_password(info.error());
    if (scope.path.empty() || (!info && !denied)) {
      return info ? Result<bool>(false) : Result<bool>(Unexpected(info.error()));
    }
    // A login for a part may open nothing else, and a registry may be open but for a part. There
    // need not be a repository of that very name: a 404 has come through the door.
    const auto repository = Repository::of(scope.registry.str(), scope.path);
    if (!repository) return Unexpected(repository.error());
    if (Status taken = look_into(*client, *repository, session); !taken) {
      return Unexpected(std::move(taken).error());
    }
    if (denied) return true;
    const auto anonymous = session.make_client(scope.registry, nullptr);
    if (!anonymous) return Unexpected(anonymous.error());
    const Status without = look_into(*anonymous, *repository, session);
    return !without && was_denied(without.error());
  }

  static bool was_denied(const Error& error) {
    return error.code == ErrorCode::unauthorized || error.code == ErrorCode::forbidden;
  }

  // The 401 of a token server, which has been asked for no right yet: with another one in the
  // question it would be the same wrong password again, and some lock the account for that.
  static bool is_about_the_password(const Error& error) {
    return error.http && error.http->status == 401 && !error.http->url.ends_with("/v2/");
  }

  static Status look_into(const Client& client, const Repository& repository, Session& session) {
    const auto tags = client.tags(repository, {.limit = 1, .call = session.call()});
    if (tags || tags.error().code == ErrorCode::not_found) return {};
    return Unexpected(tags.error());
  }

  static Result<Credential> ask(Session& session, const LoginScope& scope) {
    const Settings& settings = session.settings();
    const bool nothing_to_ask = !settings.username.empty() && has_password(settings);
    if (!nothing_to_ask && ::isatty(STDIN_FILENO) != 1) {
      return Unexpected(usage_error(
          "there is no terminal to ask for the user name and the password",
          "Give them with -u USER and --password-stdin, or the password in PURSER_PASSWORD"));
    }
    const std::stop_token stop = session.call().stop;
    const std::string question = fmt::format("User name for {}: ", scope.str());
    auto username = settings.username.empty()
                        ? prompt(STDIN_FILENO, stderr, question, Echo::shown, stop)
                        : Result<std::string>(settings.username);
    if (!username) return Unexpected(username.error());
    if (const Status checked = check_username(*username); !checked) {
      return Unexpected(checked.error());
    }
    auto password = has_password(settings) ? password_of(settings, stop) : ask_password(stop);
    if (!password) return Unexpected(password.error());
    return Credential{.username = *std::move(username), .password = *std::move(password)};
  }

  static Result<Secret> ask_password(const std::stop_token& stop) {
    auto text = prompt(STDIN_FILENO, stderr, "Password: ", Echo::hidden, stop);
    if (!text) return Unexpected(text.error());
    return Secret(*std::move(text));
  }

  static Error no_challenge(const RegistryName& registry) {
    Error error;
    error.code = ErrorCode::unauthorized;
    error.registry = registry.str();
    error.message =
        "the registry answered 401 and did not say how it wants to be asked, so that the "
        "password could not be checked";
    error.hint = "Check the host and the port";
    return error;
  }

  static Error refusal(Error error) {
    error.operation = kOperation;
    error.message += "; nothing was kept";
    return error;
  }

  static void warn(Session& session, const LoginScope& scope, const CredentialHome& kept) {
    Diagnostics& err = session.err();
    const std::string file = kept.file.string();
    if (kept.helpers.empty()) {
      err.warning(
          fmt::format("the password is in {}, encoded and not encrypted; a credential "
                      "helper (credsStore) would keep it better",
                      file));
      if (kept.was_open_to_others) {
        err.warning(fmt::format("{} could be read by others; from now on by you alone", file));
      }
    }
    if (!scope.path.empty() && kept.file.filename() == "config.json") {
      err.warning(
          fmt::format("docker knows no logins for a part of a registry: from {} it may use "
                      "this one for all of {}",
                      file, scope.registry.str()));
    }
    warn_of_others(session, scope, kept);
  }

  // What counts before the login that was just made, everywhere or for a part of it.
  static void warn_of_others(Session& session, const LoginScope& scope,
                             const CredentialHome& kept) {
    Diagnostics& err = session.err();
    const std::string file = kept.file.string();
    const auto credentials = session.user_credentials();
    for (const CredentialLook& look :
         credentials->explain(scope.registry, scope.path, session.call())) {
      if (look.found == Found::failed) {
        err.warning(
            fmt::format("{} comes before it and cannot be read, so that every request "
                        "fails until that is mended: {}",
                        look.place, look.note));
      } else if (look.found == Found::used && look.place != file) {
        err.warning(fmt::format("{} has a login for {} too, and that one is used; {}", look.place,
                                scope.str(), way_out(look)));
      }
      if (look.found == Found::failed || look.found == Found::used) break;
    }
    if (!kept.helpers.empty()) return;  // it is asked before the entries of its file
    for (const PartLogin& part : credentials->narrower_logins(scope.registry, scope.path)) {
      err.warning(
          fmt::format("{} has a login for {} too, and below that one it is used{}", file, part.name,
                      part.login.empty() ? "" : fmt::format("; `{}` replaces it", part.login)));
    }
  }

  static void print(Output& out, const LoginScope& scope, const Credential& credential,
                    const CredentialHome& kept, bool verified) {
    if (out.format() != Format::text) {
      return out.json({{"registry", scope.registry.str()},
                       {"path", text_or_null(scope.path)},
                       {"username", credential.username},
                       {"verified", verified},
                       {"file", kept.file.string()},
                       {"helper", kept.helpers.empty() ? Json() : Json(kept.helpers.front())}});
    }
    out.line(fmt::format("Logged in to {} as {}; kept in {}", scope.str(),
                         safe(credential.username),
                         safe(kept.helpers.empty() ? kept.file.string() : kept.helpers.front())));
  }
};

class LogoutVerb : public Verb {
 public:
  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const Result<LoginScope> scope = parse_login_scope(names.front());
    if (!scope) return Unexpected(scope.error());
    const auto removed =
        session.user_credentials()->erase(scope->registry, scope->path, session.call());
    if (!removed) return Unexpected(removed.error());
    print(session, *scope, *removed);
    tell_of_others(session, *scope);
    return ExitCode::done;
  }

 private:
  // Named and left alone: other places, and logins for more or less of the registry.
  static void tell_of_others(Session& session, const LoginScope& scope) {
    const auto credentials = session.user_credentials();
    const std::string file = credentials->file().string();
    for (const CredentialLook& look :
         credentials->explain(scope.registry, scope.path, session.call())) {
      if (look.found == Found::failed) {
        session.err().warning(fmt::format("{} cannot be read: {}", look.place, look.note));
      } else if (look.found == Found::used) {
        const bool is_key = look.helper.empty() && !look.key.empty();
        session.err().warning(fmt::format(
            "{} has a login for {} still{}, which requests use; {}", look.place, scope.str(),
            is_key ? fmt::format(" (key {})", look.key) : "", way_out(look)));
      }
      if (look.found == Found::failed || look.found == Found::used) break;
    }
    for (const PartLogin& part : credentials->narrower_logins(scope.registry, scope.path)) {
      session.err().warning(
          fmt::format("{} has a login for {} still{}", file, part.name,
                      part.logout.empty() ? "" : fmt::format("; `{}` removes it", part.logout)));
    }
  }

  static void print(Session& session, const LoginScope& scope,
                    const std::optional<CredentialHome>& removed) {
    Output& out = session.out();
    std::vector<std::string> places = removed ? removed->helpers : std::vector<std::string>();
    if (removed && !removed->keys.empty()) places.push_back(removed->file.string());
    if (out.format() != Format::text) {
      return out.json({{"registry", scope.registry.str()},
                       {"path", text_or_null(scope.path)},
                       {"removed_from", places}});
    }
    // As docker has it: who wants to be logged out is.
    if (places.empty()) {
      return out.line(fmt::format("Not logged in to {} in {}", scope.str(),
                                  safe(session.user_credentials()->file().string())));
    }
    out.line(fmt::format("Logged out of {}; removed from {}", scope.str(),
                         safe(fmt::format("{}", fmt::join(places, " and ")))));
  }
};

}  // namespace

std::unique_ptr<Verb> make_login() { return std::make_unique<LoginVerb>(); }
std::unique_ptr<Verb> make_logout() { return std::make_unique<LogoutVerb>(); }

}  // namespace purser::cli
