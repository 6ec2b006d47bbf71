#include "cli/retention_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "cli/file_io.h"
#include "cli/names.h"

namespace purser::cli {

void GuardrailOptions::declare(OptionSet& options) {
  options.flag("--allow-missing", allow_missing_, "go on though a keep entry matches nothing");
  options.flag("--allow-empty", allow_empty_, "go on though a repository loses all its tags");
  options.text("--max-removals", max_removals_, "N|P%",
               "refuse to remove more tags than that in the whole run");
}

Result<Guardrails> GuardrailOptions::read() const {
  Guardrails guardrails;
  guardrails.allow_missing = allow_missing_;
  guardrails.allow_empty = allow_empty_;
  if (!max_removals_.empty()) {
    Result<MaxRemovals> limit = MaxRemovals::parse(max_removals_);
    if (!limit) return Unexpected(std::move(limit).error());
    guardrails.max_removals = *limit;
  }
  return guardrails;
}

void PruneRequestOptions::declare(OptionSet& options) {
  options.texts("--keep", keep_, "NAME", "an entry to keep; repeatable");
  options.texts("--keep-file", keep_files_, "FILE",
                "a file of entries to keep, one a line; - is stdin; repeatable");
  options.text("--repos-file", repository_file_, "FILE",
               "the repositories, one a line, for a registry that has no catalog");
  options.flag("--keep-referrers", keep_referrers_,
               "signatures and attestations of what is removed stay");
  guardrails_.declare(options);
}

Result<RegistryName> PruneRequestOptions::read_scope(const std::vector<std::string>& names,
                                                     SurveyOptions& survey,
                                                     const std::stop_token& stop) const {
  std::optional<RegistryName> registry;
  bool whole = false;
  for (const std::string& name : names) {
    const Result<RegistryScope> scope = parse_scope(name);
    if (!scope) return Unexpected(scope.error());
    if (registry && *registry != scope->registry) {
      return Unexpected(usage_error(
          fmt::format("{} and {} are two registries", registry->str(), scope->registry.str()),
          "Run it once for each registry"));
    }
    registry = scope->registry;
    whole = whole || !scope->repository;
    if (scope->repository) survey.repositories.push_back(scope->repository->path());
  }
  // One name of the whole registry covers those of its repositories.
  if (whole) survey.repositories.clear();
  if (const Status read = read_repository_files(*registry, whole, survey, stop); !read) {
    return Unexpected(read.error());
  }
  return *registry;
}

Status PruneRequestOptions::read_repository_files(const RegistryName& registry, bool whole_registry,
                                                  SurveyOptions& survey,
                                                  const std::stop_token& stop) const {
  if (repository_file_.empty()) return {};
  const Result<std::string> text = read_input(repository_file_, "read the repositories from", stop);
  if (!text) return Unexpected(text.error());
  Result<std::vector<std::string>> paths =
      parse_repository_list(*text, registry.str(), repository_file_);
  if (!paths) return Unexpected(std::move(paths).error());
  std::move(paths->begin(), paths->end(), std::back_inserter(survey.repositories));
  survey.stands_for_catalog = whole_registry;
  return {};
}

Result<std::vector<KeepEntry>> PruneRequestOptions::read_keep_list(
    const std::string& registry, const std::stop_token& stop) const {
  if (keep_.empty() && keep_files_.empty()) {
    return Unexpected(usage_error("nothing says what is to be kept",
                                  "Give a keep list with --keep-file FILE, or --keep NAME"));
  }
  std::vector<KeepEntry> entries;
  for (const std::string& file : keep_files_) {
    const Result<std::string> text = read_input(file, "read the keep list", stop);
    if (!text) return Unexpected(text.error());
    Result<std::vector<KeepEntry>> list =
        parse_keep_list(*text, registry, file == "-" ? "stdin" : file);
    if (!list) return Unexpected(std::move(list).error());
    std::move(list->begin(), list->end(), std::back_inserter(entries));
  }
  for (const std::string& name : keep_) {
    Result<KeepEntry> entry = KeepEntry::parse(name, registry);
    if (!entry) return Unexpected(std::move(entry).error());
    entries.push_back(*std::move(entry));
  }
  return entries;
}

Result<PruneRequest> PruneRequestOptions::read(const std::vector<std::string>& names,
                                               const Settings& settings,
                                               const std::stop_token& stop) const {
  std::vector<std::string> files = keep_files_;
  files.push_back(repository_file_);
  for (const std::string& file : files) {
    if (Status free = check_stdin_is_free(file, settings.password_stdin); !free) {
      return Unexpected(std::move(free).error());
    }
  }
  SurveyOptions survey;
  Result<RegistryName> registry = read_scope(names, survey, stop);
  if (!registry) return Unexpected(std::move(registry).error());
  Result<Guardrails> guardrails = guardrails_.read();
  if (!guardrails) return Unexpected(std::move(guardrails).error());
  survey.guardrails = *guardrails;
  Result<std::vector<KeepEntry>> entries = read_keep_list(registry->str(), stop);
  if (!entries) return Unexpected(std::move(entries).error());
  PruneRequest request{*std::move(registry)};
  request.policy.entries = *std::move(entries);
  request.policy.keep_referrers = keep_referrers_;
  request.survey = std::move(survey);
  return request;
}

ApplyOptions apply_options(Session& session) {
  ApplyOptions options;
  options.state_directory = session.state_directory();
  // Each of them has a change of its own, which no window holds back.
  options.repositories_at_once =
      std::min(options.repositories_at_once, session.settings().in_flight.value_or(SIZE_MAX));
  options.call = session.call();
  options.progress = [&err = session.err()](const Progress& progress) {
    const std::string step = progress.repository.empty()
                                 ? progress.step
                                 : fmt::format("{}: {}", progress.repository, progress.step);
    err.progress(
        progress.total == 0 ? step : fmt::format("{}/{}  {}", progress.done, progress.total, step));
    if (!progress.is_count) err.note(step, 1);
  };
  return options;
}

}  // namespace purser::cli
