// Where the next page of a list is said to be: at the origin that was asked, or refused.
// Each line of the input is a Link header of one answer.
#include "fuzz/fuzz.h"
#include "net/url.h"
#include "registry/next_page.h"

using purser::net::Url;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  purser::http::Headers headers;
  for (const std::string_view line : purser::fuzz::lines_of(purser::fuzz::text_of(data, size))) {
    headers.add("Link", std::string(line));
  }
  for (const char* asked : {"https://registry.example.com/v2/team/app/tags/list?n=2",
                            "http://127.0.0.1:5000/v2/_catalog?n=100&last=a%2Fb"}) {
    const auto next = purser::next_page_url(headers, asked);
    if (!next) {
      FUZZ_CHECK(next.error().code == purser::ErrorCode::incomplete);
      FUZZ_CHECK(purser::fuzz::is_terminal_safe(to_string(next.error())));
      continue;
    }
    if (!*next) continue;
    const auto url = Url::parse(**next);
    FUZZ_CHECK(url.has_value());
    FUZZ_CHECK(url->origin() == Url::parse(asked)->origin());
    FUZZ_CHECK(purser::fuzz::is_wire_safe(**next));
  }
  return 0;
}
