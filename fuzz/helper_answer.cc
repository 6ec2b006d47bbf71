// What a credential helper prints (A-31, C.1-16, C.1-17): an answer is used for the registry that
// was asked for, or not at all.
#include "credentials/credential_helper.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = purser::fuzz::text_of(data, size);
  const std::string server(purser::fuzz::take_line(input));
  const auto credential = purser::parse_helper_answer(input, server);
  if (!credential) {
    FUZZ_CHECK(purser::fuzz::is_terminal_safe(to_string(credential.error())));
    return 0;
  }
  // A user name and a secret, an identity token alone, or nothing.
  FUZZ_CHECK(credential->username.empty() == credential->password.empty());
  FUZZ_CHECK(credential->identity_token.empty() || credential->username.empty());
  FUZZ_CHECK(credential->registry_token.empty());
  // An answer that fits two registries names none, and so fits every one.
  const bool fits_two = purser::parse_helper_answer(input, "a.test").has_value() &&
                        purser::parse_helper_answer(input, "b.test").has_value();
  if (fits_two) FUZZ_CHECK(purser::parse_helper_answer(input, "c.test").has_value());
  return 0;
}
