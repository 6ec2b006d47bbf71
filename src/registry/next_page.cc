#include "registry/next_page.h"

#include <fmt/format.h>

#include <utility>

#include "core/text.h"
#include "net/link_header.h"
#include "net/scheme_mistake.h"
#include "net/url.h"
#include "registry/quirks.h"
#include "registry/registry_error.h"

namespace purser {
namespace {

constexpr std::size_t kMaxShownUrl = 200;

Unexpected refused_link(std::string message) {
  return Unexpected(make_error({}, ErrorCode::incomplete, std::move(message),
                               "The list is not used, because it is not known to be whole"));
}

std::string_view path_of(std::string_view url) {
  const std::string_view rest = url.substr(net::origin_text(url).size());
  return rest.substr(0, rest.find('?'));
}

}  // namespace

Result<std::optional<std::string>> next_page_url(const http::Headers& headers,
                                                 std::string_view asked_url) {
  auto link = net::next_link(headers);
  if (!link) return refused_link(link.error().message);
  if (!*link) return std::optional<std::string>();
  const std::string shown = shorten(sanitize_for_terminal(net::redacted_url(**link)), kMaxShownUrl);
  const auto asked = net::Url::parse(asked_url);
  const auto next = asked ? asked->resolve(**link) : std::nullopt;
  if (!next) return refused_link(fmt::format("the Link to the next page is no URL: {}", shown));
  if (next->origin() != asked->origin() &&
      !net::differs_in_scheme_alone(next->origin(), asked->origin())) {
    return refused_link(
        fmt::format("the next page is said to be at another host, which is not asked: {}", shown));
  }
  // Another path is another list, and what is on it says nothing of this one. What the registry
  // knows the place by is in the query.
  const std::string_view own = path_of(asked->str());
  const std::string_view linked = path_of(next->str());
  if (own != linked && !quirks::is_own_path_with_a_wrong_prefix(own, linked)) {
    return refused_link(
        fmt::format("the next page is said to be at another path, of another list: {}", shown));
  }
  std::string url = fmt::format("{}{}", net::origin_text(asked_url), own);
  if (!next->query().empty()) url += "?" + next->query();
  return std::optional(std::move(url));
}

}  // namespace purser
