#include "cli/exit_code.h"

#include <algorithm>

namespace purser::cli {

ExitCode exit_code_for(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return ExitCode::usage;
    case ErrorCode::not_found:
      return ExitCode::not_found;
    case ErrorCode::unauthorized:
    case ErrorCode::forbidden:
      return ExitCode::not_authorised;
    case ErrorCode::unreachable:
    case ErrorCode::rate_limited:
      return ExitCode::unreachable;
    case ErrorCode::refused:
    case ErrorCode::changed:  // the tag moved: acting on it would hit another image
      return ExitCode::refused;
    case ErrorCode::cancelled:
      return ExitCode::interrupted;
    case ErrorCode::unsupported:
    case ErrorCode::conflict:
    case ErrorCode::bad_response:
    case ErrorCode::digest_mismatch:
    case ErrorCode::too_large:
    case ErrorCode::incomplete:
    case ErrorCode::io:
      return ExitCode::failed;
  }
  return ExitCode::failed;
}

ExitCode exit_code_for(const Report& report) {
  if (report.cancelled) return ExitCode::interrupted;
  if (!report.applied && !report.refusals.empty()) return ExitCode::refused;
  return report.complete() ? ExitCode::done : ExitCode::partly;
}

ExitCode exit_code_for(const Plan& plan) {
  if (!plan.refusals.empty()) return ExitCode::refused;
  const bool complete =
      std::all_of(plan.repositories.begin(), plan.repositories.end(), [](const RepositoryPlan& r) {
        return r.complete() &&
               std::none_of(r.tags.begin(), r.tags.end(),
                            [](const TagDecision& tag) { return tag.broken_and_named; });
      });
  return complete ? ExitCode::done : ExitCode::partly;
}

void Tally::add(ExitCode code) {
  if (code == ExitCode::done) {
    any_done_ = true;
  } else if (failure_ == ExitCode::done || failure_ == code) {
    failure_ = code;
  } else if (code == ExitCode::interrupted || failure_ == ExitCode::interrupted) {
    failure_ = ExitCode::interrupted;
  } else {
    failure_ = ExitCode::partly;
  }
}

ExitCode Tally::result() const {
  if (failure_ == ExitCode::done || failure_ == ExitCode::interrupted) return failure_;
  return any_done_ ? ExitCode::partly : failure_;
}

}  // namespace purser::cli
