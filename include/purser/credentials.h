// Credentials, and where they come from. A secret is never printed, logged or put into an error.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/call_options.h"
#include "purser/reference.h"
#include "purser/result.h"

namespace purser {

// A password or token. It prints as "***"; the text is taken out by name. Its memory is overwritten
// when it goes, as far as that can be done (C.1-15).
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();
  const std::string& reveal() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }

 private:
  std::string text_;
};
inline std::string_view to_string(const Secret&) { return "***"; }

// What identifies the user to one registry. Which members are set says how it is used.
struct Credential {
  std::string username = {};
  Secret password = {};        // Basic, or handed to the token server with Basic
  Secret identity_token = {};  // an OAuth2 refresh token (docker: `identitytoken`)
  Secret registry_token = {};  // sent as Bearer as it is (docker: `registrytoken`)
  std::string source = {};     // where it was found, for people: "/home/ann/.docker/config.json"
  // What to do where the registry does not take it, for people: a clause that an error's hint ends
  // with, such as "log in again with `purser login h.io`". Empty: nothing is known.
  std::string remedy = {};
  // The command that takes this login away, "purser logout h.io/team". Empty: none does, as where
  // it was typed or stands in a variable.
  std::string logout = {};
};

// Answers which credential belongs to a registry, or to one repository in it: some files keep one
// for a part of a registry's name space. Thread rule: implementations must allow concurrent
// calls.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // `repository` is a path ("team/app"); empty: for what concerns the registry as a whole, such as
  // its catalog. No value: there is none, go on anonymously. An error: there is one and it could
  // not be read. A source that waits for something (a program, a server, a person) gives up as
  // `options` has it, with `cancelled`: that is asked again the next time, any other answer may be
  // kept.
  virtual Result<std::optional<Credential>> find(const RegistryName& registry,
                                                 std::string_view repository,
                                                 const CallOptions& options = {}) const = 0;
};

// One credential for exactly one registry; every other registry gets none.
std::shared_ptr<const CredentialSource> single_credential(RegistryName registry,
                                                          Credential credential);

// Asks each in order; the first that has a credential (or an error) decides.
std::shared_ptr<const CredentialSource> first_of(
    std::vector<std::shared_ptr<const CredentialSource>> sources);

}  // namespace purser
