#include "purser/manifest.h"

#include <array>
#include <span>

#include "core/descriptor_json.h"
#include "core/json.h"
#include "core/text.h"

namespace purser {

struct Manifest::View {
  std::string raw;
  Kind kind;
  std::string media_type;
  Digest digest;
  std::optional<Descriptor> config = {};
  std::vector<Descriptor> layers = {};
  std::vector<Descriptor> children = {};
  std::optional<Descriptor> subject = {};
  std::string artifact_type = {};
  std::map<std::string, std::string> annotations = {};
};

namespace {

Error failure(ErrorCode code, std::string message, std::string hint = {}) {
  return Error{.code = code, .message = std::move(message), .hint = std::move(hint)};
}
Unexpected bad(std::string message) {
  return Unexpected(failure(ErrorCode::bad_response, std::move(message)));
}
Unexpected schema1() {
  return Unexpected(
      failure(ErrorCode::unsupported,
              "it is a Docker schema 1 manifest, a format that was given up in 2017 and whose "
              "digest cannot be checked",
              "Push the image again with a current client"));
}

// Types that servers and object stores send when they do not know better.
bool is_generic(std::string_view type) {
  return type.empty() || type == "text/plain" || type == "application/json" ||
         type == "application/octet-stream" || type == "binary/octet-stream";
}

Result<std::optional<Descriptor>> find_descriptor(const nlohmann::json& document,
                                                  std::string_view name) {
  const nlohmann::json* value = json::find(document, name);
  if (value == nullptr) return std::optional<Descriptor>();
  auto descriptor = parse_descriptor(*value);
  if (!descriptor) return bad("its " + std::string(name) + ": " + descriptor.error().message);
  return std::optional<Descriptor>(*std::move(descriptor));
}

// `null` is what Go writes for an empty list; a list that is not there at all is a defect.
Result<std::vector<Descriptor>> descriptor_list(const nlohmann::json& document,
                                                std::string_view name) {
  const std::string key(name);
  if (!document.contains(key)) return bad("it has no " + key);
  auto array = json::find_array(document, name);
  if (!array) return Unexpected(std::move(array).error());
  std::vector<Descriptor> list;
  if (*array == nullptr) return list;
  list.reserve((*array)->size());
  for (const nlohmann::json& value : **array) {
    auto descriptor = parse_descriptor(value);
    if (!descriptor) {
      return bad("number " + std::to_string(list.size() + 1) + " of its " + key + ": " +
                 descriptor.error().message);
    }
    list.push_back(*std::move(descriptor));
  }
  return list;
}

// The document's own word on what it is; where it says nothing, its shape.
Result<std::string> type_by_document(const nlohmann::json& document) {
  auto field = json::find_string(document, "mediaType");
  if (!field) return Unexpected(std::move(field).error());
  auto version = json::find_int64(document, "schemaVersion");
  if (!version) return Unexpected(std::move(version).error());
  if (*version == 1 || media_type::is_schema1(field->value_or(""))) return schema1();
  if (!field->value_or("").empty()) return **field;
  const bool index = document.contains("manifests");
  const bool image = document.contains("config") && document.contains("layers");
  if (index && image) return bad("it has the members of an index and of an image");
  if (index) return std::string(media_type::kOciIndex);
  if (image) return std::string(media_type::kOciManifest);
  return bad("it is neither an index nor an image by its type or its members");
}

// Members of the other kind, and of schema 1.
constexpr std::array<const char*, 3> kNotInAnIndex{"config", "layers", "fsLayers"};
constexpr std::array<const char*, 2> kNotInAnImage{"manifests", "fsLayers"};

// A document that one reader takes for an image and another for an index shows each of them
// different content (A-51, CVE-2021-41190).
Status check_one_meaning(const nlohmann::json& document, Manifest::Kind kind,
                         std::string_view media_type) {
  if (auto status = reject_look_alikes(
          document, {"schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests",
                     "subject", "annotations", "fsLayers"});
      !status) {
    return status;
  }
  auto field = json::find_string(document, "mediaType");
  if (!field) return Unexpected(std::move(field).error());
  if (!field->value_or("").empty() && **field != media_type) {
    return bad("it calls itself " + shorten(**field, 120) + " and was sent as " +
               shorten(media_type, 120));
  }
  if (kind == Manifest::Kind::unknown) return {};
  auto version = json::find_int64(document, "schemaVersion");
  if (!version) return Unexpected(std::move(version).error());
  if (version->value_or(2) != 2) {
    return bad("its schemaVersion is " + std::to_string(**version) + " where its type has 2");
  }
  const bool index = kind == Manifest::Kind::index;
  const std::span<const char* const> foreign =
      index ? std::span<const char* const>(kNotInAnIndex) : kNotInAnImage;
  for (const char* name : foreign) {
    if (document.contains(name)) {
      return bad(std::string("it is an ") + (index ? "index" : "image") + " and has the member \"" +
                 name + "\"");
    }
  }
  return {};
}

Manifest::Kind kind_of(std::string_view type) {
  if (type == media_type::kOciIndex || type == media_type::kDockerList) {
    return Manifest::Kind::index;
  }
  return media_type::is_known_manifest(type) ? Manifest::Kind::image : Manifest::Kind::unknown;
}

// Fills a view with what an image or an index says.
template <class View>
Status read_members(const nlohmann::json& document, View& view) {
  if (view.kind == Manifest::Kind::index) {
    auto children = descriptor_list(document, "manifests");
    if (!children) return Unexpected(std::move(children).error());
    view.children = *std::move(children);
  } else {
    auto config = find_descriptor(document, "config");
    if (!config) return Unexpected(std::move(config).error());
    if (!config->has_value()) return bad("it has no config");
    view.config = *std::move(config);
    auto layers = descriptor_list(document, "layers");
    if (!layers) return Unexpected(std::move(layers).error());
    view.layers = *std::move(layers);
  }
  auto subject = find_descriptor(document, "subject");
  if (!subject) return Unexpected(std::move(subject).error());
  view.subject = *std::move(subject);
  auto annotations = parse_annotations(document);
  if (!annotations) return Unexpected(std::move(annotations).error());
  view.annotations = *std::move(annotations);
  auto artifact_type = json::find_string(document, "artifactType");
  if (!artifact_type) return Unexpected(std::move(artifact_type).error());
  view.artifact_type =
      artifact_type->value_or(view.config ? view.config->media_type : std::string());
  return {};
}

// Fills a view that has its bytes, and the media type that the server gave.
template <class View>
Status read_document(View& view) {
  auto document = json::parse_strict(view.raw);
  if (!document || !document->is_object()) {
    const std::string sent_as =
        view.media_type.empty() ? "" : " (sent as " + shorten(view.media_type, 80) + ")";
    return bad((document ? "it is not a JSON object" : document.error().message) + sent_as);
  }
  if (is_generic(view.media_type)) {
    auto type = type_by_document(*document);
    if (!type) return Unexpected(std::move(type).error());
    view.media_type = *std::move(type);
  }
  view.kind = kind_of(view.media_type);
  if (auto status = check_one_meaning(*document, view.kind, view.media_type); !status) {
    return status;
  }
  return view.kind == Manifest::Kind::unknown ? Status() : read_members(*document, view);
}

}  // namespace

Result<Manifest> Manifest::parse(std::string raw, std::string_view media_type,
                                 const std::optional<Digest>& expected) {
  const auto fail = [&](Error error) {
    error.operation = "read the manifest";
    if (expected) error.subject = expected->str();
    return Unexpected(std::move(error));
  };
  std::string type = media_type::normalize(media_type);
  // Before the digest: a signed schema 1 manifest is not named by the digest of its bytes.
  if (media_type::is_schema1(type)) return fail(schema1().error());
  if (raw.size() > kMaxManifestBytes) {
    return fail(
        failure(ErrorCode::too_large, "it has " + std::to_string(raw.size()) + " bytes, where " +
                                          std::to_string(kMaxManifestBytes) + " are the limit"));
  }
  if (expected && !expected->matches(raw)) {
    return fail(
        failure(ErrorCode::digest_mismatch,
                "its bytes hash to " + Digest::of(raw).str() + " and not to " + expected->str(),
                "The registry's storage or something on the way to it is damaged; pull "
                "nothing from it and delete nothing in it before that is mended"));
  }
  Digest digest = expected ? *expected : Digest::of(raw);
  auto view = std::make_shared<View>(View{.raw = std::move(raw),
                                          .kind = Kind::unknown,
                                          .media_type = std::move(type),
                                          .digest = std::move(digest)});
  if (auto status = read_document(*view); !status) return fail(std::move(status).error());
  return Manifest(std::move(view));
}

Manifest::Kind Manifest::kind() const noexcept { return view_->kind; }
const std::string& Manifest::raw() const noexcept { return view_->raw; }
const std::string& Manifest::media_type() const noexcept { return view_->media_type; }
const Digest& Manifest::digest() const noexcept { return view_->digest; }

Descriptor Manifest::descriptor() const {
  return Descriptor{.media_type = view_->media_type,
                    .digest = view_->digest,
                    .size = static_cast<std::int64_t>(view_->raw.size())};
}

const std::optional<Descriptor>& Manifest::config() const noexcept { return view_->config; }
const std::vector<Descriptor>& Manifest::layers() const noexcept { return view_->layers; }
const std::vector<Descriptor>& Manifest::children() const noexcept { return view_->children; }
const std::optional<Descriptor>& Manifest::subject() const noexcept { return view_->subject; }
const std::string& Manifest::artifact_type() const noexcept { return view_->artifact_type; }
const std::map<std::string, std::string>& Manifest::annotations() const noexcept {
  return view_->annotations;
}

std::string_view to_string(Manifest::Kind kind) {
  switch (kind) {
    case Manifest::Kind::image:
      return "image";
    case Manifest::Kind::index:
      return "index";
    case Manifest::Kind::unknown:
      break;
  }
  return "unknown";
}

}  // namespace purser
