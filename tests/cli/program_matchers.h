// How a run of the program ended, as gmock matchers.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <ostream>
#include <string>

#include "testing/process.h"

namespace purser::testing {

inline void PrintTo(const ProcessResult& result, std::ostream* out) { *out << result.describe(); }

// Exit code 0, this on stdout, nothing on stderr.
MATCHER_P(Answers, out, "") {
  return arg.ok() && arg.err.empty() &&
         ::testing::SafeMatcherCast<const std::string&>(out).MatchAndExplain(arg.out,
                                                                             result_listener);
}

// That exit code, nothing on stdout, and on stderr one sentence, in one line, that matches.
MATCHER_P2(Fails, exit_code, sentence, "") {
  if (arg.exit_code != exit_code) return false;
  if (!arg.out.empty()) {
    *result_listener << "there is something on stdout";
    return false;
  }
  if (!arg.err.starts_with("purser: ") || std::count(arg.err.begin(), arg.err.end(), '\n') != 1) {
    *result_listener << "stderr is not one line of the program";
    return false;
  }
  return ::testing::SafeMatcherCast<const std::string&>(sentence).MatchAndExplain(arg.err,
                                                                                  result_listener);
}

}  // namespace purser::testing
