// The options that the retention verbs share, and what they make of the arguments.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "cli/option_set.h"
#include "cli/session.h"
#include "cli/settings.h"
#include "purser/policy.h"
#include "purser/prune.h"
#include "purser/reference.h"

namespace purser::cli {

// --allow-missing, --allow-empty, --max-removals.
class GuardrailOptions {
 public:
  void declare(OptionSet& options);
  // Errors: invalid_argument.
  Result<Guardrails> read() const;

 private:
  bool allow_missing_ = false;
  bool allow_empty_ = false;
  std::string max_removals_ = {};
};

// One prune, as it was asked for.
struct PruneRequest {
  RegistryName registry;
  KeepPolicy policy = {};
  SurveyOptions survey = {};
};

// REGISTRY[/REPO]..., the keep list and the guardrails.
class PruneRequestOptions {
 public:
  void declare(OptionSet& options);
  // Errors: invalid_argument (no keep entry at all, two registries, a malformed line, which is
  // named), io, cancelled by `stop`.
  Result<PruneRequest> read(const std::vector<std::string>& names, const Settings& settings,
                            const std::stop_token& stop) const;

 private:
  Result<RegistryName> read_scope(const std::vector<std::string>& names, SurveyOptions& survey,
                                  const std::stop_token& stop) const;
  Status read_repository_files(const RegistryName& registry, bool whole_registry,
                               SurveyOptions& survey, const std::stop_token& stop) const;
  Result<std::vector<KeepEntry>> read_keep_list(const std::string& registry,
                                                const std::stop_token& stop) const;

  std::vector<std::string> keep_ = {};
  std::vector<std::string> keep_files_ = {};
  std::string repository_file_ = {};
  bool keep_referrers_ = false;
  GuardrailOptions guardrails_ = {};
};

// How a run that changes something is to be done, with its progress on stderr.
ApplyOptions apply_options(Session& session);

}  // namespace purser::cli
