#include "purser/error.h"

#include <gmock/gmock.h>

#include <set>

#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::purser::testing::IsOkAndHolds;
using ::testing::HasSubstr;
using ::testing::Not;

Error example() {
  return Error{.code = ErrorCode::not_found,
               .message = "the registry knows no such tag",
               .operation = "read the manifest of",
               .registry = "localhost:5000",
               .subject = "team/app:v1",
               .hint = "List the tags with `purser tags localhost:5000/team/app`"};
}

TEST(ErrorToString, SaysWhatWasTriedWhereWhatWasSeenAndWhatToDo) {
  EXPECT_EQ(to_string(example()),
            "cannot read the manifest of localhost:5000/team/app:v1: the registry knows no such "
            "tag. List the tags with `purser tags localhost:5000/team/app`");
}

TEST(ErrorToString, LeavesOutWhatIsNotThere) {
  Error error = example();
  error.hint.clear();
  error.registry.clear();
  EXPECT_EQ(to_string(error),
            "cannot read the manifest of team/app:v1: the registry knows no such tag");
  error.subject.clear();
  EXPECT_EQ(to_string(error), "cannot read the manifest of: the registry knows no such tag");
  error.operation.clear();
  EXPECT_EQ(to_string(error), "the registry knows no such tag");
  error.message.clear();
  EXPECT_EQ(to_string(error), "not_found");
}

TEST(ErrorToString, DoesNotDoubleTheFullStop) {
  Error error = example();
  error.message = "the server said: go away.";
  error.hint = "Wait";
  EXPECT_THAT(to_string(error), ::testing::EndsWith("go away. Wait"));
}

// C.1-10: what a server put into a message cannot drive the terminal.
TEST(ErrorToString, IsOneLineThatATerminalCanShow) {
  Error error = example();
  error.message = "\x1b[2Jgone\nfake: all is well";
  EXPECT_THAT(to_string(error), HasSubstr(": [2Jgone fake: all is well"));
}

TEST(ErrorCodeToString, NamesEachCodeOnce) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorCode::io); ++i) {
    names.insert(to_string(static_cast<ErrorCode>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::io) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(ResultMatchers, TellValuesFromErrors) {
  const Result<int> seven = 7;
  const Result<int> none = Unexpected(example());
  EXPECT_THAT(seven, IsOk());
  EXPECT_THAT(seven, IsOkAndHolds(7));
  EXPECT_THAT(seven, Not(IsOkAndHolds(8)));
  EXPECT_THAT(seven, Not(HasError(ErrorCode::not_found)));
  EXPECT_THAT(none, Not(IsOk()));
  EXPECT_THAT(none, Not(IsOkAndHolds(7)));
  EXPECT_THAT(none, HasError(ErrorCode::not_found, HasSubstr("no such tag")));
  EXPECT_THAT(none, Not(HasError(ErrorCode::not_found, HasSubstr("no such repository"))));
  EXPECT_THAT(none, Not(HasError(ErrorCode::io)));
  EXPECT_THAT(Status(), IsOk());
  EXPECT_THAT(Status(Unexpected(example())), HasError(ErrorCode::not_found));
}

TEST(ResultMatchers, PrintTheWholeError) {
  Error error = example();
  error.http = HttpFailure{.status = 404,
                           .method = "GET",
                           .url = "http://localhost:5000/v2/team/app/manifests/v1",
                           .codes = {"MANIFEST_UNKNOWN"}};
  EXPECT_EQ(::testing::PrintToString(Result<int>(Unexpected(error))),
            "error [not_found] " + to_string(error) +
                " (GET http://localhost:5000/v2/team/app/manifests/v1 -> 404 MANIFEST_UNKNOWN)");
  EXPECT_EQ(::testing::PrintToString(Result<int>(7)), "ok 7");
  EXPECT_EQ(::testing::PrintToString(Status()), "ok");
}

}  // namespace
}  // namespace purser
