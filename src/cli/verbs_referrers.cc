// referrers: what refers to a manifest.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/image_json.h"
#include "cli/names.h"
#include "cli/verb.h"
#include "purser/client.h"

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;

class ReferrersVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    options.text("--type", type_, "TYPE", "of this artifact type alone, exactly as it is written");
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const auto references = parse_references(names);
    if (!references) return Unexpected(references.error());
    const Reference& reference = references->front();
    const auto client = session.client(reference.repository());
    if (!client) return Unexpected(client.error());
    std::optional<Digest> digest = reference.digest();
    if (!digest) {
      const Result<Descriptor> head = (*client)->head(reference, session.call());
      if (!head) return Unexpected(head.error());
      digest = head->digest;
    }
    auto list = (*client)->find_referrers(reference.repository(), *digest,
                                          {.artifact_type = type_, .call = session.call()});
    if (!list) return Unexpected(std::move(list).error());
    // Those have no artifact type.
    if (!type_.empty()) list->digest_tags.clear();
    if (session.out().format() == Format::text) {
      print(session.out(), *list);
    } else {
      session.out().json_list(as_json(*list));
    }
    return ExitCode::done;
  }

 private:
  static Json as_json(const ReferrerList& list) {
    Json referrers = Json::array();
    for (const Descriptor& referrer : list.referrers) {
      Json entry = descriptor_json(referrer);
      entry["tag"] = nullptr;
      referrers.push_back(std::move(entry));
    }
    for (const auto& [tag, descriptor] : list.digest_tags) {
      Json entry = descriptor_json(descriptor);
      entry["tag"] = tag;
      referrers.push_back(std::move(entry));
    }
    return referrers;
  }

  static void add(Table& table, Output& out, const Descriptor& descriptor, std::string_view type,
                  std::string_view tag) {
    table.row({descriptor.digest.str(), safe(type),
               out.terminal() ? human_size(descriptor.size) : fmt::to_string(descriptor.size),
               std::string(tag)});
  }

  static void print(Output& out, const ReferrerList& list) {
    Table table({"DIGEST", "TYPE", "SIZE", "TAG"});
    for (const Descriptor& referrer : list.referrers) {
      add(table, out, referrer,
          referrer.artifact_type.empty() ? referrer.media_type : referrer.artifact_type, "-");
    }
    for (const auto& [tag, descriptor] : list.digest_tags) {
      add(table, out, descriptor, descriptor.media_type, tag);
    }
    table.print(out);
  }

  std::string type_ = {};
};

}  // namespace

std::unique_ptr<Verb> make_referrers() { return std::make_unique<ReferrersVerb>(); }

}  // namespace purser::cli
