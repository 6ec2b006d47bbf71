#include "registry/name_page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/text.h"
#include "purser/reference.h"
#include "registry/registry_error.h"

namespace purser {
namespace {

constexpr std::size_t kMaxShownName = 80;

Unexpected not_a_list(std::string message) {
  return Unexpected(
      make_error({}, ErrorCode::bad_response, std::move(message),
                 "Check the address: something other than a registry may have answered"));
}

// A page may be nothing but such entries, millions of them.
template <class Describe>
void note_invalid(NamePage& page, const Describe& describe) {
  constexpr std::size_t kMaxDescribed = 5;
  if (page.invalid_count++ < kMaxDescribed) page.invalid.push_back(describe());
}

using Withheld = std::function<std::string(std::string_view)>;

void take_entry(const nlohmann::json& entry, NameKind kind, const Withheld& withheld,
                NamePage& page) {
  if (!entry.is_string()) {
    note_invalid(page, [&] { return fmt::format("a {} in place of a name", entry.type_name()); });
    return;
  }
  const auto& name = entry.get_ref<const std::string&>();
  page.last = name;
  const bool valid = kind == NameKind::tags ? is_valid_tag(name) : is_valid_repository_path(name);
  if (valid) {
    page.names.push_back(name);
  } else {
    note_invalid(page, [&] {
      const std::string shown = withheld ? withheld(name) : name;
      return fmt::format("\"{}\"", shorten(sanitize_for_terminal(shown), kMaxShownName));
    });
  }
}

}  // namespace

Result<NamePage> parse_name_page(std::string_view body, NameKind kind, const Withheld& withheld) {
  auto json = json::parse_strict(body);
  if (!json) return not_a_list("the list is not valid JSON: " + json.error().message);
  if (!json->is_object()) return not_a_list("the list is not a JSON object");
  const char* key = kind == NameKind::tags ? "tags" : "repositories";
  NamePage page;
  const auto list = json->find(key);
  if (list == json->end() && json->contains("errors")) {
    return not_a_list("the registry answered with errors where a list was asked for");
  }
  if (list == json->end() || list->is_null()) return page;
  if (!list->is_array()) return not_a_list(fmt::format("\"{}\" is not a list", key));
  page.entries = list->size();
  for (const auto& entry : *list) take_entry(entry, kind, withheld, page);
  return page;
}

}  // namespace purser
