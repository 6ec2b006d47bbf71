#include "credentials/credential_walk.h"

#include <fmt/format.h>

#include <utility>

#include "core/text.h"

namespace purser {
namespace {

using Found = CredentialLook::Found;

std::string_view kind_of(const Credential& credential) {
  if (!credential.registry_token.empty()) return "registry token";
  if (!credential.identity_token.empty()) return "identity token";
  return "password";
}

// The key where it is another one than the registry's name: an entry for `h.io/team` is not mended
// by a login for `h.io`.
std::string source_of(const CredentialLook& look, std::string_view registry) {
  if (!look.helper.empty()) return look.helper;
  const bool plain = look.key.empty() || look.key == registry;
  return plain ? look.place : fmt::format("{}, key {}", look.place, look.key);
}

}  // namespace

Error in_context(Error error, std::string operation, const RegistryName& registry) {
  error.operation = std::move(operation);
  error.registry = registry.str();
  // A subject is shown as a part of the registry, which a file is not.
  if (!error.subject.empty()) {
    error.message = std::exchange(error.subject, {}) + ": " + error.message;
  }
  return error;
}

void CredentialWalk::add(CredentialLook look) { looks_.push_back(std::move(look)); }

void CredentialWalk::add(CredentialLook look, const LoginPlace& place, Credential credential) {
  look.username = sanitize_for_terminal(credential.username);
  look.kind = kind_of(credential);
  look.found = decided_ ? Found::shadowed : Found::used;
  look.logout = logout_command(place, usual_file_).value_or("");
  if (!decided_) {
    credential.source = source_of(look, registry_);
    credential.remedy = remedy_of(place, usual_file_);
    credential.logout = look.logout;
    credential_ = std::move(credential);
  }
  decided_ = true;
  add(std::move(look));
}

void CredentialWalk::fail(CredentialLook look, Unreadable what, const LoginPlace& place,
                          Error error) {
  look.found = Found::failed;
  look.note = error.message;
  if (!decided_) {
    error.message = (look.place.empty() ? "" : look.place + ": ") + error.message;
    const bool may_be_mended = error.hint.empty() && error.code != ErrorCode::cancelled;
    if (may_be_mended) error.hint = hint_for(what, place, usual_file_);
    error_ = std::move(error);
  }
  decided_ = true;
  add(std::move(look));
}

Result<std::optional<Credential>> CredentialWalk::result(const RegistryName& registry) && {
  if (!error_) return std::move(credential_);
  return Unexpected(in_context(*std::move(error_), "find the credentials for", registry));
}

}  // namespace purser
