// sanitize_for_terminal and shorten: whatever a server sends, a terminal may be shown (C.1-10).
#include "core/text.h"
#include "fuzz/fuzz.h"

using purser::sanitize_for_terminal;
using purser::shorten;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = purser::fuzz::text_of(data, size);
  const std::string clean = sanitize_for_terminal(input);
  FUZZ_CHECK(purser::fuzz::is_terminal_safe(clean));
  FUZZ_CHECK(sanitize_for_terminal(clean) == clean);
  // A byte that is not UTF-8 becomes three.
  FUZZ_CHECK(clean.size() <= 3 * input.size());
  if (purser::fuzz::is_terminal_safe(input)) FUZZ_CHECK(clean == input);

  const std::size_t limit = size == 0 ? 0 : data[0] % 64;
  const std::string cut = shorten(clean, limit);
  FUZZ_CHECK(cut.size() <= limit);
  FUZZ_CHECK(purser::fuzz::is_terminal_safe(cut));
  if (clean.size() <= limit) FUZZ_CHECK(cut == clean);
  shorten(input, limit);  // of bytes that are no text it promises the length alone
  return 0;
}
