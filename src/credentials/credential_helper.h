// docker-credential-NAME: the programs that keep logins for docker and others (A-31, C.1-17).
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "purser/credentials.h"
#include "purser/result.h"
#include "system/patience.h"

namespace purser {

// Runs one helper. `server` is what the login is kept under: servers_of(). The errors name the
// helper and what it said, sanitised, never what it keeps. Thread rule: a value.
class CredentialHelper {
 public:
  // `name` as in credsStore ("pass"); the program is looked for in the absolute directories of
  // PATH. Errors: refused for a name with anything but [A-Za-z0-9_.-] in it; io where there is no
  // such program.
  static Result<CredentialHelper> find(std::string_view name, std::string_view search_path,
                                       std::chrono::milliseconds timeout);

  // No value: the helper says that it has none. Anything else that is no credential is an error:
  // bad_response, io, refused for one that belongs to another registry (C.1-16), or cancelled: the
  // caller waits no longer, and the helper was killed.
  Result<std::optional<Credential>> get(const std::string& server,
                                        const Patience& patience = {}) const;
  Status store(const std::string& server, const Credential& credential,
               const Patience& patience = {}) const;
  Status erase(const std::string& server, const Patience& patience = {}) const;

  const std::filesystem::path& program() const noexcept { return program_; }

 private:
  CredentialHelper() = default;
  // No value: it has nothing for this server.
  Result<std::optional<std::string>> run(const std::string& action, const std::string& server,
                                         std::string input, const Secret& secret,
                                         const Patience& patience) const;

  std::filesystem::path program_;
  std::chrono::milliseconds timeout_{};
};

// What `get` printed. Errors: bad_response; refused. Pure.
Result<Credential> parse_helper_answer(std::string_view text, std::string_view server);

}  // namespace purser
