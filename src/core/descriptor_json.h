// Descriptors as they stand in manifests.
#pragma once

#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "purser/descriptor.h"
#include "purser/result.h"

namespace purser {

// Errors: bad_response for a missing or malformed digest or size, for a member of the wrong type,
// and for embedded `data` that is not the content that the descriptor names.
Result<Descriptor> parse_descriptor(const nlohmann::json& value);

// The member `annotations`, empty where absent. Errors: bad_response.
Result<std::map<std::string, std::string>> parse_annotations(const nlohmann::json& object);

// Registries written in Go read `Manifests` as `manifests`, and would see what a reader that tells
// them apart does not. Errors: bad_response for a key that is one of `names` but for its case.
Status reject_look_alikes(const nlohmann::json& object,
                          std::initializer_list<std::string_view> names);

}  // namespace purser
