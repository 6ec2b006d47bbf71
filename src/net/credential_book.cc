#include "net/credential_book.h"

#include <algorithm>
#include <utility>

#include "core/base64.h"

namespace purser::net {
namespace {

// Docker's helpers and some files mark an identity token by this user name.
Credential normalised(Credential credential) {
  if (credential.username == "<token>" && credential.identity_token.empty()) {
    credential.identity_token = std::exchange(credential.password, Secret());
  }
  return credential;
}

bool has_secret(const Credential& credential) {
  return !credential.password.empty() || !credential.identity_token.empty() ||
         !credential.registry_token.empty();
}

bool same_secrets(const Credential& a, const Credential& b) {
  return a.username == b.username && a.password.reveal() == b.password.reveal() &&
         a.identity_token.reveal() == b.identity_token.reveal() &&
         a.registry_token.reveal() == b.registry_token.reveal();
}

// What stands in every base64 of it, padded or not.
std::string unpadded_base64(const std::string& text) {
  std::string encoded = encode_base64(text);
  while (encoded.ends_with('=')) encoded.pop_back();
  return encoded;
}

}  // namespace

Result<CredentialBook::Known> CredentialBook::find(std::string_view repository,
                                                   const CallOptions& options) {
  if (!source_) return Known{};
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    auto found = entries_.find(repository);
    if (found == entries_.end()) {
      found = entries_.emplace(std::string(repository), std::make_shared<Entry>()).first;
    }
    entry = found->second;
  }
  return entry->get(Patience(options), [&] { return ask(repository, options); });
}

Result<CredentialBook::Known> CredentialBook::ask(std::string_view repository,
                                                  const CallOptions& options) {
  auto found = source_->find(registry_, repository, options);
  if (!found) return Unexpected(std::move(found).error());
  // An entry without a secret identifies nobody.
  if (!*found || !has_secret(**found)) return Known{};
  auto credential = std::make_shared<const Credential>(normalised(**std::move(found)));
  const std::lock_guard lock(mutex_);
  const auto known = std::find_if(credentials_.begin(), credentials_.end(), [&](const auto& other) {
    return same_secrets(*other, *credential);
  });
  if (known != credentials_.end()) {
    return Known{static_cast<std::size_t>(known - credentials_.begin()) + 1, *known};
  }
  credentials_.push_back(credential);
  return Known{credentials_.size(), std::move(credential)};
}

std::shared_ptr<const Credential> CredentialBook::credential(std::size_t identity) const {
  const std::lock_guard lock(mutex_);
  return identity == 0 || identity > credentials_.size() ? nullptr : credentials_[identity - 1];
}

std::vector<std::string> CredentialBook::secrets() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> secrets;
  for (const auto& known : credentials_) {
    for (const Secret* secret :
         {&known->password, &known->identity_token, &known->registry_token}) {
      if (!secret->empty()) secrets.push_back(secret->reveal());
    }
    if (known->password.empty()) continue;
    secrets.push_back(unpadded_base64(known->username + ":" + known->password.reveal()));
    secrets.push_back(unpadded_base64(known->password.reveal()));
  }
  return secrets;
}

void CredentialBook::note_accepted(std::size_t identity) {
  const std::lock_guard lock(mutex_);
  accepted_.insert(identity);
}

bool CredentialBook::was_accepted(std::size_t identity) const {
  const std::lock_guard lock(mutex_);
  return accepted_.contains(identity);
}

}  // namespace purser::net
