// One page of a list of names: the tags of a repository or the catalog.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/result.h"

namespace purser {

enum class NameKind { repositories, tags };

struct NamePage {
  std::vector<std::string> names = {};  // valid by the grammar, in the order received
  // What the server sent and that is no name, fit to be shown; never requested.
  std::vector<std::string> invalid = {};  // the first of them
  std::size_t invalid_count = 0;
  std::size_t entries = 0;  // of the list as received, whatever they are
  std::string last = {};    // the last string as received: where a next page would begin
};

// Errors: bad_response for anything that is not the list's JSON. `null`, `[]` and a missing list
// are no names.
// `withheld` leaves out of what is to be shown what must not be.
Result<NamePage> parse_name_page(std::string_view body, NameKind kind,
                                 const std::function<std::string(std::string_view)>& withheld = {});

}  // namespace purser
