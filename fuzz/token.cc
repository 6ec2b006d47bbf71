// The answer of a token server (A-18, A-19, C.1-14): a token that can stand in a header, for a time
// that makes sense, or an error that shows no more than it may.
#include <chrono>

#include "fuzz/fuzz.h"
#include "net/token.h"

using namespace std::chrono_literals;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(purser::fuzz::text_of(data, size));
  const std::chrono::steady_clock::time_point now(1000h);
  const auto token = purser::net::parse_token(body, "https://auth.example.com/token?x=1", now);
  if (!token) {
    const std::string text = to_string(token.error());
    FUZZ_CHECK(purser::fuzz::is_terminal_safe(text));
    FUZZ_CHECK(text.size() < 500);
    return 0;
  }
  const std::string& text = token->text.reveal();
  FUZZ_CHECK(!text.empty());
  for (const char c : text) FUZZ_CHECK(c > 0x20 && c < 0x7f);
  FUZZ_CHECK(text.size() <= body.size());
  FUZZ_CHECK(token->expires > now);
  FUZZ_CHECK(token->expires <= now + 24h);
  return 0;
}
