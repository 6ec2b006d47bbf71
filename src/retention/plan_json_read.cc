#include <fmt/format.h>

#include <charconv>
#include <initializer_list>
#include <utility>

#include "core/json.h"
#include "purser/plan.h"
#include "retention/json_cursor.h"
#include "retention/plan_format.h"

namespace purser {
namespace {

Error bad_plan(std::string message) {
  return {.code = ErrorCode::invalid_argument,
          .message = std::move(message),
          .operation = "read the plan",
          .hint = "Make it again with `purser plan`"};
}

std::optional<std::chrono::sys_seconds> parse_rfc3339(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t at = 0; at < kShape.size(); ++at) {
    const bool digit = text[at] >= '0' && text[at] <= '9';
    if (kShape[at] == 'd' ? !digit : text[at] != kShape[at]) return std::nullopt;
  }
  auto number = [text](std::size_t at, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  const std::chrono::year_month_day date(std::chrono::year(number(0, 4)),
                                         std::chrono::month(number(5, 2)),
                                         std::chrono::day(number(8, 2)));
  if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(number(11, 2)) +
         std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2));
}

template <class Enum>
Enum read_enum(const JsonCursor& cursor, std::initializer_list<Enum> values) {
  const std::string text = cursor.string();
  for (Enum value : values) {
    if (to_string(value) == text) return value;
  }
  cursor.fail(fmt::format("is \"{}\", which Purser does not know", text));
  return *values.begin();
}

Action read_action(const JsonCursor& cursor) {
  return read_enum(cursor, {Action::keep, Action::remove, Action::skip});
}

std::string read_tag(const JsonCursor& cursor) {
  std::string tag = cursor.string();
  if (!is_valid_tag(tag)) cursor.fail("is not a valid tag");
  return tag;
}

std::optional<Digest> read_digest(const JsonCursor& cursor) {
  auto digest = cursor.parsed(Digest::parse, "a digest");
  return digest ? std::optional(std::move(*digest)) : std::nullopt;
}

std::optional<Digest> read_digest_or_null(const JsonCursor& cursor) {
  return cursor.is_null() ? std::nullopt : read_digest(cursor);
}

std::vector<std::string> read_strings(const JsonCursor& cursor) {
  std::vector<std::string> strings;
  cursor.each([&](const JsonCursor& item) { strings.push_back(item.string()); });
  return strings;
}

std::vector<std::string> read_reasons(const JsonCursor& cursor) {
  std::vector<std::string> reasons = read_strings(cursor);
  if (reasons.empty()) cursor.fail("is empty, and nothing is decided without a reason");
  return reasons;
}

std::vector<Digest> read_digests(const JsonCursor& cursor) {
  std::vector<Digest> digests;
  cursor.each([&](const JsonCursor& item) {
    if (auto digest = read_digest(item)) digests.push_back(std::move(*digest));
  });
  return digests;
}

// Reads a document of this version into a plan, or finds out what is wrong with it.
class PlanReader {
 public:
  explicit PlanReader(const nlohmann::json& document) : root_(document, fault_) {}

  Result<Plan> read();

 private:
  void read_head();
  void read_policy(const JsonCursor& policy);
  KeepPolicy read_keep_policy(const JsonCursor& policy);
  RemovePolicy read_remove_policy(const JsonCursor& policy);
  void read_guardrails(const JsonCursor& guardrails);
  void read_findings();
  void read_repository(const JsonCursor& repository);
  void read_tag_decision(const JsonCursor& decision);
  void read_manifest_decision(const JsonCursor& decision);
  std::string read_path(const JsonCursor& cursor);
  RepositoryPlan* repository_of(const JsonCursor& decision);

  std::string fault_;
  const JsonCursor root_;
  Plan plan_;
  std::map<std::string, std::size_t> by_path_;
};

Result<Plan> PlanReader::read() {
  if (root_["format"].string() != kPlanFormat) {
    root_["format"].fail(fmt::format("is not \"{}\": this is no plan", kPlanFormat));
  }
  const std::uint64_t version = root_["version"].number();
  if (version != kPlanVersion) {
    root_["version"].fail(
        fmt::format("is {}, and this Purser reads version {}", version, kPlanVersion));
  }
  if (fault_.empty()) read_head();
  if (fault_.empty()) {
    read_findings();
    root_["repositories"].each([this](const JsonCursor& item) { read_repository(item); });
    root_["decisions"].each([this](const JsonCursor& item) { read_tag_decision(item); });
    root_["manifests"].each([this](const JsonCursor& item) { read_manifest_decision(item); });
  }
  if (!fault_.empty()) return Unexpected(bad_plan(fault_));
  return std::move(plan_);
}

void PlanReader::read_head() {
  plan_.registry = root_["registry"].string();
  auto registry = RegistryName::parse(plan_.registry);
  if (!registry || registry->str() != plan_.registry) {
    root_["registry"].fail("is not a registry's host and port");
  }
  if (auto time = root_["created_at"].parsed(parse_rfc3339, "a time such as 2026-01-31T12:00:00Z"))
    plan_.created_at = *time;
  root_["scope"].each([this](const JsonCursor& item) { plan_.scope.push_back(read_path(item)); });
  read_policy(root_["policy"]);
  read_guardrails(root_["guardrails"]);
}

void PlanReader::read_policy(const JsonCursor& policy) {
  const std::string type = policy["type"].string();
  if (type == "keep") {
    plan_.policy = read_keep_policy(policy);
  } else if (type == "remove") {
    plan_.policy = read_remove_policy(policy);
  } else {
    policy["type"].fail(fmt::format("is \"{}\", which Purser does not know", type));
  }
}

