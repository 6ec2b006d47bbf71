#include "system/folder_lock.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <stop_token>
#include <string>
#include <thread>

#include "testing/matchers.h"
#include "testing/temp_dir.h"

namespace purser::files {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::purser::testing::TempDir;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(FolderLock, IsHeldByOneAtATime) {
  const TempDir folder;
  {
    const auto first = FolderLock::take(folder.path(), milliseconds(0));
    ASSERT_THAT(first, IsOk());
    EXPECT_THAT(FolderLock::take(folder.path(), milliseconds(0)), HasError(ErrorCode::io));
  }
  EXPECT_THAT(FolderLock::take(folder.path(), milliseconds(0)), IsOk());
}

// anybody who can read the folder can hold it, and a login that fails must say who does.
TEST(FolderLock, NamesTheProcessThatHoldsIt) {
  const TempDir folder;
  const auto first = FolderLock::take(folder.path(), milliseconds(0));
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(FolderLock::take(folder.path(), milliseconds(0)),
              HasError(ErrorCode::io, AllOf(HasSubstr("process " + std::to_string(::getpid())),
                                            HasSubstr(folder.path().string()))));
}

// whoever waits no longer than another's login takes is told so at once.
TEST(FolderLock, IsNotWaitedForAfterAStopOrADeadline) {
  const TempDir folder;
  const auto first = FolderLock::take(folder.path(), milliseconds(0));
  ASSERT_THAT(first, IsOk());
  std::stop_source stop;
  const Patience until_stop({.stop = stop.get_token()});
  std::thread other([&] { stop.request_stop(); });
  EXPECT_THAT(FolderLock::take(folder.path(), std::chrono::hours(1), until_stop),
              HasError(ErrorCode::cancelled, HasSubstr(folder.path().string())));
  other.join();
  const Patience until_deadline({.deadline = milliseconds(1)});
  EXPECT_THAT(FolderLock::take(folder.path(), std::chrono::hours(1), until_deadline),
              HasError(ErrorCode::cancelled, HasSubstr("deadline")));
}

TEST(FolderLock, IsTakenWhereItIsFreeWhoeverIsInAHurry) {
  const TempDir folder;
  EXPECT_THAT(
      FolderLock::take(folder.path(), milliseconds(0), Patience({.deadline = milliseconds(0)})),
      IsOk());
}

TEST(FolderLock, NeedsAFolder) {
  const TempDir folder;
  EXPECT_THAT(FolderLock::take(folder / "none", milliseconds(0)), HasError(ErrorCode::io));
}

}  // namespace
}  // namespace purser::files
