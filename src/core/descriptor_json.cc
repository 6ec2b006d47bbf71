#include "core/descriptor_json.h"

#include "core/base64.h"
#include "core/json.h"
#include "core/text.h"

namespace purser {
namespace {

Unexpected bad(std::string message) {
  return Unexpected(Error{.code = ErrorCode::bad_response, .message = std::move(message)});
}

Result<std::string> string_or_empty(const nlohmann::json& object, std::string_view name) {
  auto text = json::find_string(object, name);
  if (!text) return Unexpected(std::move(text).error());
  return text->value_or("");
}

Result<std::optional<Platform>> parse_platform(const nlohmann::json& descriptor) {
  auto object = json::find_object(descriptor, "platform");
  if (!object) return Unexpected(std::move(object).error());
  if (*object == nullptr) return std::optional<Platform>();
  Platform platform;
  for (const auto& [name, member] :
       {std::pair{"os", &Platform::os}, std::pair{"architecture", &Platform::architecture},
        std::pair{"variant", &Platform::variant}}) {
    auto text = string_or_empty(**object, name);
    if (!text) return Unexpected(std::move(text).error());
    platform.*member = *std::move(text);
  }
  return std::optional<Platform>(std::move(platform));
}

// Whoever trusts embedded content must get what the digest names.
Status check_data(const nlohmann::json& value, const Descriptor& descriptor) {
  auto data = json::find_string(value, "data");
  if (!data) return Unexpected(std::move(data).error());
  if (!data->has_value()) return {};
  const auto bytes = decode_base64(**data);
  if (!bytes) return bad("its \"data\" is not base64");
  if (static_cast<std::int64_t>(bytes->size()) != descriptor.size ||
      !descriptor.digest.matches(*bytes)) {
    return bad("its \"data\" is not the content that its digest and size name");
  }
  return {};
}

// Lower case as Go's encoding/json compares: it also takes the long s and the Kelvin sign for the
// letters.
std::string folded(std::string_view key) {
  std::string text = to_lower(key);
  for (const auto& [from, to] :
       {std::pair<std::string_view, std::string_view>{"\xC5\xBF", "s"}, {"\xE2\x84\xAA", "k"}}) {
    for (std::size_t at; (at = text.find(from)) != std::string::npos;) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

}  // namespace

Status reject_look_alikes(const nlohmann::json& object,
                          std::initializer_list<std::string_view> names) {
  for (const auto& [key, value] : object.items()) {
    const std::string fold = folded(key);
    for (const std::string_view name : names) {
      if (key != name && fold == to_lower(name)) {
        return bad("its key \"" + sanitize_for_terminal(key) + "\" could be read as \"" +
                   std::string(name) + "\"");
      }
    }
  }
  return {};
}

Result<std::map<std::string, std::string>> parse_annotations(const nlohmann::json& object) {
  auto member = json::find_object(object, "annotations");
  if (!member) return Unexpected(std::move(member).error());
  std::map<std::string, std::string> annotations;
  if (*member == nullptr) return annotations;
  for (const auto& [key, value] : (*member)->items()) {
    if (!value.is_string()) {
      return bad("its annotation \"" + shorten(sanitize_for_terminal(key), 80) +
                 "\" is not a string");
    }
    annotations.emplace(key, value.get<std::string>());
  }
  return annotations;
}

Result<Descriptor> parse_descriptor(const nlohmann::json& value) {
  if (!value.is_object()) return bad("it is not an object");
  if (auto status = reject_look_alikes(value, {"mediaType", "digest", "size", "data", "platform",
                                               "artifactType", "annotations"});
      !status) {
    return Unexpected(std::move(status).error());
  }
  auto digest_text = json::find_string(value, "digest");
  if (!digest_text) return Unexpected(std::move(digest_text).error());
  if (!digest_text->has_value()) return bad("it has no digest");
  auto digest = Digest::parse(**digest_text);
  if (!digest) return bad("its digest is malformed: " + digest.error().message);

  auto size = json::find_int64(value, "size");
  if (!size) return Unexpected(std::move(size).error());
  if (!size->has_value()) return bad("it has no size");
  if (**size < 0) return bad("its size is negative");

  auto media_type = string_or_empty(value, "mediaType");
  if (!media_type) return Unexpected(std::move(media_type).error());
  auto artifact_type = string_or_empty(value, "artifactType");
  if (!artifact_type) return Unexpected(std::move(artifact_type).error());
  auto platform = parse_platform(value);
  if (!platform) return Unexpected(std::move(platform).error());
  auto annotations = parse_annotations(value);
  if (!annotations) return Unexpected(std::move(annotations).error());

  Descriptor descriptor{.media_type = *std::move(media_type),
                        .digest = *std::move(digest),
                        .size = **size,
                        .platform = *std::move(platform),
                        .artifact_type = *std::move(artifact_type),
                        .annotations = *std::move(annotations)};
  if (auto status = check_data(value, descriptor); !status) {
    return Unexpected(std::move(status).error());
  }
  return descriptor;
}

}  // namespace purser
