// The referrers API.
#include <fmt/format.h>

#include <unordered_set>
#include <utility>

#include "purser/client.h"
#include "registry/client_core.h"
#include "registry/next_page.h"
#include "registry/quirks.h"

namespace purser {
namespace {

constexpr std::size_t kMaxPages = 1'000;
// Whoever may push may refer to anything (C.1-23).
constexpr std::size_t kMaxReferrers = 100'000;

Error no_such_api(const Operation& operation, std::string message) {
  return make_error(operation, ErrorCode::unsupported, std::move(message),
                    "The referrers of this registry are found by their fallback tags");
}

}  // namespace

Result<std::vector<Descriptor>> Reader::referrers(const Repository& repository,
                                                  const Digest& digest,
                                                  const CallOptions& options) const {
  Ask ask;
  ask.target = fmt::format("/v2/{}/referrers/{}", repository.path(), digest.str());
  ask.headers = {{"Accept", std::string(media_type::kOciIndex)}};
  ask.scope = scope_of(repository, "pull");
  ask.repository = repository.path();
  ask.operation =
      core_->operation("read the referrers of", Reference::with_digest(repository, digest));
  if (Status status = core_->check_registry(repository, ask.operation); !status) {
    return Unexpected(std::move(status).error());
  }
  std::vector<Descriptor> found;
  std::unordered_set<std::string> visited;
  for (std::size_t pages = 0; pages < kMaxPages; ++pages) {
    const std::string url = core_->url_of(ask);
    if (!visited.insert(url).second) break;
    Result<http::Response> answer = core_->send(ask, options);
    if (!answer) return Unexpected(std::move(answer).error());
    if (quirks::has_no_referrers_api(answer->status) && pages == 0) {
      return Unexpected(no_such_api(
          ask.operation,
          fmt::format("this registry has no referrers API (it answered {})", answer->status)));
    }
    if (answer->status != 200) return Unexpected(core_->failure(ask, *answer));
    const auto type = answer->headers.get("Content-Type").value_or("");
    auto index = Manifest::parse(answer->body, type);
    // An index by its own word that cannot be read is unread, not a registry without the
    // API.
    if (!index && media_type::normalize(type) == media_type::kOciIndex) {
      return Unexpected(core_->told(std::move(index).error(), ask.operation));
    }
    if (!index || index->kind() != Manifest::Kind::index) {
      if (pages > 0) break;
      return Unexpected(no_such_api(ask.operation,
                                    "the registry answered with something that is no image index"));
    }
    found.insert(found.end(), index->children().begin(), index->children().end());
    if (found.size() > kMaxReferrers) {
      return Unexpected(make_error(ask.operation, ErrorCode::too_large,
                                   fmt::format("there are more than {} of them", kMaxReferrers),
                                   "The list is not used, because it was not read to its end"));
    }
    auto link = next_page_url(answer->headers, url);
    if (!link) return Unexpected(core_->told(std::move(link).error(), ask.operation));
    if (!*link) return found;
    ask.target = **std::move(link);
  }
  return Unexpected(make_error(ask.operation, ErrorCode::incomplete,
                               "the pages of the list do not come to an end",
                               "The list is not used, because it is not known to be whole"));
}

}  // namespace purser
