#include "cli/exit_code.h"

#include <gtest/gtest.h>

namespace purser::cli {
namespace {

TEST(ExitCodeTest, TellsTheKindsOfFailureApart) {
  EXPECT_EQ(exit_code_for(ErrorCode::invalid_argument), ExitCode::usage);
  EXPECT_EQ(exit_code_for(ErrorCode::unauthorized), ExitCode::not_authorised);
  EXPECT_EQ(exit_code_for(ErrorCode::forbidden), ExitCode::not_authorised);
  EXPECT_EQ(exit_code_for(ErrorCode::not_found), ExitCode::not_found);
  EXPECT_EQ(exit_code_for(ErrorCode::unreachable), ExitCode::unreachable);
  EXPECT_EQ(exit_code_for(ErrorCode::rate_limited), ExitCode::unreachable);
  EXPECT_EQ(exit_code_for(ErrorCode::refused), ExitCode::refused);
  EXPECT_EQ(exit_code_for(ErrorCode::changed), ExitCode::refused);
  EXPECT_EQ(exit_code_for(ErrorCode::cancelled), ExitCode::interrupted);
  EXPECT_EQ(exit_code_for(ErrorCode::io), ExitCode::failed);
  EXPECT_EQ(exit_code_for(ErrorCode::incomplete), ExitCode::failed);
}

TEST(ExitCodeTest, SaysPartlyForARunThatLeftSomething) {
  Report report;
  report.applied = true;
  EXPECT_EQ(exit_code_for(report), ExitCode::done);
  report.tags_failed = 1;
  EXPECT_EQ(exit_code_for(report), ExitCode::partly);
  report.cancelled = true;
  EXPECT_EQ(exit_code_for(report), ExitCode::interrupted);
}

TEST(ExitCodeTest, SaysRefusedForADryRunThatItsChecksWouldStop) {
  Report report;
  report.refusals.push_back({"unmatched_entry", "a:b matches nothing", "--allow-missing"});
  EXPECT_EQ(exit_code_for(report), ExitCode::refused);
}

TEST(TallyTest, GivesTheFailureThatAllShare) {
  Tally tally;
  tally.add(ExitCode::not_found);
  tally.add(ExitCode::not_found);
  EXPECT_EQ(tally.result(), ExitCode::not_found);
}

TEST(TallyTest, SaysPartlyWhereSomeWereDone) {
  Tally tally;
  tally.add(ExitCode::done);
  tally.add(ExitCode::not_found);
  EXPECT_EQ(tally.result(), ExitCode::partly);
}

TEST(TallyTest, SaysPartlyWhereTheFailuresDiffer) {
  Tally tally;
  tally.add(ExitCode::not_found);
  tally.add(ExitCode::unreachable);
  EXPECT_EQ(tally.result(), ExitCode::partly);
}

TEST(TallyTest, LetsAnInterruptWinOverEverything) {
  Tally tally;
  tally.add(ExitCode::done);
  tally.add(ExitCode::unreachable);
  tally.add(ExitCode::interrupted);
  tally.add(ExitCode::not_found);
  EXPECT_EQ(tally.result(), ExitCode::interrupted);
}

TEST(TallyTest, IsDoneWhereNothingFailed) {
  Tally tally;
  tally.add(ExitCode::done);
  EXPECT_EQ(tally.result(), ExitCode::done);
}

}  // namespace
}  // namespace purser::cli
