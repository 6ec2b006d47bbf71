// login, logout: what later runs, and docker and podman, find by themselves.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/prompt.h"
#include "cli/verb.h"
#include "purser/client.h"
#include "purser/user_credentials.h"

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kOperation = "log in to";

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

class LoginVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    options.refused("-p",
                    "a password in the arguments can be read by every user of this machine; give "
                    "it with --password-stdin or in PURSER_PASSWORD");
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const Result<RegistryName> registry = RegistryName::parse(names.front());
    if (!registry) return Unexpected(registry.error());
    const Result<Credential> credential = ask(session, *registry);
    if (!credential) return Unexpected(credential.error());
    const auto client = session.make_client(*registry, single_credential(*registry, *credential));
    if (!client) return Unexpected(client.error());
    const Result<PingInfo> info = client->ping(session.call());
    if (!info) return Unexpected(refusal(info.error()));
    if (info->status == 401) return Unexpected(refusal(no_challenge(*registry)));
    const bool verified = info->auth != "none";
    if (!verified) {
      session.err().warning(fmt::format(
          "{} asks for no login, so that the password could not be checked", registry->str()));
    }
    const auto kept = session.user_credentials()->store(*registry, *credential);
    if (!kept) return Unexpected(kept.error());
    warn(session, *registry, *kept);
    print(session.out(), *registry, *credential, *kept, verified);
    return ExitCode::done;
  }

 private:
  static Result<Credential> ask(Session& session, const RegistryName& registry) {
    const Settings& settings = session.settings();
    const bool nothing_to_ask = !settings.username.empty() && has_password(settings);
    if (!nothing_to_ask && ::isatty(STDIN_FILENO) != 1) {
      return Unexpected(usage_error(
          "there is no terminal to ask for the user name and the password",
          "Give them with -u USER and --password-stdin, or the password in PURSER_PASSWORD"));
    }
    const std::stop_token stop = session.call().stop;
    const std::string question = fmt::format("User name for {}: ", registry.str());
    auto username = settings.username.empty()
                        ? prompt(STDIN_FILENO, stderr, question, Echo::shown, stop)
                        : Result<std::string>(settings.username);
    if (!username) return Unexpected(username.error());
    if (const Status checked = check_username(*username); !checked) {
      return Unexpected(checked.error());
    }
    auto password = has_password(settings) ? password_of(settings) : ask_password(stop);
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

  static void warn(Session& session, const RegistryName& registry, const CredentialHome& kept) {
    Diagnostics& err = session.err();
    const std::string file = kept.file.string();
    if (kept.helper.empty()) {
      err.warning(
          fmt::format("the password is in {}, encoded and not encrypted; a credential "
                      "helper (credsStore) would keep it better",
                      file));
      if (kept.was_open_to_others) {
        err.warning(fmt::format("{} could be read by others; from now on by you alone", file));
      }
    }
    for (const CredentialLook& look : session.user_credentials()->explain(registry, {})) {
      if (look.found != CredentialLook::Found::used || look.place == file) continue;
      err.warning(fmt::format("{} has a login for {} too, and that one is used", look.place,
                              registry.str()));
    }
  }

  static void print(Output& out, const RegistryName& registry, const Credential& credential,
                    const CredentialHome& kept, bool verified) {
    if (out.format() != Format::text) {
      return out.json({{"registry", registry.str()},
                       {"username", credential.username},
                       {"verified", verified},
                       {"file", kept.file.string()},
                       {"helper", kept.helper.empty() ? Json() : Json(kept.helper)}});
    }
    out.line(fmt::format("Logged in to {} as {}; kept in {}", registry.str(),
                         safe(credential.username),
                         safe(kept.helper.empty() ? kept.file.string() : kept.helper)));
  }
};

class LogoutVerb : public Verb {
 public:
  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const Result<RegistryName> registry = RegistryName::parse(names.front());
    if (!registry) return Unexpected(registry.error());
    const auto removed = session.user_credentials()->erase(*registry);
    if (!removed) return Unexpected(removed.error());
    print(session, *registry, *removed);
    for (const CredentialLook& look : session.user_credentials()->explain(*registry, {})) {
      if (look.found != CredentialLook::Found::used) continue;
      session.err().warning(fmt::format("{} has a login for {} as well, which is used from now on",
                                        look.place, registry->str()));
    }
    return ExitCode::done;
  }

 private:
  static void print(Session& session, const RegistryName& registry,
                    const std::optional<CredentialHome>& removed) {
    Output& out = session.out();
    std::vector<std::string> places;
    if (removed && !removed->helper.empty()) places.push_back(removed->helper);
    if (removed && !removed->keys.empty()) places.push_back(removed->file.string());
    if (out.format() != Format::text) {
      return out.json({{"registry", registry.str()}, {"removed_from", places}});
    }
    // As docker has it: who wants to be logged out is.
    if (places.empty()) {
      return out.line(fmt::format("Not logged in to {} in {}", registry.str(),
                                  safe(session.user_credentials()->file().string())));
    }
    out.line(fmt::format("Logged out of {}; removed from {}", registry.str(),
                         safe(fmt::format("{}", fmt::join(places, " and ")))));
  }
};

}  // namespace

std::unique_ptr<Verb> make_login() { return std::make_unique<LoginVerb>(); }
std::unique_ptr<Verb> make_logout() { return std::make_unique<LogoutVerb>(); }

}  // namespace purser::cli
