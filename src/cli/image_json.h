// What verbs say of images, as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "purser/descriptor.h"
#include "purser/image_summary.h"

namespace purser::cli {

// `created` as RFC 3339, or null.
nlohmann::ordered_json created_json(const std::optional<ImageSummary>& image);
// An entry of `tags --long`; null for what is not known.
nlohmann::ordered_json tag_json(const TagSummary& summary);
nlohmann::ordered_json descriptor_json(const Descriptor& descriptor);

// For text: "-" for what is not known.
std::string created_text(const ImageSummary& image);
std::string platforms_text(const ImageSummary& image);

}  // namespace purser::cli
