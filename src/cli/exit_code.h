// What the program's exit status says (docs/cli.md). One place decides it.
#pragma once

#include "purser/apply.h"
#include "purser/error.h"
#include "purser/plan.h"

namespace purser::cli {

enum class ExitCode {
  done = 0,
  failed = 1,
  usage = 2,
  partly = 3,
  not_authorised = 4,
  not_found = 5,
  unreachable = 6,
  refused = 7,
  interrupted = 130,
};

ExitCode exit_code_for(ErrorCode code);
// Of a run that changed something, or would have.
ExitCode exit_code_for(const Report& report);
// Of a plan on its own: refused, partly readable, or fine.
ExitCode exit_code_for(const Plan& plan);

// The status of a verb that does the same to several names: of each its own, and of all together
// the one that they share, or `partly` where some were done or the failures differ.
class Tally {
 public:
  void add(ExitCode code);
  ExitCode result() const;

 private:
  bool any_done_ = false;
  ExitCode failure_ = ExitCode::done;
};

}  // namespace purser::cli
