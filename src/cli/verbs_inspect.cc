// inspect: an image at a glance.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/image_json.h"
#include "cli/names.h"
#include "cli/platform_option.h"
#include "cli/verb.h"
#include "core/json.h"
#include "purser/client.h"
#include "purser/image_summary.h"

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;

// `config.Labels` of an image's config; null where there is none, or not of that form.
Json labels_of(const Json& config) {
  if (!config.is_object()) return {};
  const auto inner = config.find("config");
  if (inner == config.end() || !inner->is_object()) return {};
  const auto labels = inner->find("Labels");
  return labels != inner->end() && labels->is_object() ? *labels : Json();
}

class InspectVerb : public Verb {
 public:
  void declare(OptionSet& options) override { platform_.declare(options); }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const auto opened = platform_.open(session, names);
    if (!opened) return Unexpected(opened.error());
    const auto& [reference, client, manifest] = *opened;
    const auto summary = summarize_image(*client, reference.repository(), manifest, session.call());
    if (!summary) return Unexpected(summary.error());
    Json labels;
    if (manifest.kind() == Manifest::Kind::image && manifest.config()) {
      const auto config =
          client->small_blob(reference.repository(), *manifest.config(), session.call());
      if (!config) return Unexpected(config.error());
      // What is nested too deep to be printed has no labels either.
      if (json::parse_strict(*config)) labels = labels_of(Json::parse(*config));
    }
    const Json image = describe(reference, manifest, *summary, labels);
    if (session.out().format() != Format::text) {
      session.out().json(image);
    } else {
      print(session.out(), image, *summary, manifest);
    }
    return ExitCode::done;
  }

 private:
  static Json describe(const Reference& reference, const Manifest& manifest,
                       const ImageSummary& summary, const Json& labels) {
    TagSummary entry;
    entry.image = summary;
    Json image;
    image["reference"] = reference.str();
    Json facts = tag_json(entry);
    facts.erase("tag");
    image.update(facts);
    image["kind"] = to_string(manifest.kind());
    image["artifact_type"] =
        manifest.artifact_type().empty() ? Json() : Json(manifest.artifact_type());
    image["subject"] = manifest.subject() ? Json(manifest.subject()->digest.str()) : Json();
    image["annotations"] = Json(manifest.annotations());
    image["labels"] = labels.is_null() ? Json::object() : labels;
    image["config"] = manifest.config() ? descriptor_json(*manifest.config()) : Json();
    image["layers"] = Json::array();
    for (const Descriptor& layer : manifest.layers()) {
      image["layers"].push_back(descriptor_json(layer));
    }
    image["manifests"] = Json::array();
    for (const Descriptor& child : manifest.children()) {
      image["manifests"].push_back(descriptor_json(child));
    }
    return image;
  }

  static void pairs(Table& table, std::string_view title, const Json& object) {
    for (const auto& [name, value] : object.items()) {
      table.row({std::string(title),
                 safe(fmt::format("{}={}", name,
                                  value.is_string() ? value.get<std::string>() : value.dump()))});
    }
  }

  static void descriptors(Table& table, std::string_view title,
                          const std::vector<Descriptor>& list) {
    for (const Descriptor& item : list) {
      table.row(
          {std::string(title),
           safe(fmt::format("{} {} {}{}", item.digest.str(), human_size(item.size), item.media_type,
                            item.platform ? " " + item.platform->str() : ""))});
    }
  }

  static void print(Output& out, const Json& image, const ImageSummary& summary,
                    const Manifest& manifest) {
    Table table({"WHAT", "VALUE"});
    table.row({"reference", image["reference"].get<std::string>()});
    table.row({"digest", summary.digest.str()});
    table.row({"media type", safe(summary.media_type)});
    table.row({"platforms", safe(platforms_text(summary))});
    table.row({"created", created_text(summary)});
    table.row({"size", !summary.size    ? "-"
                       : out.terminal() ? human_size(*summary.size)
                                        : fmt::to_string(*summary.size)});
    if (manifest.subject()) table.row({"subject", manifest.subject()->digest.str()});
    if (!manifest.artifact_type().empty()) {
      table.row({"artifact type", safe(manifest.artifact_type())});
    }
    pairs(table, "annotation", image["annotations"]);
    pairs(table, "label", image["labels"]);
    if (manifest.config()) descriptors(table, "config", {*manifest.config()});
    descriptors(table, "layer", manifest.layers());
    descriptors(table, "manifest", manifest.children());
    table.print(out);
  }

  PlatformOption platform_ = {};
};

}  // namespace

std::unique_ptr<Verb> make_inspect() { return std::make_unique<InspectVerb>(); }

}  // namespace purser::cli