KeepPolicy PlanReader::read_keep_policy(const JsonCursor& policy) {
  KeepPolicy keep{.keep_referrers = policy["keep_referrers"].boolean()};
  policy["entries"].each([&](const JsonCursor& item) {
    auto entry = KeepEntry::parse(item.string(), plan_.registry);
    if (!entry) return item.fail("is not a keep entry: " + entry.error().message);
    keep.entries.push_back(std::move(*entry));
  });
  return keep;
}

RemovePolicy PlanReader::read_remove_policy(const JsonCursor& policy) {
  RemovePolicy remove{.all_tags = policy["all_tags"].boolean(),
                      .with_parents = policy["with_parents"].boolean(),
                      .with_children = policy["with_children"].boolean(),
                      .keep_referrers = policy["keep_referrers"].boolean()};
  policy["targets"].each([&](const JsonCursor& item) {
    RemovePolicy::Target target{.repository = read_path(item["repository"])};
    if (!item["tag"].is_null()) target.tag = read_tag(item["tag"]);
    target.digest = read_digest_or_null(item["digest"]);
    if (!target.tag && !target.digest) item.fail("has neither a tag nor a digest");
    remove.targets.push_back(std::move(target));
  });
  return remove;
}

void PlanReader::read_guardrails(const JsonCursor& guardrails) {
  plan_.guardrails.allow_missing = guardrails["allow_missing"].boolean();
  plan_.guardrails.allow_empty = guardrails["allow_empty"].boolean();
  const JsonCursor limit = guardrails["max_removals"];
  if (limit.is_null()) return;
  if (auto parsed = limit.parsed(MaxRemovals::parse, "a limit such as \"50\" or \"10%\"")) {
    plan_.guardrails.max_removals = *parsed;
  }
}

// What the checks said when the plan was made. They are done again before anything is changed.
void PlanReader::read_findings() {
  root_["entries"].each([this](const JsonCursor& item) {
    plan_.entries.push_back({.entry = item["entry"].string(),
                             .tags = item["tags"].number(),
                             .matched = item["matched"].boolean(),
                             .unknown = item["unknown"].boolean()});
  });
  root_["refusals"].each([this](const JsonCursor& item) {
    plan_.refusals.push_back({.code = item["code"].string(),
                              .message = item["message"].string(),
                              .flag = item["flag"].string()});
  });
}

void PlanReader::read_repository(const JsonCursor& repository) {
  auto name = Repository::of(plan_.registry, read_path(repository["repository"]));
  if (!name) return repository["repository"].fail("is not a valid repository name");
  if (!by_path_.emplace(name->path(), plan_.repositories.size()).second) {
    return repository["repository"].fail(fmt::format("is {} for the second time", name->path()));
  }
  RepositoryPlan plan{.repository = std::move(*name)};
  repository["gaps"].each([&](const JsonCursor& gap) {
    plan.gaps.push_back({.what = gap["what"].string(), .why = gap["why"].string()});
  });
  repository["restores"].each([&](const JsonCursor& item) {
    std::string tag = read_tag(item["tag"]);
    auto original = read_digest(item["original"]);
    auto stand_in = read_digest(item["stand_in"]);
    if (original && stand_in) plan.restores.push_back({std::move(tag), *original, *stand_in});
  });
  plan_.repositories.push_back(std::move(plan));
}

void PlanReader::read_tag_decision(const JsonCursor& decision) {
  TagDecision tag{
      .tag = read_tag(decision["tag"]),
      .digest = read_digest_or_null(decision["digest"]),
      .action = read_action(decision["action"]),
      .means = read_enum(decision["means"], {Means::none, Means::untag, Means::delete_manifest}),
      .reasons = read_reasons(decision["reasons"]),
      .broken_and_named = decision["broken_and_named"].boolean()};
  if (RepositoryPlan* repository = repository_of(decision)) {
    repository->tags.push_back(std::move(tag));
  }
}

void PlanReader::read_manifest_decision(const JsonCursor& decision) {
  auto digest = read_digest(decision["digest"]);
  if (!digest) return;
  ManifestDecision manifest{.digest = std::move(*digest),
                            .media_type = decision["media_type"].string(),
                            .action = read_action(decision["action"]),
                            .reasons = read_reasons(decision["reasons"]),
                            .tags = read_strings(decision["tags"]),
                            .parents = read_digests(decision["parents"])};
  const JsonCursor referrers = decision["referrers"];
  if (!referrers.is_null()) manifest.referrers = read_digests(referrers);
  if (RepositoryPlan* repository = repository_of(decision)) {
    repository->manifests.push_back(std::move(manifest));
  }
}

std::string PlanReader::read_path(const JsonCursor& cursor) {
  std::string path = cursor.string();
  if (!is_valid_repository_path(path)) cursor.fail("is not a valid repository name");
  return path;
}

RepositoryPlan* PlanReader::repository_of(const JsonCursor& decision) {
  auto found = by_path_.find(read_path(decision["repository"]));
  if (found != by_path_.end()) return &plan_.repositories[found->second];
  decision["repository"].fail("is not among the plan's repositories");
  return nullptr;
}

}  // namespace

Result<Plan> parse_plan(std::string_view json) {
  auto document = json::parse_strict(json);
  if (!document) return Unexpected(bad_plan(document.error().message));
  return PlanReader(*document).read();
}

}  // namespace purser
