// The library in front of a real registry.
#pragma once

#include <string>
#include <string_view>

#include "purser/client.h"
#include "testing/harness_error.h"

namespace purser::testing {

// Throws HarnessError where the options are not valid: of a test they are.
inline Client client_of(ClientOptions options) {
  Result<Client> client = Client::create(std::move(options));
  if (!client) throw HarnessError("cannot create a client: " + to_string(client.error()));
  return *std::move(client);
}

inline Client client_of(const std::string& registry) {
  ClientOptions options;
  options.registry = registry;
  return client_of(std::move(options));
}

inline std::shared_ptr<const CredentialSource> password_for(const std::string& registry,
                                                            std::string user,
                                                            std::string password) {
  Credential credential;
  credential.username = std::move(user);
  credential.password = Secret(std::move(password));
  return single_credential(RegistryName::parse(registry).value(), std::move(credential));
}

// "team/app:v1" or "team/app@sha256:…" of that registry.
inline Reference reference_in(const std::string& registry, std::string_view rest) {
  return Reference::parse(registry + "/" + std::string(rest)).value();
}
inline Repository repository_in(const std::string& registry, std::string_view path) {
  return Repository::of(registry, path).value();
}

}  // namespace purser::testing
