// Where a NamePager is in its list.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "purser/client.h"
#include "registry/client_core.h"
#include "registry/name_page.h"

namespace purser {

struct NamePager::State {
  State(std::shared_ptr<ClientCore> shared_core, NameKind which, std::string list,
        std::size_t names_a_page, Operation what);

  std::shared_ptr<ClientCore> core;
  NameKind kind;
  std::string path;       // "/v2/team/app/tags/list"
  std::size_t page_size;  // 0: `n` is left out
  Operation operation;
  std::string scope = {};
  std::string repository = {};  // whose tags they are; empty: the catalog

  std::string next_target = {};
  bool finished = false;
  bool probing = false;  // the next request asks whether the list goes on without a Link
  std::optional<Error> failed = {};  // after an error no page follows
  std::size_t pages = 0;
  std::size_t skipped = 0;
  std::unordered_set<std::string> seen = {};
  std::unordered_set<std::string> visited = {};  // URLs

  Result<std::vector<std::string>> read_page(const CallOptions& options);

 private:
  std::string first_target() const;
  Ask ask() const;
  Result<http::Response> first_answer(const CallOptions& options);
  Status turn(const http::Response& answer, const NamePage& page, std::size_t fresh_names);
  Error incomplete(std::string message) const;
  Error list_failure(const http::Response& response, const CallOptions& options) const;
  void report_invalid(const NamePage& page);
};

}  // namespace purser
