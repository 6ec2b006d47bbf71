// What a credential helper prints (A-31, C.1-16, C.1-17): a whole login of the registry that was
// asked for, or an error that shows nothing of it.
#include "credentials/auth_key.h"
#include "credentials/credential_helper.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = purser::fuzz::text_of(data, size);
  for (const std::string server : {"registry.example.com", "https://index.docker.io/v1/"}) {
    const auto credential = purser::parse_helper_answer(input, server);
    if (!credential) {
      FUZZ_CHECK(purser::fuzz::is_terminal_safe(to_string(credential.error())));
      // Where it cannot be read at all, none of it may be quoted: a secret could stand anywhere.
      FUZZ_CHECK(to_string(credential.error()).find("s3cret-") == std::string::npos);
      continue;
    }
    FUZZ_CHECK(credential->registry_token.empty());
    const bool password = !credential->password.empty();
    const bool token = !credential->identity_token.empty();
    FUZZ_CHECK(!(password && token));
    // A name comes with a password, and nothing comes without both; a token has no name.
    FUZZ_CHECK(credential->username.empty() == !password);
    // Of another registry, whatever its spelling, there is none.
    if (input.find("ServerURL") == std::string_view::npos) continue;
    const bool other = input.find("\"ServerURL\":\"https://evil.example") != std::string_view::npos;
    FUZZ_CHECK(!other);
  }
  return 0;
}
