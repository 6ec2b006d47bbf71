#include <nlohmann/json.hpp>

#include "core/text.h"
#include "purser/apply.h"

namespace purser {
namespace {

using nlohmann::ordered_json;

ordered_json digest_or_null(const std::optional<Digest>& digest) {
  return digest ? ordered_json(digest->str()) : ordered_json(nullptr);
}

ordered_json to_value(const TagReport& tag) {
  return {{"repository", tag.repository},
          {"tag", tag.decision.tag},
          {"digest", digest_or_null(tag.decision.digest)},
          {"action", to_string(tag.decision.action)},
          {"means", to_string(tag.decision.means)},
          {"outcome", to_string(tag.outcome)},
          {"reasons", tag.decision.reasons},
          {"detail", tag.detail}};
}

ordered_json to_value(const ManifestReport& manifest) {
  return {{"repository", manifest.repository},
          {"digest", manifest.decision.digest.str()},
          {"media_type", manifest.decision.media_type},
          {"action", to_string(manifest.decision.action)},
          {"outcome", to_string(manifest.outcome)},
          {"reasons", manifest.decision.reasons},
          {"tags", manifest.decision.tags},
          {"detail", manifest.detail}};
}

ordered_json to_value(const EntryMatches& entry) {
  return {{"entry", entry.entry},
          {"tags", entry.tags},
          {"matched", entry.matched},
          {"unknown", entry.unknown}};
}

ordered_json to_value(const Refusal& refusal) {
  return {{"code", refusal.code}, {"message", refusal.message}, {"flag", refusal.flag}};
}

template <class Items>
ordered_json to_array(const Items& items) {
  ordered_json array = ordered_json::array();
  for (const auto& item : items) array.push_back(to_value(item));
  return array;
}

}  // namespace

std::string to_json(const Report& report) {
  const ordered_json document{
      {"registry", report.registry},
      {"applied", report.applied},
      {"complete", report.complete()},
      {"cancelled", report.cancelled},
      {"tags_seen", report.tags_seen},
      {"tags_kept", report.tags_kept},
      {"tags_removed", report.tags_removed},
      {"tags_failed", report.tags_failed},
      {"tags_skipped", report.tags_skipped},
      {"tags_to_remove", report.tags_to_remove},
      {"manifests_removed", report.manifests_removed},
      {"decisions", to_array(report.tags)},
      {"manifests", to_array(report.manifests)},
      {"entries", to_array(report.entries)},
      {"refusals", to_array(report.refusals)},
      {"warnings", report.warnings},
      {"journal",
       report.journal.empty() ? ordered_json(nullptr) : ordered_json(report.journal.string())}};
  return escape_json_for_terminal(
      document.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

}  // namespace purser
