#include "cli/image_json.h"

#include <nlohmann/json.hpp>

namespace purser::cli {

using Json = nlohmann::ordered_json;

Json created_json(const std::optional<ImageSummary>& image) {
  return image && image->created ? Json(to_rfc3339(*image->created)) : Json();
}

Json tag_json(const TagSummary& summary) {
  const std::optional<ImageSummary>& image = summary.image;
  Json json;
  json["tag"] = summary.tag;
  json["digest"] = image ? Json(image->digest.str()) : Json();
  json["media_type"] = image ? Json(image->media_type) : Json();
  json["size"] = image && image->size ? Json(*image->size) : Json();
  json["created"] = created_json(image);
  json["platforms"] = Json::array();
  if (image) {
    for (const Platform& platform : image->platforms) json["platforms"].push_back(platform.str());
  }
  return json;
}

Json descriptor_json(const Descriptor& descriptor) {
  Json json;
  json["media_type"] = descriptor.media_type;
  json["digest"] = descriptor.digest.str();
  json["size"] = descriptor.size;
  if (descriptor.platform) json["platform"] = descriptor.platform->str();
  if (!descriptor.artifact_type.empty()) json["artifact_type"] = descriptor.artifact_type;
  if (!descriptor.annotations.empty()) json["annotations"] = descriptor.annotations;
  return json;
}

std::string created_text(const ImageSummary& image) {
  return image.created ? to_rfc3339(*image.created) : "-";
}

std::string platforms_text(const ImageSummary& image) {
  std::string text;
  for (const Platform& platform : image.platforms) {
    if (!text.empty()) text += ',';
    text += platform.str();
  }
  return text.empty() ? "-" : text;
}

}  // namespace purser::cli
