// One walk down the places of credentials: what is used, or why nothing can be; and all that was
// seen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "credentials/remedy.h"
#include "purser/user_credentials.h"

namespace purser {

// The error as it leaves: for which registry, at what.
Error in_context(Error error, std::string operation, const RegistryName& registry);

class CredentialWalk {
 public:
  enum class Until { decided, the_end };
  // `usual_file`: what a login without --authfile writes.
  CredentialWalk(Until until, std::string registry, std::filesystem::path usual_file)
      : until_(until), registry_(std::move(registry)), usual_file_(std::move(usual_file)) {}

  bool decided() const { return decided_; }
  bool done() const { return decided_ && until_ == Until::decided; }

  // What was seen at a place; with a credential: the first one is used.
  void add(CredentialLook look);
  void add(CredentialLook look, const LoginPlace& place, Credential credential);
  // The first that cannot be read decides too: it is never "no credentials".
  void fail(CredentialLook look, Unreadable what, const LoginPlace& place, Error error);

  Result<std::optional<Credential>> result(const RegistryName& registry) &&;
  std::vector<CredentialLook> looks() && { return std::move(looks_); }

 private:
  const Until until_;
  const std::string registry_;
  const std::filesystem::path usual_file_;
  bool decided_ = false;
  std::optional<Credential> credential_;
  std::optional<Error> error_;
  std::vector<CredentialLook> looks_;
};

}  // namespace purser
