// Strict JSON, for documents that Purser acts on: what two readers could understand
// differently is refused, so that Purser and the registry always mean the same.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "purser/result.h"

namespace purser::json {

inline constexpr std::size_t kMaxDepth = 64;

// The whole text as one value. Errors, all bad_response and without any of the text's values in
// them: malformed JSON or UTF-8, a byte order mark, anything after the value, a key that comes
// twice in one object, nesting deeper than kMaxDepth.
Result<nlohmann::json> parse_strict(std::string_view text);

// Members of an object, by type. Absent and null are no value; another type is a bad_response that
// names the member.
const nlohmann::json* find(const nlohmann::json& object, std::string_view name);
Result<std::optional<std::string>> find_string(const nlohmann::json& object, std::string_view name);
// Only what is written as an integer and fits: 1e3, 1.0 and 2^63 are errors.
Result<std::optional<std::int64_t>> find_int64(const nlohmann::json& object, std::string_view name);
Result<const nlohmann::json*> find_object(const nlohmann::json& object, std::string_view name);
Result<const nlohmann::json*> find_array(const nlohmann::json& object, std::string_view name);

}  // namespace purser::json
