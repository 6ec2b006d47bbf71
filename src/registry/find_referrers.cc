// All that refers to a digest, by whichever way a registry has.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/digest_tag.h"
#include "purser/client.h"
#include "registry/client_core.h"
#include "registry/registry_error.h"

namespace purser {
namespace {

constexpr std::array<std::string_view, 3> kCosignSuffixes = {".sig", ".att", ".sbom"};

bool by_digest(const Descriptor& a, const Descriptor& b) { return a.digest < b.digest; }

// The index on the fallback tag; no value where there is no such tag.
Result<std::optional<std::vector<Descriptor>>> fallback_index(const ClientCore& core,
                                                              const Reader& reader,
                                                              const Reference& tag,
                                                              const CallOptions& options) {
  const Result<Manifest> manifest = reader.manifest(tag, options);
  if (!manifest && is_confirmed_absence(manifest.error())) {
    return std::optional<std::vector<Descriptor>>();
  }
  if (!manifest) return Unexpected(manifest.error());
  if (manifest->kind() != Manifest::Kind::index) {
    return Unexpected(make_error(
        core.operation("read the referrers of", tag), ErrorCode::bad_response,
        "what is on the fallback tag of the referrers is no index: " + manifest->media_type(),
        "See what it is with: purser inspect " + tag.str()));
  }
  return std::optional(manifest->children());
}

Status add_digest_tags(const Reader& reader, const Repository& repository, const Digest& digest,
                       const CallOptions& options, std::map<std::string, Descriptor>& found) {
  std::vector<std::string> tags;
  for (const std::string_view suffix : kCosignSuffixes) {
    tags.push_back(digest_tag_key(digest) + std::string(suffix));
  }
  Status failed = {};
  const Status status = reader.head_each(
      [&]() -> std::optional<Reference> {
        if (tags.empty()) return std::nullopt;
        const std::string tag = std::move(tags.back());
        tags.pop_back();
        return *Reference::with_tag(repository, tag);
      },
      [&](const Reference& reference, Result<Descriptor> head) {
        if (head) {
          found.emplace(*reference.tag(), *std::move(head));
        } else if (!is_confirmed_absence(head.error())) {
          failed = Unexpected(std::move(head).error());
        }
      },
      options);
  return status ? failed : status;
}

}  // namespace

Result<ReferrerList> Reader::find_referrers(const Repository& repository, const Digest& digest,
                                            const ReferrerOptions& options) const {
  ReferrerList list;
  Result<std::vector<Descriptor>> told = referrers(repository, digest, options.call);
  if (!told && told.error().code != ErrorCode::unsupported) return Unexpected(told.error());
  list.has_api = told.has_value();
  if (told) list.referrers = *std::move(told);
  const Reference tag = *Reference::with_tag(repository, digest_tag_key(digest));
  auto listed = fallback_index(*core_, *this, tag, options.call);
  if (!listed) return Unexpected(std::move(listed).error());
  list.fallback_tag = listed->has_value();
  // Where both name one, what the API says of it is the registry's own word.
  for (Descriptor& descriptor : listed->value_or(std::vector<Descriptor>())) {
    list.referrers.push_back(std::move(descriptor));
  }
  std::stable_sort(list.referrers.begin(), list.referrers.end(), by_digest);
  const auto same = [](const Descriptor& a, const Descriptor& b) { return a.digest == b.digest; };
  list.referrers.erase(std::unique(list.referrers.begin(), list.referrers.end(), same),
                       list.referrers.end());
  if (!options.artifact_type.empty()) {
    std::erase_if(list.referrers, [&](const Descriptor& referrer) {
      return referrer.artifact_type != options.artifact_type;
    });
  }
  if (const Status status =
          add_digest_tags(*this, repository, digest, options.call, list.digest_tags);
      !status) {
    return Unexpected(status.error());
  }
  return list;
}

}  // namespace purser
