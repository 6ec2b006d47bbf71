#include "purser/credentials.h"

#include <string.h>

namespace purser {
namespace {

// A plain memset of what is never read again is left out by the compiler.
void wipe(std::string& text) noexcept {
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

class SingleCredential : public CredentialSource {
 public:
  SingleCredential(RegistryName registry, Credential credential)
      : registry_(std::move(registry)), credential_(std::move(credential)) {}

  Result<std::optional<Credential>> find(const RegistryName& registry, std::string_view,
                                         const CallOptions&) const override {
    if (registry.str() != registry_.str()) return std::optional<Credential>();
    return std::optional<Credential>(credential_);
  }

 private:
  RegistryName registry_;
  Credential credential_;
};

class FirstOf : public CredentialSource {
 public:
  explicit FirstOf(std::vector<std::shared_ptr<const CredentialSource>> sources)
      : sources_(std::move(sources)) {}

  Result<std::optional<Credential>> find(const RegistryName& registry, std::string_view repository,
                                         const CallOptions& options) const override {
    for (const auto& source : sources_) {
      auto found = source->find(registry, repository, options);
      if (!found || found->has_value()) return found;
    }
    return std::optional<Credential>();
  }

 private:
  std::vector<std::shared_ptr<const CredentialSource>> sources_;
};

}  // namespace

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }

Secret& Secret::operator=(const Secret& other) {
  if (this == &other) return *this;
  wipe(text_);
  text_ = other.text_;
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(text_);
  text_ = std::move(other.text_);
  wipe(other.text_);
  return *this;
}

Secret::~Secret() { wipe(text_); }

std::shared_ptr<const CredentialSource> single_credential(RegistryName registry,
                                                          Credential credential) {
  return std::make_shared<SingleCredential>(std::move(registry), std::move(credential));
}

std::shared_ptr<const CredentialSource> first_of(
    std::vector<std::shared_ptr<const CredentialSource>> sources) {
  std::erase(sources, nullptr);
  return std::make_shared<FirstOf>(std::move(sources));
}

}  // namespace purser
