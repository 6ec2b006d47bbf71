// The catalog and the tags of a repository as whole lists: filtered while the pages stream in.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "purser/client.h"
#include "registry/client_core.h"
#include "registry/name_pager_state.h"

namespace purser {
namespace {

constexpr std::size_t kTagsPage = 1000;
constexpr std::size_t kCatalogPage = 100;

using Pattern = std::unique_ptr<RE2>;

// No value without a pattern.
Result<Pattern> compile(const std::string& pattern, const Operation& operation) {
  if (pattern.empty()) return Pattern();
  RE2::Options options;
  options.set_case_sensitive(false);
  options.set_log_errors(false);
  auto compiled = std::make_unique<RE2>(pattern, options);
  if (compiled->ok()) return compiled;
  return Unexpected(
      make_error(operation, ErrorCode::invalid_argument,
                 fmt::format("the pattern {} is not valid: {}", pattern, compiled->error()),
                 "Patterns are RE2: https://github.com/google/re2/wiki/Syntax"));
}

bool matches(const Pattern& pattern, const std::string& name) {
  return !pattern || pattern->Match(name, 0, name.size(), RE2::ANCHOR_START, nullptr, 0);
}

// Without a pattern every name of a page counts, so no page need be larger than the limit.
std::size_t page_size_for(const ListOptions& options, std::size_t usual) {
  const std::size_t size = options.page_size == 0 ? usual : options.page_size;
  const bool bounded = options.limit > 0 && options.match.empty();
  return bounded ? std::min(size, options.limit) : size;
}

Result<std::vector<std::string>> collect(NamePager pager, const Pattern& pattern,
                                         const ListOptions& options) {
  std::vector<std::string> names;
  for (;;) {
    auto page = pager.next(options.call);
    if (!page) return Unexpected(std::move(page).error());
    if (!*page) break;
    for (std::string& name : **page) {
      if (matches(pattern, name)) names.push_back(std::move(name));
    }
    if (options.limit > 0 && names.size() >= options.limit) break;
  }
  if (options.limit > 0 && names.size() > options.limit) names.resize(options.limit);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

NamePager Reader::catalog_pages(std::size_t page_size) const {
  auto state = std::make_unique<NamePager::State>(core_, NameKind::repositories, "/v2/_catalog",
                                                  page_size == 0 ? kCatalogPage : page_size,
                                                  core_->operation("read the catalog of"));
  state->scope = "registry:catalog:*";
  return NamePager(std::move(state));
}

NamePager Reader::tag_pages(const Repository& repository, std::size_t page_size) const {
  const Operation operation = core_->operation("read the tags of", repository.path());
  auto state = std::make_unique<NamePager::State>(
      core_, NameKind::tags, fmt::format("/v2/{}/tags/list", repository.path()),
      page_size == 0 ? kTagsPage : page_size, operation);
  state->scope = scope_of(repository, "pull");
  state->repository = repository.path();
  if (Status status = core_->check_registry(repository, operation); !status) {
    state->failed = std::move(status).error();
  }
  return NamePager(std::move(state));
}

Result<std::vector<std::string>> Reader::catalog(const ListOptions& options) const {
  auto pattern = compile(options.match, core_->operation("read the catalog of"));
  if (!pattern) return Unexpected(std::move(pattern).error());
  return collect(catalog_pages(page_size_for(options, kCatalogPage)), *pattern, options);
}

Result<std::vector<std::string>> Reader::tags(const Repository& repository,
                                              const ListOptions& options) const {
  auto pattern = compile(options.match, core_->operation("read the tags of", repository.path()));
  if (!pattern) return Unexpected(std::move(pattern).error());
  return collect(tag_pages(repository, page_size_for(options, kTagsPage)), *pattern, options);
}

}  // namespace purser
