// auth explain: where a credential comes from, without a look at it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/names.h"
#include "cli/verb.h"
#include "purser/user_credentials.h"

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;
using Found = CredentialLook::Found;

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json to_json(const CredentialLook& look) {
  return {{"place", look.place},
          {"found", to_string(look.found)},
          {"section", text_or_null(look.section)},
          {"key", text_or_null(look.key)},
          {"helper", text_or_null(look.helper)},
          {"username", text_or_null(look.username)},
          {"kind", text_or_null(look.kind)},
          {"note", text_or_null(look.note)}};
}

// `auths "h.io": password of ann`, `credsStore docker-credential-pass: password of ann`
std::string what(const CredentialLook& look) {
  std::string text = look.section;
  if (!look.key.empty()) text += fmt::format(" \"{}\"", look.key);
  if (!look.helper.empty()) text += " " + look.helper;
  if (!look.kind.empty()) {
    text += fmt::format("{}{}{}", text.empty() ? "" : ": ", look.kind,
                        look.username.empty() ? "" : " of " + look.username);
  }
  if (!look.note.empty()) text += fmt::format("{}{}", text.empty() ? "" : "; ", look.note);
  return text;
}

const CredentialLook* deciding(const std::vector<CredentialLook>& looks) {
  for (const CredentialLook& look : looks) {
    if (look.found == Found::used || look.found == Found::failed) return &look;
  }
  return nullptr;
}

// What the command line says comes before every place, and then no other is asked: no file is read
// and no helper run, as for a request.
CredentialLook look_at_command_line(const Settings& settings, const Status& password) {
  CredentialLook look;
  look.place = "-u";
  look.found = password ? Found::used : Found::failed;
  look.username = settings.username;
  look.kind = password ? "password" : "";
  if (!password) look.note = password.error().message;
  return look;
}

class AuthVerb : public Verb {
 public:
  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    if (names.front() != "explain") {
      return Unexpected(usage_error(fmt::format("there is no \"auth {}\"", names.front()),
                                    "Usage: purser auth explain REGISTRY[/REPO]"));
    }
    const Result<RegistryScope> scope = parse_scope(names.back());
    if (!scope) return Unexpected(scope.error());
    if (const auto doubt = doubt_about_scope(names.back())) session.err().warning(*doubt);
    const std::string repository = scope->repository ? scope->repository->path() : std::string();
    const auto credentials = session.user_credentials();
    if (!session.settings().username.empty()) {
      const Result<Secret> password = password_of(session.settings(), session.call().stop);
      const Status given = password ? Status() : Status(Unexpected(password.error()));
      std::vector<CredentialLook> looks = {look_at_command_line(session.settings(), given)};
      for (CredentialLook& place : credentials->places()) looks.push_back(std::move(place));
      print(session.out(), scope->registry.str(), repository, looks);
      if (!given) return Unexpected(given.error());
      return ExitCode::done;
    }
    const auto looks = credentials->explain(scope->registry, repository, session.call());
    print(session.out(), scope->registry.str(), repository, looks);
    // The same walk again, out of what was read already: its error is what a request would meet.
    const auto found = credentials->find(scope->registry, repository, session.call());
    if (!found) {
      return Unexpected(found.error());
    }
    return ExitCode::done;
  }

 private:
  static void print(Output& out, const std::string& registry, const std::string& repository,
                    const std::vector<CredentialLook>& looks) {
    const CredentialLook* const used = deciding(looks);
    if (out.format() != Format::text) {
      Json places = Json::array();
      for (const CredentialLook& look : looks) places.push_back(to_json(look));
      return out.json(
          {{"registry", registry},
           {"repository", text_or_null(repository)},
           {"used", used != nullptr && used->found == Found::used ? to_json(*used) : Json()},
           {"places", std::move(places)}});
    }
    std::string answer = "no credential; requests go without one";
    if (used != nullptr && used->found == Found::failed) {
      answer = "no credential can be used";
    } else if (used != nullptr) {
      answer = fmt::format("the {}{} is used", used->kind,
                           used->username.empty() ? "" : " of " + used->username);
    }
    out.line(out.styled(fmt::format("{}{}{}: {}", registry, repository.empty() ? "" : "/",
                                    repository, safe(answer)),
                        Style::bold));
    Table table({"FOUND", "PLACE", "WHAT"});
    for (const CredentialLook& look : looks) {
      const bool decides = &look == used;
      table.row({std::string(to_string(look.found)), safe(look.place), safe(what(look))},
                !decides                      ? Style::plain
                : look.found == Found::failed ? Style::red
                                              : Style::green);
    }
    table.print_aligned(out, "  ");
  }
};

}  // namespace

std::unique_ptr<Verb> make_auth() { return std::make_unique<AuthVerb>(); }

}  // namespace purser::cli
