// Digest::parse: what passes can stand in a URL and in a file name as it is (A-3, A-71, C.1-9).
#include "purser/digest.h"
#include "fuzz/fuzz.h"

using purser::Digest;

namespace {

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void check_valid(const Digest& digest, std::string_view input) {
  FUZZ_CHECK(digest.str() == input);
  FUZZ_CHECK(digest.algorithm() == "sha256" || digest.algorithm() == "sha512");
  FUZZ_CHECK(digest.hex().size() == (digest.algorithm() == "sha256" ? 64u : 128u));
  FUZZ_CHECK(is_lower_hex(digest.hex()));
  FUZZ_CHECK(std::string(digest.algorithm()) + ":" + std::string(digest.hex()) == input);
  const auto again = Digest::parse(digest.str());
  FUZZ_CHECK(again && *again == digest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = purser::fuzz::text_of(data, size);
  if (const auto digest = Digest::parse(input)) {
    check_valid(*digest, input);
  } else {
    FUZZ_CHECK(purser::fuzz::is_terminal_safe(to_string(digest.error())));
  }

  // As bytes: a digest is of what it was made from, in one piece or in two, and of nothing else.
  const Digest whole = Digest::of(input);
  check_valid(whole, whole.str());
  FUZZ_CHECK(whole.matches(input));
  FUZZ_CHECK(!whole.matches(std::string(input) + "x"));
  auto hasher = purser::Hasher::create("sha256");
  FUZZ_CHECK(hasher.has_value());
  hasher->update(input.substr(0, size / 2));
  hasher->update(input.substr(size / 2));
  FUZZ_CHECK(std::move(*hasher).finish() == whole);
  return 0;
}
