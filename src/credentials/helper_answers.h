// What helpers have answered, so that each is run once for many look-ups.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "credentials/asked_once.h"
#include "credentials/credential_helper.h"
#include "purser/credentials.h"
#include "purser/result.h"

namespace purser {

// Thread rule: all members may be called at once. Who asks for a registry that a helper is being
// asked for waits for that answer; nobody else does, so that a helper that hangs holds up its own
// registry alone.
class HelperAnswers {
 public:
  // The first login that the helper has for one of `servers`, the names of one registry, asked in
  // order. Kept for five minutes, an error too, but not a `cancelled`. Errors: those of
  // CredentialHelper::get().
  Result<std::optional<Credential>> ask(const CredentialHelper& helper,
                                        const std::vector<std::string>& servers,
                                        const Patience& patience = {});
  // What is being asked at this moment is told to those who wait for it, and not kept.
  void forget();

 private:
  using Answer = AskedOnce<std::optional<Credential>>;

  std::mutex mutex_;
  // By program and the first of the names.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<Answer>> answers_;
};

}  // namespace purser
