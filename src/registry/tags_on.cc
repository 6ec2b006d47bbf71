#include "registry/tags_on.h"

#include <optional>
#include <utility>

#include "registry/registry_error.h"
#include "registry/tries.h"

namespace purser {
namespace {

// A list that brings new tags as often as that is of a repository in which a whole build is pushed.
constexpr int kMaxLists = 10;

// Adds the tags that are listed and not known. Errors: those of the list.
Status list_new(const Reader& reader, const Repository& repository, std::set<std::string>& known,
                std::vector<std::string>& fresh, std::size_t& invalid, const CallOptions& options) {
  NamePager pages = reader.tag_pages(repository);
  for (;;) {
    auto page = pages.next(options);
    if (!page) return Unexpected(std::move(page).error());
    if (!*page) break;
    for (std::string& tag : **page) {
      if (known.insert(tag).second) fresh.push_back(std::move(tag));
    }
  }
  invalid = pages.skipped();
  return {};
}

Status look_at_each(const Reader& reader, const Repository& repository, const Digest& digest,
                    const std::vector<std::string>& tags, std::vector<std::string>& found,
                    const CallOptions& options) {
  std::optional<Error> failed;
  auto next = [&, at = tags.begin()]() mutable -> std::optional<Reference> {
    if (at == tags.end()) return std::nullopt;
    auto reference = Reference::with_tag(repository, *at++);
    return reference ? std::optional(*std::move(reference)) : std::nullopt;
  };
  Status status = reader.head_each(
      next,
      [&](const Reference& reference, Result<Descriptor> head) {
        if (head && head->digest == digest) found.push_back(*reference.tag());
        if (!head && !is_confirmed_absence(head.error())) failed = std::move(head).error();
      },
      options);
  if (!status) return status;
  return failed ? Status(Unexpected(*std::move(failed))) : Status();
}

}  // namespace

Result<TagsOn> tags_on(const Reader& reader, const Repository& repository, const Digest& digest,
                       std::set<std::string> known, const CallOptions& options) {
  TagsOn result;
  const auto clock = clock_of(reader);
  for (int lists = 0; lists < kMaxLists; ++lists) {
    std::vector<std::string> fresh;
    Status listed = list_new(reader, repository, known, fresh, result.invalid, options);
    if (!listed) return Unexpected(std::move(listed).error());
    const auto listed_at = clock->now();
    Status looked = look_at_each(reader, repository, digest, fresh, result.tags, options);
    if (!looked) return Unexpected(std::move(looked).error());
    if (clock->now() - listed_at <= kFreshLook) return result;
  }
  return Unexpected(make_error(
      {"look at the tags of", repository.registry(), repository.path()}, ErrorCode::incomplete,
      "new tags keep coming while the others are looked at", "Run again when nobody pushes there"));
}

}  // namespace purser
