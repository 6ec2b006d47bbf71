// digest, manifest, config: what a reference leads to.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "cli/names.h"
#include "cli/platform_option.h"
#include "cli/verb.h"
#include "core/json.h"
#include "core/text.h"
#include "purser/client.h"

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;

Json digest_json(const Reference& reference, const Descriptor& descriptor) {
  Json json;
  json["reference"] = reference.str();
  json["digest"] = descriptor.digest.str();
  return json;
}

class DigestVerb : public Verb {
 public:
  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const auto references = parse_references(names);
    if (!references) return Unexpected(references.error());
    if (references->size() == 1) return one(session, references->front());
    return several(session, *references);
  }

 private:
  static Result<ExitCode> one(Session& session, const Reference& reference) {
    const auto client = session.client(reference.repository());
    if (!client) return Unexpected(client.error());
    const Result<Descriptor> head = (*client)->head(reference, session.call());
    if (!head) return Unexpected(head.error());
    Output& out = session.out();
    if (out.format() == Format::text) {
      out.line(head->digest.str());
    } else {
      out.json(digest_json(reference, *head));
    }
    return ExitCode::done;
  }

  static Result<ExitCode> several(Session& session, const std::vector<Reference>& references) {
    std::map<std::string, std::vector<Reference>> by_registry;
    for (const Reference& reference : references) {
      by_registry[reference.repository().registry()].push_back(reference);
    }
    // Every client before the first request: -u belongs to one registry, and that it was given for
    // two must be known before one of them is asked.
    for (const auto& [registry, group] : by_registry) {
      const auto client = session.client(group.front().repository());
      if (!client) return Unexpected(client.error());
    }
    std::map<Reference, Result<Descriptor>> heads;
    for (const auto& [registry, group] : by_registry) {
      const auto client = session.client(group.front().repository());
      if (!client) return Unexpected(client.error());
      auto next = group.begin();
      const Status done = (*client)->head_each(
          [&]() -> std::optional<Reference> {
            if (next == group.end()) return std::nullopt;
            return *next++;
          },
          [&](const Reference& reference, Result<Descriptor> head) {
            heads.insert_or_assign(reference, std::move(head));
          },
          session.call());
      if (!done) return Unexpected(done.error());
    }
    return print(session, references, heads);
  }

  static ExitCode print(Session& session, const std::vector<Reference>& references,
                        const std::map<Reference, Result<Descriptor>>& heads) {
    Tally tally;
    Json list = Json::array();
    Table table({"DIGEST", "REFERENCE"});
    for (const Reference& reference : references) {
      const Result<Descriptor>& head = heads.at(reference);
      tally.add(head ? ExitCode::done : exit_code_for(head.error().code));
      if (!head) {
        session.err().error(head.error());
        continue;
      }
      list.push_back(digest_json(reference, *head));
      table.row({head->digest.str(), reference.str()});
    }
    if (session.out().format() == Format::text) {
      table.print(session.out());
    } else {
      session.out().json_list(list);
    }
    return tally.result();
  }
};

class ManifestVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    options.flag("--raw", raw_, "the exact bytes, nothing added");
    platform_.declare(options);
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const auto references = parse_references(names);
    if (!references) return Unexpected(references.error());
    const auto client = session.client(references->front().repository());
    if (!client) return Unexpected(client.error());
    const auto manifest = platform_.manifest(**client, references->front(), session.call());
    if (!manifest) return Unexpected(manifest.error());
    if (!raw_) {
      session.out().json_text(manifest->raw());
      return ExitCode::done;
    }
    const Status printed = session.out().document(manifest->raw());
    return printed ? Result<ExitCode>(ExitCode::done) : Unexpected(printed.error());
  }

 private:
  bool raw_ = false;
  PlatformOption platform_ = {};
};

// The one image of an index that has no other; its attestations do not count.
Result<Reference> only_image(const Manifest& index, const Reference& reference) {
  std::string platforms;
  std::vector<Digest> images;
  for (const Descriptor& child : index.children()) {
    if (child.platform && child.platform->is_unknown()) continue;
    images.push_back(child.digest);
    platforms += platforms.empty() ? "" : ", ";
    platforms += child.platform ? child.platform->str() : "none";
  }
  if (images.size() == 1) {
    return Reference::with_digest(reference.repository(), images.front());
  }
  return Unexpected(
      usage_error(fmt::format("{} is an index of {}", reference.str(),
                              counted(images.size(), "image", "images")),
                  images.empty() ? "" : fmt::format("Say which with --platform: {}", platforms)));
}

// Artifacts may have anything for a config.
Status check_config(const std::string& config, const Reference& reference,
                    const Manifest& manifest) {
  const auto document = json::parse_strict(config);
  if (document) return {};
  return Unexpected(
      Error{.code = ErrorCode::bad_response,
            .message = fmt::format("it is no JSON that can be shown ({}); its media type is {}",
                                   document.error().message,
                                   sanitize_for_terminal(manifest.config()->media_type)),
            .operation = "show the config of",
            .subject = reference.str()});
}

class ConfigVerb : public Verb {
 public:
  void declare(OptionSet& options) override { platform_.declare(options); }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const auto references = parse_references(names);
    if (!references) return Unexpected(references.error());
    const Reference& reference = references->front();
    const auto client = session.client(reference.repository());
    if (!client) return Unexpected(client.error());
    auto manifest = platform_.manifest(**client, reference, session.call());
    if (!manifest) return Unexpected(manifest.error());
    // An index within an index: as deep as A-59 follows a platform.
    constexpr int kMaxDepth = 4;
    for (int depth = 0; manifest->kind() == Manifest::Kind::index && depth < kMaxDepth; ++depth) {
      const Result<Reference> image = only_image(*manifest, reference);
      if (!image) return Unexpected(image.error());
      manifest = (*client)->manifest(*image, session.call());
      if (!manifest) return Unexpected(manifest.error());
    }
    if (!manifest->config()) return Unexpected(no_config(reference, *manifest));
    const auto config =
        (*client)->small_blob(reference.repository(), *manifest->config(), session.call());
    if (!config) return Unexpected(config.error());
    if (Status readable = check_config(*config, reference, *manifest); !readable) {
      return Unexpected(std::move(readable).error());
    }
    session.out().json_text(*config);
    return ExitCode::done;
  }

 private:
  static Error no_config(const Reference& reference, const Manifest& manifest) {
    Error error;
    error.code = ErrorCode::unsupported;
    error.operation = "read the config of";
    error.registry = reference.repository().registry();
    error.subject = reference.repository().path();
    error.message = fmt::format("a manifest of type {} has none", manifest.media_type());
    return error;
  }

  PlatformOption platform_ = {};
};

}  // namespace

std::unique_ptr<Verb> make_digest() { return std::make_unique<DigestVerb>(); }
std::unique_ptr<Verb> make_manifest() { return std::make_unique<ManifestVerb>(); }
std::unique_ptr<Verb> make_config() { return std::make_unique<ConfigVerb>(); }

}  // namespace purser::cli
