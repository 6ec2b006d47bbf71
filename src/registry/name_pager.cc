// The pages of a list, one request each.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "net/url.h"
#include "registry/catalog_access.h"
#include "registry/client_core.h"
#include "registry/name_pager_state.h"
#include "registry/next_page.h"
#include "registry/quirks.h"

namespace purser {
namespace {

constexpr std::size_t kMaxPages = 10'000;
constexpr std::size_t kMaxNames = 5'000'000;
constexpr std::size_t kSmallPage = 100;            // the `n` that every registry takes
constexpr std::size_t kMaxLoggedInvalidNames = 5;  // the rest is only counted

}  // namespace

NamePager::State::State(std::shared_ptr<ClientCore> shared_core, NameKind which, std::string list,
                        std::size_t names_a_page, Operation what)
    : core(std::move(shared_core)),
      kind(which),
      path(std::move(list)),
      page_size(names_a_page),
      operation(std::move(what)) {
  next_target = first_target();
}

std::string NamePager::State::first_target() const {
  return page_size == 0 ? path : fmt::format("{}?n={}", path, page_size);
}

Error NamePager::State::incomplete(std::string message) const {
  return make_error(operation, ErrorCode::incomplete, std::move(message),
                    "The list is not used, because it is not known to be whole");
}

// The first page alone may be asked for again: with a page size that every registry takes, then
// without one.
Result<http::Response> NamePager::State::first_answer(const CallOptions& options) {
  for (;;) {
    Result<http::Response> answer = core->send(ask(), options);
    if (!answer || page_size == 0 || !quirks::rejects_page_size(*answer)) return answer;
    page_size = page_size > kSmallPage ? kSmallPage : 0;
    next_target = first_target();
  }
}

Ask NamePager::State::ask() const {
  Ask request;
  request.target = next_target;
  request.headers = {{"Accept", "application/json"}};
  request.scope = scope;
  request.repository = repository;
  request.operation = operation;
  return request;
}

Error NamePager::State::list_failure(const http::Response& response,
                                     const CallOptions& options) const {
  Error error = core->failure(ask(), response);
  if (kind == NameKind::repositories) return catalog_failure(*core, std::move(error), options);
  // A page of some proxy is not the registry's word that the repository is empty: before a delete,
  // that word decides.
  if (error.code == ErrorCode::not_found && error.http->codes.empty()) {
    error.code = ErrorCode::bad_response;
    error.message += ", and does not say that the repository is unknown";
    error.hint = "Check the address: something other than a registry may have answered";
  }
  // A list that has begun cannot turn out to be of a repository that nobody knows: a Link that
  // leads astray.
  if (error.code == ErrorCode::not_found && pages > 0) {
    return incomplete("a later page of the list is not there: " + error.message);
  }
  if (error.code == ErrorCode::not_found) {
    error.hint = "Check the name: purser catalog " + core->name().str() + " lists what is there";
  }
  return error;
}

Result<std::vector<std::string>> NamePager::State::read_page(const CallOptions& options) {
  Result<http::Response> answer = pages == 0 ? first_answer(options) : core->send(ask(), options);
  if (!answer) {
    Error error = std::move(answer).error();
    if (kind == NameKind::repositories) error = catalog_failure(*core, std::move(error), options);
    return Unexpected(std::move(error));
  }
  if (answer->status != 200) return Unexpected(list_failure(*answer, options));
  visited.insert(core->url_of(ask()));
  ++pages;
  auto page = parse_name_page(
      answer->body, kind, [this](std::string_view text) { return core->driver().withheld(text); });
  if (!page) return Unexpected(core->told(std::move(page).error(), operation));
  report_invalid(*page);
  std::vector<std::string> fresh;
  for (std::string& name : page->names) {
    if (seen.insert(name).second) fresh.push_back(std::move(name));
  }
  if (seen.size() > kMaxNames) {
    return Unexpected(incomplete(fmt::format("the list has more than {} names", kMaxNames)));
  }
  if (Status status = turn(*answer, *page, fresh.size()); !status) {
    return Unexpected(std::move(status).error());
  }
  return fresh;
}

// Where the list goes on: by its Link, else by asking once whether it does, else nowhere.
Status NamePager::State::turn(const http::Response& answer, const NamePage& page,
                              std::size_t fresh_names) {
  const bool was_probe = std::exchange(probing, false);
  const std::string asked = core->url_of(ask());
  Result<std::optional<std::string>> link = next_page_url(answer.headers, asked);
  if (!link) return Unexpected(core->told(std::move(link).error(), operation));
  finished = false;
  if (*link) {
    if (visited.contains(**link)) {
      return Unexpected(incomplete("the registry's list leads back to a page that was read"));
    }
    // Names that are not valid are progress as well; an empty page may stand between two.
    if (page.entries > 0 && fresh_names == 0 && page.invalid_count == 0) {
      return Unexpected(incomplete("a page of the registry's list has nothing new on it"));
    }
    if (pages >= kMaxPages) {
      return Unexpected(incomplete(fmt::format("the list has more than {} pages", kMaxPages)));
    }
    next_target = *std::move(*link);
    return {};
  }
  // A server that does not know `last` sends the same page again, and the list is whole.
  const bool full = quirks::may_have_lost_its_link(page.entries, page_size);
  if (full && (!was_probe || fresh_names > 0) && pages < kMaxPages) {
    next_target = fmt::format("{}?n={}&last={}", path, page_size, net::percent_encode(page.last));
    probing = true;
    return {};
  }
  finished = true;
  return {};
}

void NamePager::State::report_invalid(const NamePage& page) {
  const std::size_t logged = std::min(skipped, kMaxLoggedInvalidNames);
  skipped += page.invalid_count;
  // No std::views below retention: clang 14, which builds the fuzzers, cannot read those of GCC 12.
  const std::size_t to_log = std::min(page.invalid.size(), kMaxLoggedInvalidNames - logged);
  for (std::size_t i = 0; i < to_log; ++i) {
    core->log(LogEvent::Level::warning,
              fmt::format("{}: left out of the list, because it is no valid name: {}",
                          operation.subject.empty() ? operation.registry
                                                    : operation.registry + "/" + operation.subject,
                          page.invalid[i]));
  }
}

NamePager::NamePager(std::unique_ptr<State> state) : state_(std::move(state)) {}
NamePager::NamePager(NamePager&&) noexcept = default;
NamePager& NamePager::operator=(NamePager&&) noexcept = default;
NamePager::~NamePager() = default;

std::size_t NamePager::skipped() const noexcept { return state_->skipped; }

Result<std::optional<std::vector<std::string>>> NamePager::next(const CallOptions& options) {
  if (state_->failed) return Unexpected(*state_->failed);
  for (;;) {
    if (state_->finished) return std::optional<std::vector<std::string>>();
    const bool is_probe = state_->probing;
    Result<std::vector<std::string>> names = state_->read_page(options);
    if (!names) {
      state_->failed = names.error();
      return Unexpected(std::move(names).error());
    }
    if (is_probe && names->empty()) continue;  // not a page of the list
    return std::optional(*std::move(names));
  }
}

}  // namespace purser
