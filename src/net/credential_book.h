// The credentials of one registry: each asked for once, and told apart by a number, so that what is
// kept for one user is never found for another (A-20, C.1-16).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "credentials/asked_once.h"
#include "purser/credentials.h"
#include "purser/reference.h"
#include "purser/result.h"

namespace purser::net {

// Thread rule: all members may be called at once.
class CredentialBook {
 public:
  CredentialBook(RegistryName registry, std::shared_ptr<const CredentialSource> source)
      : registry_(std::move(registry)), source_(std::move(source)) {}

  struct Known {
    // Equal for equal user names and secrets, whichever repository they were found for; 0: none.
    std::size_t identity = 0;
    std::shared_ptr<const Credential> credential = {};
  };
  // For a repository of the registry, "" for the registry as a whole. The source is asked at the
  // first call, on its thread, which may take as long as a helper program does, or as `options`
  // has it; those who ask meanwhile wait for that answer. It is kept, an error too, but not a
  // `cancelled`. Errors: the source's.
  Result<Known> find(std::string_view repository, const CallOptions& options = {});

  // Of an identity that find() gave.
  std::shared_ptr<const Credential> credential(std::size_t identity) const;

  // Of all that were found: passwords, tokens, and the words of Basic authentication. For filters.
  std::vector<std::string> secrets() const;

  // A token server has given a token for it: from now on a refusal is not about the password.
  void note_accepted(std::size_t identity);
  bool was_accepted(std::size_t identity) const;

 private:
  using Entry = AskedOnce<Known>;
  Result<Known> ask(std::string_view repository, const CallOptions& options);

  const RegistryName registry_;
  const std::shared_ptr<const CredentialSource> source_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;
  std::vector<std::shared_ptr<const Credential>> credentials_;  // identity - 1 is the index
  std::set<std::size_t> accepted_;
};

}  // namespace purser::net
