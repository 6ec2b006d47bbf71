#include "credentials/credential_helper.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/json.h"
#include "core/text.h"
#include "credentials/auth_key.h"
#include "credentials/repeated_secret.h"
#include "system/subprocess.h"

namespace purser {
namespace {

// What every helper says on stdout when it has nothing (docker-credential-helpers, errors.go). It
// is the protocol, though it reads like a message.
constexpr std::string_view kNotFound = "credentials not found in native keychain";
// The user name that stands for an identity token.
constexpr std::string_view kTokenUser = "<token>";

Error helper_error(ErrorCode code, const std::filesystem::path& program, std::string message,
                   std::string hint = {}) {
  return Error{.code = code,
               .message = fmt::format("the credential helper {} {}", program.filename().string(),
                                      std::move(message)),
               .hint = std::move(hint)};
}

bool is_valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// What a helper says, for people. Nothing that looks like an answer, and nothing with the secret
// that it was given: some repeat what they could not store.
std::string said(std::string_view text, const Secret& secret) {
  constexpr std::size_t kMaxShown = 200;
  const std::string_view words = trimmed(text);
  if (words.empty() || words.find('{') != std::string_view::npos) return {};
  if (repeats_secret(words, secret)) return {};
  return shorten(sanitize_for_terminal(words), kMaxShown);
}

// What it said when it failed. Not the stdout of `get`: there a password may stand.
std::string reason_given(const std::string& action, const SubprocessEnd& end,
                         const Secret& secret) {
  std::string reason = action == "get" ? std::string() : said(end.out, secret);
  return reason.empty() ? said(end.err, secret) : reason;
}

Unexpected bad(std::string message) {
  return Unexpected(Error{.code = ErrorCode::bad_response, .message = std::move(message)});
}

// Of a look-up nothing is left; of a change nobody knows.
Error gave_up(const std::filesystem::path& program, const std::string& action, const Error& over) {
  return helper_error(
      ErrorCode::cancelled, program, fmt::format("was not waited for any longer: {}", over.message),
      action == "get" ? "" : "Look with `purser auth explain` whether it has the login");
}

std::string host_in(std::string_view server) {
  const auto key = parse_auth_key(server, AuthFileFormat::dockercfg);
  return key ? key->host : std::string();
}

}  // namespace

Result<Credential> parse_helper_answer(std::string_view text, std::string_view server) {
  const auto document = json::parse_strict(text);
  if (!document) return bad("it did not answer with JSON: " + document.error().message);
  if (!document->is_object()) return bad("its answer is not a JSON object");
  Credential credential;
  std::string answered_for;
  std::string secret;
  for (const auto& [name, target] :
       {std::pair<const char*, std::string*>{"ServerURL", &answered_for},
        {"Username", &credential.username},
        {"Secret", &secret}}) {
    auto value = json::find_string(*document, name);
    if (!value) return bad("in its answer, " + value.error().message);
    *target = value->value_or("");
  }
  if (!answered_for.empty() && !same_registry(host_in(answered_for), host_in(server))) {
    return Unexpected(Error{.code = ErrorCode::refused,
                            .message = "it answered with the login of another registry, " +
                                       shorten(sanitize_for_terminal(host_in(answered_for)), 80)});
  }
  if (secret.empty() != credential.username.empty()) {
    return bad("its answer has only one of user name and secret");
  }
  if (credential.username == kTokenUser) {
    credential.username.clear();
    credential.identity_token = Secret(std::move(secret));
  } else {
    credential.password = Secret(std::move(secret));
  }
  return credential;
}

Result<CredentialHelper> CredentialHelper::find(std::string_view name, std::string_view search_path,
                                                std::chrono::milliseconds timeout) {
  const std::string program = fmt::format("docker-credential-{}", name);
  if (!is_valid_name(name)) {
    return Unexpected(
        Error{.code = ErrorCode::refused,
              .message = fmt::format("\"{}\" cannot be the name of a credential helper",
                                     shorten(sanitize_for_terminal(name), 80)),
              .hint = "A name has letters, digits, '_', '.' and '-' alone"});
  }
  const auto file = find_program(program, search_path);
  if (!file) {
    // Not not_found: that is a server's word for an image that is gone, and is acted on.
    return Unexpected(helper_error(ErrorCode::io, program, "is not in PATH",
                                   "Install it, or take its name out of the file"));
  }
  CredentialHelper helper;
  helper.program_ = *file;
  helper.timeout_ = timeout;
  return helper;
}

Result<std::optional<std::string>> CredentialHelper::run(const std::string& action,
                                                         const std::string& server,
                                                         std::string input, const Secret& secret,
                                                         const Patience& patience) const {
  if (const auto over = patience.over()) return Unexpected(gave_up(program_, action, *over));
  // It would be a second line of input, and some helpers read lines (C.1-17).
  if (server.find_first_of("\r\n") != std::string::npos) {
    return Unexpected(helper_error(ErrorCode::refused, program_,
                                   "is not asked for a registry whose name has a line break"));
  }
  SubprocessOptions options;
  options.input = std::move(input);
  options.hidden = {"PURSER_PASSWORD", "DOCKER_AUTH_CONFIG"};
  options.timeout = patience.within(timeout_);
  options.stop = patience.stop();
  auto end = run_subprocess(program_, {action}, options);
  if (!end) {
    return Unexpected(
        helper_error(ErrorCode::io, program_, "cannot be run: " + std::move(end).error().message));
  }
  switch (end->reason) {
    case SubprocessEnd::Reason::stopped:
    case SubprocessEnd::Reason::timed_out:
      if (const auto over = patience.over()) return Unexpected(gave_up(program_, action, *over));
      return Unexpected(
          helper_error(ErrorCode::io, program_,
                       fmt::format("did not end within {} s and was killed",
                                   static_cast<double>(timeout_.count()) / 1000),
                       "Run it by hand: it may be waiting for something to be unlocked"));
    case SubprocessEnd::Reason::too_much_output:
      return Unexpected(
          helper_error(ErrorCode::bad_response, program_,
                       fmt::format("printed more than {} bytes and was killed", options.max_out)));
    case SubprocessEnd::Reason::signalled:
      return Unexpected(helper_error(ErrorCode::bad_response, program_,
                                     fmt::format("was ended by signal {}", end->status)));
    case SubprocessEnd::Reason::exited:
      break;
  }
  if (end->status == 0) return std::optional<std::string>(std::move(end->out));
  if (trimmed(end->out) == kNotFound) return std::optional<std::string>();
  const std::string reason = reason_given(action, *end, secret);
  return Unexpected(helper_error(
      ErrorCode::bad_response, program_,
      fmt::format("failed with status {}{}{}", end->status, reason.empty() ? "" : ": ", reason),
      // Many helpers complain on stdout.
      reason.empty() ? fmt::format("Run `{} {}` by hand to see what it says; its answer to `get` "
                                   "may be a password, and is not shown here",
                                   program_.filename().string(), action)
                     : ""));
}

Result<std::optional<Credential>> CredentialHelper::get(const std::string& server,
                                                        const Patience& patience) const {
  auto out = run("get", server, server, {}, patience);
  if (!out) return Unexpected(std::move(out).error());
  if (!out->has_value()) return std::optional<Credential>();
  auto credential = parse_helper_answer(**out, server);
  if (!credential) {
    return Unexpected(helper_error(credential.error().code, program_,
                                   "cannot be used: " + credential.error().message));
  }
  // As some helpers of clouds say that they have nothing.
  if (credential->username.empty() && credential->identity_token.empty()) {
    return std::optional<Credential>();
  }
  return std::optional<Credential>(*std::move(credential));
}

Status CredentialHelper::store(const std::string& server, const Credential& credential,
                               const Patience& patience) const {
  const bool token = !credential.identity_token.empty();
  const Secret& secret = token ? credential.identity_token : credential.password;
  const nlohmann::json input = {{"ServerURL", server},
                                {"Username", token ? std::string(kTokenUser) : credential.username},
                                {"Secret", secret.reveal()}};
  std::string text;
  try {
    text = input.dump();
  } catch (const nlohmann::json::type_error&) {  // with a part of the secret in what()
    return Unexpected(helper_error(ErrorCode::invalid_argument, program_,
                                   "takes UTF-8 alone, and the password is not"));
  }
  auto out = run("store", server, std::move(text), secret, patience);
  if (!out) return Unexpected(std::move(out).error());
  if (out->has_value()) return {};
  return Unexpected(helper_error(ErrorCode::bad_response, program_, "did not store the login"));
}

Status CredentialHelper::erase(const std::string& server, const Patience& patience) const {
  auto out = run("erase", server, server, {}, patience);
  if (!out) return Unexpected(std::move(out).error());
  return {};
}

}  // namespace purser
